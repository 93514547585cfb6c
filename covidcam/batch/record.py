"""O registro de um treino: que imagens ele usou, pelo conteúdo, e em que parte."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from covidcam.batch import tables
from covidcam.datasets import identity
from covidcam.errors import DataError

COLUMNS = dict.fromkeys(("path", "label", "patient", "part", "content", "look"), str)


def beside(model: str | os.PathLike) -> Path:
    """Onde fica o registro de um modelo: ao lado dele, com o mesmo nome.

    Parameters
    ----------
    model : path-like
        O ``.keras``.

    Returns
    -------
    Path
    """
    return Path(model).with_suffix(".csv")


def write(rows: pd.DataFrame, path: Path) -> None:
    """Escreve o registro.

    Parameters
    ----------
    rows : DataFrame
        Com as colunas de `COLUMNS`.
    path : Path
    """
    tables.write(rows[list(COLUMNS)], path)


def read(path: Path) -> pd.DataFrame:
    """Lê o registro.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame
        As colunas de `COLUMNS`.

    Raises
    ------
    DataError
        Se o arquivo não é um registro de treino.
    """
    return tables.read(path, COLUMNS)


def seen(model: str | os.PathLike) -> dict[str, str]:
    """As imagens que um modelo conhece.

    Parameters
    ----------
    model : path-like

    Returns
    -------
    dict of str to str
        O resumo do conteúdo -> treino, validação ou teste; vazio quando não há registro.
    """
    path = beside(model)
    if not path.is_file():
        return {}
    try:
        known = read(path)
    except DataError:  # um arquivo qualquer, que calha ter o nome do modelo
        return {}
    return dict(zip(known["content"], known["part"], strict=True))


def look_of(image: np.ndarray) -> str:
    """O aspecto de uma imagem, como vai no registro: o de `covidcam.datasets.identity.look`.

    Parameters
    ----------
    image : ndarray, uint8 (H, W, 3)

    Returns
    -------
    str
        Em hexadecimal; vazio quando a imagem quase não tem contraste.
    """
    return identity.look(Image.fromarray(image)).hex()


def close(looks: Sequence[str], others: Sequence[str]) -> int:
    """Quantas imagens quase não diferem de alguma das outras.

    Parameters
    ----------
    looks, others : sequence of str
        O que `look_of` devolve; o que não é isso não se parece com nada.

    Returns
    -------
    int

    Examples
    --------
    >>> close(["0f" * 32, ""], ["0f" * 31 + "0e", "f0" * 32])
    1
    """
    count = len(looks)
    pairs = identity.alike([_bytes(look) for look in [*looks, *others]])
    return len({first for first, second in pairs if first < count <= second})


def _bytes(look: str) -> bytes:
    try:
        found = bytes.fromhex(look)
    except ValueError:
        return b""
    return found if len(found) == identity.GRID**2 // 8 else b""
