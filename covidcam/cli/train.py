"""``covidcam treinar``: uma rede treinada nas imagens de quem lê."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from covidcam import settings
from covidcam.cli.quiet import hush
from covidcam.cli.say import path, say, show, tell
from covidcam.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PARTS = ("treino", "validação", "teste")
LARGEST_SEED = 2**32 - 1  # o que o TensorFlow e o NumPy aceitam


def treinar(
    pasta: Annotated[
        Path,
        typer.Argument(
            metavar="PASTA",
            help="Os acervos no leiaute dos autores, ou uma subpasta por classe.",
            parser=path,
        ),
    ],
    saida: Annotated[
        Path,
        typer.Option(metavar="ARQUIVO", help="O modelo, que termina em .keras.", parser=path),
    ] = Path("modelo.keras"),
    rede: Annotated[
        str,
        typer.Option(
            metavar="REDE",
            help="mini-vgg, mini-resnet ou mini-xception, do zero; vgg16, resnet50v2 ou"
            " xception, com pesos da ImageNet.",
        ),
    ] = "mini-vgg",
    epocas: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Voltas pelas imagens de treino.")
    ] = 60,
    semente: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=LARGEST_SEED, help="A mesma dá a mesma rede."),
    ] = 0,
    paciente: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="De quem é cada imagem: um padrão com um grupo sobre o caminho, como '(P[0-9]+)_',"
            " ou uma coluna, como 'tabela.csv:coluna'. Sem isto, os nomes dos"
            " acervos conhecidos dizem.",
        ),
    ] = None,
    sobrescrever: Annotated[
        bool,
        typer.Option("--sobrescrever", help="Troca o modelo que já está em --saida, e a tabela."),
    ] = False,
) -> None:
    """Treina uma rede, mede-a em imagens que ela não viu e guarda o modelo.

    Quando se sabe de quem é cada imagem, as de uma pessoa ficam todas de um lado. Ao lado do modelo
    fica um .csv que diz de que parte é cada imagem: treino, validação ou teste; covidcam avaliar o
    usa para só medir no que a rede não viu, e covidcam explicar para avisar do que ela viu.

    Exemplos:

    covidcam treinar dados --saida meu.keras

    covidcam treinar filmes --paciente '(P[0-9]+)_' --saida meu.keras

    covidcam treinar filmes --rede vgg16 --epocas 80 --saida meu.keras
    """
    from covidcam import batch, datasets, models
    from covidcam.batch import record
    from covidcam.cli import measures

    if saida.suffix != ".keras":
        raise typer.BadParameter(f"{saida}; deve terminar em .keras", param_hint="--saida")
    if rede not in models.ARCHITECTURES:
        raise typer.BadParameter(
            f"{rede!r}; as redes são {', '.join(models.ARCHITECTURES)}", param_hint="--rede"
        )
    _check_free(saida, sobrescrever)
    hush()
    catalog = datasets.load_catalog(pasta, patient=paciente)
    known = catalog.attrs["patients"] is not None
    classes = tuple(sorted(set(catalog["label"])))
    _tell_what_there_is(pasta, catalog, known)
    saida.parent.mkdir(parents=True, exist_ok=True)
    rows = catalog.reset_index(drop=True)
    train, validation, test = datasets.three_parts(rows)
    part = _named_parts(rows, (train, validation, test))
    _tell_parts(rows, part, known)
    X = batch.in_unnamed_file(list(rows["path"]), datasets.SIDE, saida.parent)
    rows = rows.assign(
        part=part,
        content=[batch.content_of(each) for each in rows["path"]],
        look=[record.look_of(image) for image in X],
    )
    _warn_of_copies(rows)
    Y = datasets.one_hot(rows["label"], classes)
    recipe = models.ARCHITECTURES[rede].recipes["modelo-2"]
    fitted = models.fit(
        rede,
        classes,
        X,
        Y,
        (train, validation),
        {**recipe, "epochs": epocas, "seed": semente},
        models.source_of(rows["synthetic"]),
        weights=settings.read().weights,
    )
    # a tabela antes da rede: parar entre as duas não deixa uma rede nova com a divisão de outra
    saida.unlink(missing_ok=True)
    record.write(rows, record.beside(saida))
    models.save(fitted.model, saida)
    tell(f"Modelo em {saida}; a divisão das imagens em {record.beside(saida)}.")
    measures.report(
        classes,
        Y[test].argmax(axis=1),
        fitted.predict(test),
        rows["patient"].iloc[test] if known else None,
        fitted.model.covidcam.names_classes(rows["synthetic"].iloc[test]),
    )


def _check_free(saida: Path, overwrite: bool) -> None:
    """Nem um modelo nem uma tabela se perdem sem que alguém o peça; outra coisa, nunca."""
    from covidcam.batch import record

    table = record.beside(saida)
    if saida.is_symlink() or table.is_symlink():
        raise DataError(f"{saida} ou {table.name} é um atalho; escolha outra --saida.")
    if table.exists():
        try:
            record.read(table)
        except (DataError, OSError):
            raise DataError(
                f"{table} já existe e não é a tabela de um treino; escolha outra --saida."
            ) from None
    if (saida.exists() or table.exists()) and not overwrite:
        raise DataError(
            f"{saida if saida.exists() else table} já existe; escolha outra --saida, ou"
            " --sobrescrever para o trocar."
        )


def say_what_is_odd(catalog: "pd.DataFrame") -> None:
    """Diz o que ficou de fora de um catálogo e o que nele há de estranho.

    Parameters
    ----------
    catalog : DataFrame
        O que `covidcam.datasets.load_catalog` devolve.
    """
    for reason, count in catalog.attrs["left_out"].items():
        say(f"De fora, {count}: {reason}.")
    for note in catalog.attrs["notes"]:
        say(f"Atenção: {note}.")


def _tell_what_there_is(folder: Path, catalog: "pd.DataFrame", known: bool) -> None:
    from covidcam.figures.text import counted

    say_what_is_odd(catalog)
    people = f" de {catalog['patient'].nunique()} pacientes" if known else ""
    people += f" ({catalog.attrs['patients']})" if known else ""
    tell(f"Em {folder}: {counted(len(catalog), 'imagem', 'imagens')}{people}.")
    groups = catalog.groupby("label")["patient"]
    rows = [
        [label, len(patients), *([patients.nunique()] if known else [])]
        for label, patients in groups
    ]
    show("classes", ["classe", "imagens", *(["pacientes"] if known else [])], rows)
    if not known:
        tell(
            "Nem os nomes nem uma tabela dizem de quem é cada imagem. Imagens da mesma pessoa podem"
            " cair no treino e no teste, e a rede parecer melhor do que é; covidcam treinar --help"
            " diz como informar."
        )


def _named_parts(rows: "pd.DataFrame", parts: tuple) -> "np.ndarray":
    import numpy as np

    names = np.full(len(rows), "", dtype=object)
    for name, part in zip(PARTS, parts, strict=True):
        names[part] = name
    return names


def _tell_parts(rows: "pd.DataFrame", part: "np.ndarray", known: bool) -> None:
    counts = [
        [name, int((part == name).sum()), *([rows["patient"][part == name].nunique()] * known)]
        for name in PARTS
    ]
    show("divisão", ["parte", "imagens", *(["pacientes"] * known)], counts)
    if known:
        outside = set(rows["patient"][part == "treino"]) & set(rows["patient"][part == "teste"])
        tell(f"Pacientes no treino e no teste ao mesmo tempo: {len(outside)}.")


def _warn_of_copies(rows: "pd.DataFrame") -> None:
    from covidcam.batch import record

    test = rows["part"] == "teste"
    if count := record.close(rows["look"][test], rows["look"][~test]):
        say(
            f"Imagens de teste quase iguais a alguma do treino ou da validação: {count} de"
            f" {int(test.sum())}. O acerto nelas vale pouco."
        )
