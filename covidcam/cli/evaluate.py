"""``covidcam avaliar``: quanto uma rede acerta, e onde olham os seus mapas."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from covidcam.cli.quiet import hush
from covidcam.errors import DataError

BATCH = 64


def avaliar(
    modelo: Annotated[Path, typer.Argument(metavar="MODELO", help="Um .keras.")],
    pasta: Annotated[
        Path, typer.Argument(metavar="PASTA", help="Os acervos, ou uma subpasta por classe.")
    ],
    metodo: Annotated[str, typer.Option(metavar="M", help="O método de mapa.")] = "grad-cam",
    saida: Annotated[
        Path | None, typer.Option(metavar="ARQUIVO", help="Um .csv, uma linha por imagem.")
    ] = None,
) -> None:
    """Mede a rede e os seus mapas nas imagens de uma pasta.

    Havendo ao lado do modelo o .csv de covidcam treinar, só entram os pacientes que não foram nem
    ao treino nem à validação. Onde há máscaras de lesões ou de pulmões, diz que parte da energia do
    mapa está nelas, e o que o acaso daria.

    Exemplo: covidcam avaliar meu.keras dados --saida medidas.csv
    """
    from covidcam import cam, datasets, evaluation, models
    from covidcam.cli.train import accuracy
    from covidcam.figures.text import number

    if metodo not in cam.METHODS:
        raise typer.BadParameter(
            f"{metodo!r}; os métodos são {', '.join(cam.METHODS)}", param_hint="--metodo"
        )
    hush()
    if saida is not None:
        saida.parent.mkdir(parents=True, exist_ok=True)
    model = models.load(modelo)
    classes = list(model.covidcam.classes)
    side = model.input_shape[1]
    rows, unseen = _unseen(datasets.load_catalog(pasta), modelo.with_suffix(".csv"))
    rows = rows[rows["label"].isin(classes)].reset_index(drop=True)
    if rows.empty:
        raise DataError(f"Em {pasta} não há imagens a medir das classes do modelo ({classes}).")
    parts = []
    for start in range(0, len(rows), BATCH):
        part = rows.iloc[start : start + BATCH]
        images = np.stack([datasets.read_image(path, side) for path in part["path"]])
        maps = cam.explain(model, images, metodo)
        facts = {"arquivo": part["path"], "classe": part["label"]}
        facts["prevista"] = np.array(classes)[maps.scores.argmax(axis=1)]
        facts["dita"] = model.covidcam.names_classes(part["synthetic"])
        for kind in ("lesions", "lungs", "lung_boxes"):
            masks = datasets.read_masks(part, kind, side)
            facts[f"energia_{kind}"] = evaluation.energy_inside(maps.values, masks)
            facts[f"vezes_o_acaso_{kind}"] = evaluation.energy_ratio(maps.values, masks)
        parts.append(pd.DataFrame(facts))
    measured = pd.concat(parts)
    right = int((measured["classe"] == measured["prevista"]).sum())
    console = Console()
    seen = "" if unseen else " (não sei se a rede já as viu: falta o .csv de covidcam treinar)"
    console.print(f"A rede {accuracy(right, len(measured))}{seen}", highlight=False, markup=False)
    table = Table("onde", "imagens", "energia", "em múltiplos do acaso", title=f"mapa {metodo}")
    for kind, title in {"lesions": "lesões", "lungs": "pulmões", "lung_boxes": "caixas"}.items():
        energy, ratio = measured[f"energia_{kind}"], measured[f"vezes_o_acaso_{kind}"]
        if energy.notna().any():
            count = str(int(energy.notna().sum()))
            table.add_row(title, count, number(energy.mean()), number(ratio.mean()))
    if table.row_count:
        console.print(table)
    if saida is not None:
        said = measured["prevista"].where(measured["dita"])
        told = measured.drop(columns=["prevista", "dita"])
        if measured["dita"].any():
            told.insert(2, "prevista", said)
        _write(told, saida)


def _unseen(catalog: pd.DataFrame, parts: Path) -> tuple[pd.DataFrame, bool]:
    """As imagens dos pacientes que a rede não viu, e se é possível sabê-lo."""
    if not parts.is_file():
        return catalog, False
    try:
        known = pd.read_csv(parts, dtype=str)
        seen = known.loc[known["part"] != "teste", "patient"]
    except (KeyError, ValueError) as error:
        raise DataError(f"A tabela {parts} não é a que covidcam treinar escreve.") from error
    return catalog[~catalog["patient"].isin(set(seen))], True


def _write(table: pd.DataFrame, path: Path) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        table.to_csv(partial, index=False)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
