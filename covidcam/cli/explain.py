"""``covidcam explicar``: os mapas das imagens de quem lê."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from covidcam import settings
from covidcam.cli.quiet import hush
from covidcam.errors import InputError

if TYPE_CHECKING:
    import keras


def explicar(
    imagens: Annotated[
        list[Path],
        typer.Argument(help="PNG, JPEG, TIFF, BMP ou DICOM, ou pastas.", metavar="IMAGEM|PASTA"),
    ],
    modelo: Annotated[
        Path | None,
        typer.Option(
            metavar="ARQUIVO", help="Um .keras de covidcam treinar; sem ele, uma demonstração."
        ),
    ] = None,
    metodo: Annotated[
        str, typer.Option(metavar="M[,M…]", help="Um ou mais métodos de mapa.")
    ] = "grad-cam",
    classe: Annotated[
        str | None,
        typer.Option(metavar="C", help="A classe a explicar; sem ela, a prevista."),
    ] = None,
    saida: Annotated[Path, typer.Option(metavar="PASTA", help="Onde escrever.")] = Path(
        "explicacoes"
    ),
    fatia: Annotated[
        str, typer.Option(metavar="i/n", help="Só a i-ésima de n partes, para dividir entre n.")
    ] = "1/1",
) -> None:
    """Mostra para onde a rede olhou em cada imagem, e quanto disso está nos pulmões.

    Escreve em --saida, por imagem, o mapa sobre ela (PNG), o mapa bruto (.npy) e uma linha em
    resultados.csv e resultados.json; e relatorio.html, com tudo. Rodar de novo só faz o que falta.

    Nunca é um diagnóstico. Sem --modelo, a rede só viu radiografias sintéticas, e não se diz classe
    nem probabilidade.

    Exemplos:

    covidcam explicar torax.dcm

    covidcam explicar filmes --modelo meu.keras --metodo grad-cam,layer-cam --saida mapas

    covidcam explicar filmes --fatia 1/4 --saida mapas
    """
    from covidcam import batch
    from covidcam.figures.text import counted

    methods = _methods(metodo)
    items = batch.collect(imagens, saida)
    mine = _checked("--fatia", batch.share, items, fatia)
    hush()
    model, file = _model(modelo)
    classes = model.covidcam.classes
    if classe is not None and classe not in classes:
        raise typer.BadParameter(
            f"{classe!r}; as classes do modelo são {', '.join(classes)}", param_hint="--classe"
        )
    request = batch.request_for(model, methods, classe, batch.content_of(file))
    output = batch.Output(saida, request)
    for item, refusal in batch.run(mine, output, tools_for(model), classe):
        _say(f"{item.name}: {batch.one_line(refusal)}")
    table = output.finish()
    refused = int(table["motivo"].notna().sum())
    explained = counted(len(table) - refused, "imagem explicada", "imagens explicadas")
    _say(f"{explained}, {counted(refused, 'recusada')}: {saida / 'relatorio.html'}")
    _say(batch.DISCLAIMER)
    if refused:
        raise typer.Exit(1)


def _methods(text: str) -> list[str]:
    from covidcam import cam
    from covidcam.cam.checks import check_methods

    names = [name.strip() for name in text.split(",") if name.strip()]
    return list(_checked("--metodo", check_methods, names, cam.METHODS))


def _checked(option, check, *arguments):
    """Um valor recusado é um erro de uso (saída 2), e não do trabalho."""
    try:
        return check(*arguments)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _model(path: Path | None) -> tuple["keras.Model", Path]:
    if path is not None:
        from covidcam import models

        return models.load(path), path
    from covidcam import artefacts

    chosen = settings.read().with_phantoms()
    _say(
        "Sem --modelo: uso a rede de demonstração, que só viu radiografias sintéticas. Mostro o"
        " mapa e os pulmões, sem classe nem probabilidade, que dela não valeriam nada. Na primeira"
        f" vez ela é treinada, o que leva alguns minutos, e fica guardada em {chosen.cache}."
    )
    trained = artefacts.model_2(chosen)
    return trained.model, trained.file


def tools_for(model: "keras.Model"):
    """O que olha as imagens: o modelo, o achador de pulmões e os filmes conhecidos."""
    import numpy as np

    from covidcam import artefacts, batch
    from covidcam.lungs.finder import finder
    from covidcam.lungs.network import prepare
    from covidcam.lungs.search import locate

    chosen = settings.read()
    network = finder(chosen)  # uma vez: procurá-la no depósito a cada lote custa 30 ms

    def find_lungs(images):
        logits = network(np.stack([prepare(image) for image in images]))
        return [locate(one, image.shape[:2]) for one, image in zip(logits, images, strict=True)]

    return batch.Tools(model, find_lungs, artefacts.usual_films(chosen).strangeness)


def _say(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
