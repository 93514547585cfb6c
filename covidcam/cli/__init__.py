"""O comando ``covidcam``."""

import platform
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from covidcam import __version__, settings, store
from covidcam.cli import data
from covidcam.errors import CovidcamError

app = typer.Typer(
    help="Radiografias, redes e mapas de ativação de classe, na linha de comando.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="dados")


@app.command()
def ambiente() -> None:
    """Mostra versões e pastas, para um relato de problema."""
    chosen = settings.read()
    table = Table("o quê", "valor", title=f"covidcam {__version__}")
    table.add_row("Python", platform.python_version())
    table.add_row("sistema", platform.platform())
    for name, version in store.library_versions().items():
        table.add_row(name, version)
    for name, value in chosen.environment().items():
        table.add_row(name, value)
    Console().print(table)


@app.command()
def fantoma(
    pasta: Annotated[Path, typer.Argument(help="Onde escrever; não pode existir com arquivos.")],
    covid: Annotated[int, typer.Option(help="Radiografias com COVID-19.")] = 175,
    normal: Annotated[int, typer.Option(help="Radiografias normais.")] = 100,
    outras: Annotated[int, typer.Option(help="Radiografias com outras infecções.")] = 100,
    semente: Annotated[int, typer.Option(help="A mesma semente dá as mesmas radiografias.")] = 2020,
    confusao: Annotated[
        float, typer.Option(help="De 0 (o aspecto não diz a classe) a 1 (diz tudo).")
    ] = 0.0,
) -> None:
    """Escreve um acervo sintético nos leiautes públicos, com a verdade de cada imagem.

    Exemplo: covidcam fantoma dados --covid 20 --normal 10 --outras 10
    """
    from covidcam import phantom

    counts = {"COVID-19": covid, "NORMAL": normal, "OUTRAS": outras}
    folder = phantom.write_archive(pasta, counts, seed=semente, confounding=confusao)
    Console().print(f"Acervo completo em {folder}.")


def main() -> None:
    """Roda o comando; um erro esperado vira uma linha em português e a saída 1."""
    try:
        app()
    except CovidcamError as error:
        Console(stderr=True).print(f"[bold red]Erro:[/] {error}", highlight=False)
        raise SystemExit(1) from None
