"""``covidcam treinar``: uma rede treinada nas imagens de quem lê."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from covidcam import settings
from covidcam.cli.quiet import hush

PARTS = ("treino", "validação", "teste")


def treinar(
    pasta: Annotated[
        Path,
        typer.Argument(
            metavar="PASTA", help="Os acervos no leiaute dos autores, ou uma subpasta por classe."
        ),
    ],
    saida: Annotated[
        Path, typer.Option(metavar="ARQUIVO", help="O modelo, que termina em .keras.")
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
        int, typer.Option(metavar="N", min=1, help="Voltas pelas imagens de treino.")
    ] = 60,
    semente: Annotated[int, typer.Option(metavar="N", min=0, help="A mesma dá a mesma rede.")] = 0,
) -> None:
    """Treina uma rede, mede-a em pacientes que ela não viu e guarda o modelo.

    Ao lado do modelo fica um .csv que diz de que parte é cada imagem: treino, validação ou teste;
    covidcam avaliar o usa para só medir no que a rede não viu.

    Exemplos:

    covidcam treinar dados --saida meu.keras

    covidcam treinar filmes --rede vgg16 --epocas 80 --saida meu.keras
    """
    from covidcam import datasets, models

    if saida.suffix != ".keras":
        raise typer.BadParameter(f"{saida}; deve terminar em .keras", param_hint="--saida")
    if rede not in models.ARCHITECTURES:
        raise typer.BadParameter(
            f"{rede!r}; as redes são {', '.join(models.ARCHITECTURES)}", param_hint="--rede"
        )
    hush()
    catalog = datasets.load_catalog(pasta)
    classes = tuple(sorted(set(catalog["label"])))
    saida.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=saida.parent, prefix=".treino-") as folder:
        data = datasets.prepare(catalog, folder, classes)
        train, validation, test = datasets.three_parts(data.rows)
        recipe = models.ARCHITECTURES[rede].recipes["modelo-2"]
        fitted = models.fit(
            rede,
            classes,
            data.X,
            data.Y,
            (train, validation),
            {**recipe, "epochs": epocas, "seed": semente},
            models.source_of(data.rows["synthetic"]),
            weights=settings.read().weights,
        )
        right = int((fitted.predict(test).argmax(axis=1) == data.labels[test]).sum())
    rows = data.rows[["path", "label", "patient"]].copy()
    rows["part"] = ""
    for name, part in zip(PARTS, (train, validation, test), strict=True):
        rows.loc[part, "part"] = name
    # a tabela antes da rede: parar entre as duas não deixa uma rede nova com a divisão de outra
    saida.unlink(missing_ok=True)
    rows.to_csv(saida.with_suffix(".csv"), index=False)
    models.save(fitted.model, saida)
    Console().print(f"{saida}: {accuracy(right, len(test))}", markup=False, highlight=False)


def accuracy(right: int, total: int) -> str:
    """A acurácia em palavras, com o seu intervalo.

    Parameters
    ----------
    right, total : int

    Returns
    -------
    str

    Examples
    --------
    >>> accuracy(9, 10)
    'acertou 9 de 10 imagens de teste: 90 %, com intervalo de 95 % de 60 % a 98 %.'
    """
    from covidcam.evaluation import wilson
    from covidcam.figures.text import percent

    value, low, high = wilson(right, total)
    return (
        f"acertou {right} de {total} imagens de teste: {percent(value)}, com intervalo de 95 % de"
        f" {percent(low)} a {percent(high)}."
    )
