"""O comando ``covidcam``."""

import os
import platform
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.exceptions import TyperException

from covidcam import __version__, settings, store
from covidcam.cli import data, portuguese
from covidcam.cli.evaluate import avaliar
from covidcam.cli.explain import explicar
from covidcam.cli.train import treinar
from covidcam.errors import CovidcamError, reason

app = portuguese.app("Radiografias, redes e mapas de ativação de classe, na linha de comando.")
for command in (explicar, treinar, avaliar):
    app.command(cls=portuguese.Command)(command)
app.add_typer(data.app, name="dados")


@app.command(cls=portuguese.Command)
def ambiente() -> None:
    """Mostra versões e pastas, para um relato de problema."""
    chosen = settings.read()
    table = Table("o quê", "valor", title=f"covidcam {__version__}")
    table.add_row("Python", platform.python_version())
    table.add_row("sistema", platform.platform())
    for name, version in store.library_versions().items():
        table.add_row(name, version)
    for name, value in chosen.environment().items():
        table.add_row(name, escape(value))
    Console().print(table)


@app.command(cls=portuguese.Command)
def fantoma(
    pasta: Annotated[
        Path,
        typer.Argument(
            metavar="PASTA", help="A pasta onde escrever; se já existe, deve estar vazia."
        ),
    ],
    covid: Annotated[int, typer.Option(metavar="N", help="Radiografias com COVID-19.")] = 175,
    normal: Annotated[int, typer.Option(metavar="N", help="Radiografias normais.")] = 100,
    outras: Annotated[
        int, typer.Option(metavar="N", help="Radiografias com outras infecções.")
    ] = 100,
    semente: Annotated[
        int, typer.Option(metavar="N", help="A mesma semente dá as mesmas radiografias.")
    ] = 2020,
    confusao: Annotated[
        float,
        typer.Option(
            metavar="X", help="De 0 (o modo de radiografar não diz a classe) a 1 (diz tudo)."
        ),
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
    """Roda o comando: saída 0 se deu certo, 1 se o trabalho falhou, 2 se o uso está errado."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # o TensorFlow só fala do que é grave
    try:
        raise SystemExit(app(prog_name="covidcam", standalone_mode=False) or 0)
    except TyperException as error:
        if message := portuguese.usage_error(error.format_message()):  # vazia: a ajuda já saiu
            _complain(message)
        raise SystemExit(2) from None
    except CovidcamError as error:
        _complain(str(error))
        raise SystemExit(1) from None
    except OSError as error:
        name = error.filename or "um arquivo"
        _complain(f"Não foi possível ler ou escrever {name}: {reason(error)}.")
        raise SystemExit(1) from None
    except (KeyboardInterrupt, typer.Abort):
        _complain("Interrompido.")
        raise SystemExit(130) from None


def _complain(message: str) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[bold red]Erro:[/] {escape(message)}")
