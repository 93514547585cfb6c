"""O que o comando diz: numa linha, sem nada que o terminal obedeça."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from covidcam.errors import one_line


def say(text: str) -> None:
    """Diz na saída de erros, onde vai o que não é resultado.

    Parameters
    ----------
    text : str
    """
    _print(text, stderr=True)


def tell(text: str) -> None:
    """Diz na saída comum um resultado.

    Parameters
    ----------
    text : str
    """
    _print(text, stderr=False)


def show(title: str, columns: list[str], rows: list[list]) -> None:
    """Mostra uma tabela na saída comum.

    Parameters
    ----------
    title : str
    columns : list of str
    rows : list of list
    """
    table = Table(*(escape(one_line(name)) for name in columns), title=escape(title))
    for row in rows:
        table.add_row(*(escape(one_line(str(cell))) for cell in row))
    Console().print(table)


def printable(text: str) -> str:
    r"""Um texto sem caracteres de controle, fora as quebras de linha que são dele.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(printable("vermelho: " + chr(27) + "[31m"))
    vermelho: \x1b[31m
    """
    return "\n".join(map(one_line, text.split("\n")))


@contextmanager
def announced(text: str, after: float = 2.0) -> Iterator[None]:
    """Diz uma frase se o que se faz aqui dentro demora.

    Parameters
    ----------
    text : str
    after : float
        Quanto se espera antes de a dizer, em segundos.
    """
    timer = threading.Timer(after, say, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def path(text: str | Path) -> Path:
    """Um caminho dado na linha de comando; vazio, seria a pasta atual sem ninguém o dizer.

    Parameters
    ----------
    text : str or Path

    Returns
    -------
    Path

    Raises
    ------
    typer.BadParameter
        Se está vazio.
    """
    text = os.fspath(text)  # o valor padrão também passa por aqui, e já é um caminho
    if not text.strip():
        raise typer.BadParameter("está vazio; diga um caminho (. é a pasta atual)")
    return Path(text)


def _print(text, stderr):
    console = Console(stderr=stderr, soft_wrap=True, highlight=False)
    console.print(printable(text), markup=False)
