"""``covidcam explicar``: os mapas das imagens de quem lê."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from covidcam.cli.quiet import hush
from covidcam.cli.say import announced, path, say
from covidcam.errors import InputError

if TYPE_CHECKING:
    from covidcam import batch


def explicar(
    imagens: Annotated[
        list[Path],
        typer.Argument(
            help="PNG, JPEG, TIFF, BMP ou DICOM, ou pastas.", metavar="IMAGEM|PASTA", parser=path
        ),
    ],
    modelo: Annotated[
        Path | None,
        typer.Option(
            metavar="ARQUIVO",
            help="Um .keras de covidcam treinar; sem ele, uma demonstração.",
            parser=path,
        ),
    ] = None,
    metodo: Annotated[
        str, typer.Option(metavar="M[,M…]", help="Um ou mais métodos de mapa.")
    ] = "grad-cam",
    classe: Annotated[
        str | None,
        typer.Option(metavar="C", help="A classe a explicar; sem ela, a prevista."),
    ] = None,
    saida: Annotated[
        Path, typer.Option(metavar="PASTA", help="Onde escrever.", parser=path)
    ] = Path("explicacoes"),
    fatia: Annotated[
        str, typer.Option(metavar="i/n", help="Só a i-ésima de n partes, para dividir entre n.")
    ] = "1/1",
    agendador: Annotated[
        str | None,
        typer.Option(
            metavar="ENDEREÇO|local",
            help="Divide o trabalho entre os trabalhadores de um agendador Dask.",
        ),
    ] = None,
) -> None:
    """Mostra para onde a rede olhou em cada imagem, e quanto disso está nos pulmões.

    Escreve em --saida, por imagem, o mapa sobre ela (PNG), o mapa bruto (.npy) e uma linha em
    resultados.csv e resultados.json; e relatorio.html, com tudo. Rodar de novo só faz o que falta;
    outro pedido, ou imagens de outra pasta, quer outra --saida.

    O .csv se abre com dois cliques no Excel em português (ponto e vírgula e vírgula decimal); para
    um programa, o .json.

    Nunca é um diagnóstico. Sem --modelo, a rede só viu radiografias sintéticas, e não se diz classe
    nem probabilidade.

    Exemplos:

    covidcam explicar torax.dcm

    covidcam explicar filmes --modelo meu.keras --metodo grad-cam,layer-cam --saida mapas

    covidcam explicar filmes --fatia 1/4 --saida mapas

    covidcam explicar filmes --agendador tcp://servidor:8786 --saida mapas
    """
    from covidcam import batch
    from covidcam.figures.text import counted

    given = [str(one) for one in imagens]
    job = batch.Job(given, str(saida), modelo and str(modelo), _methods(metodo), classe)
    part, of = _part(fatia)
    if agendador is not None and of > 1:
        raise typer.BadParameter(
            "não se usa com --fatia: as duas dividem o mesmo trabalho", param_hint="--agendador"
        )
    if job.found.left_out:
        say(f"Das pastas ficou de fora: {batch.told(job.found.left_out)}.")
    hush()
    if modelo is None:
        say(
            "Sem --modelo: uso a rede de demonstração, que só viu radiografias sintéticas. Mostro o"
            " mapa e os pulmões, sem classe nem probabilidade, que dela não valeriam nada. Na"
            " primeira vez ela é treinada, o que leva alguns minutos, e fica guardada em"
            f" {job.settings.cache}."
        )
    if classe is not None and classe not in job.notes.classes:
        raise typer.BadParameter(
            f"{classe!r}; as classes do modelo são {', '.join(job.notes.classes)}",
            param_hint="--classe",
        )
    with announced(
        "Preparo quem acha os pulmões (um ou dois minutos) e as radiografias com que cada imagem é"
        " comparada (dois a três minutos); é só na primeira vez, e ficam guardados em"
        f" {job.settings.cache}."
    ):
        job.prepare()
    refusals = job.run(part, of) if agendador is None else _divided(job, agendador)
    for name, refusal in refusals:
        say(f"{name}: {refusal}")
    table = job.finish()
    refused = int(table["motivo"].notna().sum())
    explained = counted(len(table) - refused, "imagem explicada", "imagens explicadas")
    missing = len(job.found.items) - len(table)
    rest = f", {missing} por fazer (outras fatias)" if missing else ""
    say(f"{explained}, {counted(refused, 'recusada')}{rest}: {saida / 'relatorio.html'}")
    say(batch.DISCLAIMER)
    if refused:
        raise typer.Exit(1)


def _divided(job: "batch.Job", address: str) -> Iterator[tuple[str, str]]:
    """As recusas, conforme chegam dos trabalhadores de um agendador."""
    from covidcam.batch import cluster

    with cluster.connected(address) as client:
        if not client.ncores():
            say(f"O agendador {address} ainda não tem trabalhadores; espero por eles.")
        yield from cluster.run(job, client)


def _methods(text: str) -> list[str]:
    from covidcam import cam
    from covidcam.cam.checks import check_methods

    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return list(check_methods(names, cam.METHODS))
    except InputError as error:  # um erro de uso (saída 2), e não do trabalho
        raise typer.BadParameter(str(error), param_hint="--metodo") from None


def _part(text: str) -> tuple[int, int]:
    """De ``i/n`` ao número da parte, a partir de zero, e em quantas se divide."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(
            f"a fatia {text!r} não existe; escreva i/n, com i de 1 a n", param_hint="--fatia"
        )
    return int(match[1]) - 1, int(match[2])
