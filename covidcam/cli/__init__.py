"""O comando ``covidcam``."""

import os
import platform
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import TyperException

from covidcam import __version__, settings, store
from covidcam.cli import data, portuguese
from covidcam.cli.evaluate import avaliar
from covidcam.cli.explain import explicar
from covidcam.cli.export import exportar
from covidcam.cli.say import path, printable, show, tell
from covidcam.cli.train import treinar
from covidcam.errors import CovidcamError, reason

INTERRUPTED = 130
HELP = "Radiografias, redes e mapas de ativação de classe, na linha de comando."
app = portuguese.app(HELP)
for command in (explicar, treinar, avaliar, exportar):
    app.command(cls=portuguese.Command)(command)
app.add_typer(data.app, name="dados")


def _version(asked: bool) -> None:
    if asked:
        tell(f"covidcam {__version__}")
        raise typer.Exit


@app.callback(help=HELP)
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Mostra a versão e termina."
        ),
    ] = False,
) -> None:
    pass


@app.command(cls=portuguese.Command)
def ambiente() -> None:
    """Mostra versões e pastas, para um relato de problema."""
    chosen = settings.read()
    rows = [("Python", platform.python_version()), ("sistema", platform.platform())]
    rows += [*store.library_versions().items(), *chosen.environment().items()]
    show(f"covidcam {__version__}", ["o quê", "valor"], rows)


@app.command(cls=portuguese.Command)
def fantoma(
    pasta: Annotated[
        Path,
        typer.Argument(
            metavar="PASTA",
            help="A pasta onde escrever; se já existe, deve estar vazia.",
            parser=path,
        ),
    ],
    covid: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="Radiografias com COVID-19.")
    ] = 175,
    normal: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="Radiografias normais.")
    ] = 100,
    outras: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=100_000, help="Radiografias com outras infecções."),
    ] = 100,
    semente: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=2**31 - 1, help="A mesma semente dá as mesmas radiografias."
        ),
    ] = 2020,
    confusao: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0,
            max=1,
            help="De 0 (o modo de radiografar não diz a classe) a 1 (diz tudo).",
        ),
    ] = 0.0,
) -> None:
    """Escreve um acervo sintético nos leiautes públicos, com a verdade de cada imagem.

    Exemplo: covidcam fantoma dados --covid 20 --normal 10 --outras 10
    """
    from covidcam import phantom

    counts = {"COVID-19": covid, "NORMAL": normal, "OUTRAS": outras}
    folder = phantom.write_archive(pasta, counts, seed=semente, confounding=confusao)
    tell(f"Acervo completo em {folder}.")


def main() -> None:
    """Roda o comando: saída 0 se deu certo, 1 se o trabalho falhou, 2 se o uso está errado."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # o TensorFlow só fala do que é grave
    before = signal.signal(signal.SIGTERM, _stopped)
    try:
        code = app(prog_name="covidcam", standalone_mode=False) or 0
        if code == INTERRUPTED:  # o typer responde ao Ctrl-C com este número, e cala-se
            raise KeyboardInterrupt
        raise SystemExit(code)
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
        raise SystemExit(INTERRUPTED) from None
    except RecursionError:
        _complain("Um dos arquivos tem partes dentro de partes sem fim, e não foi lido.")
        raise SystemExit(1) from None
    except MemoryError:
        _complain("Faltou memória.")
        raise SystemExit(1) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(number, frame) -> None:
    """Um pedido do sistema para terminar é como um Ctrl-C: nada fica pela metade."""
    raise KeyboardInterrupt


def _complain(message: str) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[bold red]Erro:[/] {escape(printable(message))}")
