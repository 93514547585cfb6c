"""``covidcam avaliar``: quanto uma rede acerta, e onde olham os seus mapas."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from covidcam.cli.quiet import hush
from covidcam.cli.say import path, say, show, tell
from covidcam.errors import DataError

BATCH = 64
KINDS = {"lesions": "lesões", "lungs": "pulmões", "lung_boxes": "pulmões (caixas)"}


def avaliar(
    modelo: Annotated[Path, typer.Argument(metavar="MODELO", help="Um .keras.", parser=path)],
    pasta: Annotated[
        Path,
        typer.Argument(
            metavar="PASTA", help="Os acervos, ou uma subpasta por classe.", parser=path
        ),
    ],
    metodo: Annotated[str, typer.Option(metavar="M", help="O método de mapa.")] = "grad-cam",
    saida: Annotated[
        Path | None,
        typer.Option(metavar="ARQUIVO", help="Um .csv, uma linha por imagem.", parser=path),
    ] = None,
    paciente: Annotated[
        str | None,
        typer.Option(metavar="P", help="De quem é cada imagem, como em covidcam treinar."),
    ] = None,
) -> None:
    """Mede a rede e os seus mapas nas imagens de uma pasta.

    Havendo ao lado do modelo o .csv de covidcam treinar, ficam de fora as imagens que foram ao
    treino ou à validação, com qualquer nome, e as outras das mesmas pessoas, quando se sabe quem
    são. Onde há máscaras de lesões ou de pulmões, diz que parte da energia do mapa está nelas, e o
    que o acaso daria.

    Exemplo: covidcam avaliar meu.keras dados --saida medidas.csv
    """
    from covidcam import batch, cam, datasets, models
    from covidcam.batch import record, tables
    from covidcam.cli import measures
    from covidcam.cli.train import say_what_is_odd

    if metodo not in cam.METHODS:
        raise typer.BadParameter(
            f"{metodo!r}; os métodos são {', '.join(cam.METHODS)}", param_hint="--metodo"
        )
    hush()
    if saida is not None:
        saida.parent.mkdir(parents=True, exist_ok=True)
    model = models.load(modelo)
    size = batch.size_of(model)
    classes = list(model.covidcam.classes)
    catalog = datasets.load_catalog(pasta, patient=paciente)
    known = catalog.attrs["patients"] is not None
    say_what_is_odd(catalog)
    rows, note = _unseen(_of_the_model(catalog, classes), modelo, known)
    measured, probabilities, looks = [], [], []
    for start in range(0, len(rows), BATCH):
        part = rows.iloc[start : start + BATCH]
        images = np.stack([batch.resampled(datasets.read_image(p), size) for p in part["path"]])
        maps = cam.explain(model, batch.scaled(images, model.covidcam.range), metodo)
        probabilities.append(maps.scores)
        looks += [record.look_of(image) for image in images]
        measured.append(_where(part, maps.values, size))
    table, scores = pd.concat(measured), np.concatenate(probabilities)
    _warn_of_copies(looks, modelo)
    truth = np.array([classes.index(label) for label in rows["label"]])
    may_name = model.covidcam.names_classes(rows["synthetic"])
    measures.report(classes, truth, scores, rows["patient"] if known else None, may_name, note)
    _show_where(table, metodo)
    if saida is not None:
        if may_name.any():
            said = pd.Series(np.array(classes, object)[scores.argmax(axis=1)], table.index)
            table.insert(2, "prevista", said.where(may_name))
        tables.write(table.dropna(axis="columns", how="all"), saida)


def _of_the_model(catalog: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """As imagens das classes do modelo, escritas com maiúsculas ou não; das outras, diz quantas."""
    from covidcam import datasets

    label = datasets.respell(catalog["label"], classes)
    known = label.isin(classes)
    for found, count in catalog["label"][~known].value_counts().items():
        say(f"Ficam de fora {count} imagens da classe {found}, que o modelo não conhece.")
    rows = catalog.assign(label=label)[known].reset_index(drop=True)
    if rows.empty:
        raise DataError(
            f"Não há imagens a medir das classes do modelo ({', '.join(classes)}); há de"
            f" {', '.join(sorted(set(catalog['label'])))}."
        )
    if absent := [label for label in classes if label not in set(rows["label"])]:
        say(f"Não há nenhuma imagem de {', '.join(absent)}.")
    return rows


def _unseen(rows: pd.DataFrame, model: Path, known: bool) -> tuple[pd.DataFrame, str]:
    """As imagens que a rede não viu, e o que se sabe disso."""
    from covidcam import batch
    from covidcam.batch import record

    path = record.beside(model)
    if not path.is_file():
        return rows, " Não sei se a rede já viu estas imagens: falta o .csv de covidcam treinar."
    trained = record.read(path)
    trained = trained[trained["part"] != "teste"]
    with ThreadPoolExecutor() as pool:
        content = pd.Series(list(pool.map(batch.content_of, rows["path"])), rows.index)
    same = content.isin(set(trained["content"]))
    others = rows["patient"].isin(set(trained["patient"])) & ~same & known
    if same.any():
        say(f"Ficam de fora {int(same.sum())} imagens que foram ao treino ou à validação da rede.")
    if others.any():
        say(f"Ficam de fora {int(others.sum())} imagens de pacientes que a rede viu.")
    left = rows[~same & ~others].reset_index(drop=True)
    if left.empty:
        raise DataError("A rede viu todas as imagens da pasta: não há em que a medir.")
    return left, ""


def _warn_of_copies(looks: list[str], model: Path) -> None:
    from covidcam.batch import record

    path = record.beside(model)
    if not path.is_file():
        return
    trained = record.read(path)
    if count := record.close(looks, trained["look"][trained["part"] != "teste"]):
        say(
            f"Imagens medidas quase iguais a alguma do treino ou da validação: {count}. O acerto"
            " nelas vale pouco."
        )


def _where(rows: pd.DataFrame, maps: np.ndarray, size: tuple[int, int]) -> pd.DataFrame:
    """A parte do mapa de cada imagem dentro de cada tipo de máscara que ela tem."""
    from covidcam import datasets, evaluation

    facts = {"arquivo": rows["path"], "classe": rows["label"]}
    for kind in KINDS:
        masks = datasets.read_masks(rows, kind, size[0])
        facts[f"energia_{kind}"] = evaluation.energy_inside(maps, masks)
        facts[f"vezes_o_acaso_{kind}"] = evaluation.energy_ratio(maps, masks)
    return pd.DataFrame(facts)


def _show_where(table: pd.DataFrame, method: str) -> None:
    from covidcam.figures.text import listing, number

    found = {kind: table[f"energia_{kind}"].notna() for kind in KINDS}
    rows = [
        [
            KINDS[kind],
            int(has.sum()),
            number(table[f"energia_{kind}"].mean()),
            number(table[f"vezes_o_acaso_{kind}"].mean()),
        ]
        for kind, has in found.items()
        if has.any()
    ]
    if rows:
        columns = ["onde", "imagens", "energia", "em múltiplos do acaso"]
        show(f"mapa {method}", columns, rows)
    if absent := [KINDS[kind] for kind, has in found.items() if not has.any()]:
        tell(
            f"Nenhuma imagem traz máscaras ou caixas de {listing(absent)} com que comparar o mapa"
            f" {method}, e a tabela não tem essas colunas."
        )
