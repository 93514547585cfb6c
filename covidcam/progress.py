"""O andamento do que demora: barras num terminal, ou recados a quem constrói o livro.

Os núcleos que executam as páginas não têm terminal. Quem os lançou põe em ``COVIDCAM_ANDAMENTO`` o
nome de um arquivo, e o que aqui se diz vai para ele, um JSON por linha.
"""

import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tqdm import tqdm

CHANNEL = "COVIDCAM_ANDAMENTO"


def bar(*arguments, **options) -> tqdm:
    """Uma barra do tqdm; calada onde não há nem terminal nem quem a ouça.

    Parameters
    ----------
    *arguments, **options
        Os do tqdm: o que se percorre, ``desc``, ``total``, ``unit``, ``leave``.

    Returns
    -------
    tqdm

    Examples
    --------
    >>> list(bar(range(3), desc="contando"))
    [0, 1, 2]
    """
    if os.environ.get(CHANNEL):
        return _Told(*arguments, **options)
    return tqdm(*arguments, **{"disable": None, **options})


@contextmanager
def making(name: str) -> Iterator[None]:
    """Diz que um artefato começou a ser feito e, se deu certo, em quantos segundos.

    Parameters
    ----------
    name : str
    """
    start = time.monotonic()
    say(making=name)
    yield
    say(made=name, seconds=round(time.monotonic() - start, 1))


def say(**event) -> None:
    """Escreve um recado, se alguém o espera.

    Parameters
    ----------
    **event
        O que o JSON escreve.
    """
    if channel := os.environ.get(CHANNEL):
        # o andamento nunca derruba o trabalho; uma linha curta é escrita de uma vez só
        with suppress(OSError), open(channel, "a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")


class _Told(tqdm):
    """Uma barra que se conta em vez de se desenhar, no máximo uma vez por segundo."""

    def __init__(self, *arguments, **options):
        quiet = {"disable": False, "file": io.StringIO(), "mininterval": 1}
        super().__init__(*arguments, **{**options, **quiet})

    def display(self, msg=None, pos=None) -> None:
        """No lugar do desenho, um recado."""
        say(doing=self.desc.removesuffix(": "), unit=self.unit, done=self.n, total=self.total)
