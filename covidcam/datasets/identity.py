"""O que uma imagem é, qualquer que seja o seu nome: medidas, conteúdo e aparência."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from covidcam.datasets.images import check

GRID = 16  # a aparência são GRID × GRID comparações
ALIKE = 10  # de GRID², quantas podem diferir entre cópias; filmes de duas pessoas, 12 ou mais
PLAIN = 0.1  # com menos comparações do que esta parte de um lado, nada se distingue
ROWS = 1000  # imagens comparadas com todas de cada vez


class Measured(NamedTuple):
    """Uma imagem medida.

    Attributes
    ----------
    width, height : int
        Em pixels; 0 quando a imagem não pôde ser lida.
    mode : str
        O modo do Pillow (``"L"``, ``"RGB"`` …), ou ``"DICOM"``; vazio quando ela não pôde ser lida.
    content : str
        O resumo (SHA-256) dos bytes do arquivo: o mesmo só para cópias exatas.
    look : bytes
        Resumo perceptual de GRID² bits: quase o mesmo para cópias reduzidas ou recomprimidas.
    problem : str
        Por que a imagem não pôde ser lida; vazio quando pôde.
    """

    width: int
    height: int
    mode: str
    content: str
    look: bytes
    problem: str


def measure(path: str | os.PathLike) -> Measured:
    """Mede uma imagem, depois de verificar que ela se lê até o fim.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Measured
    """
    try:
        image, width, height, mode = check(path)
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return Measured(width, height, mode, content, look(image), "")
    except PermissionError:
        problem = "sem permissão de leitura"
    except Exception:  # os decodificadores levantam de tudo para arquivos estragados
        problem = "arquivo ilegível" if os.path.exists(path) else "arquivo ausente"
    return Measured(0, 0, "", "", b"", problem)


def look(image: Image.Image) -> bytes:
    """O resumo perceptual de uma imagem: em cada ponto de uma grade, se à direita é mais claro.

    Parameters
    ----------
    image : PIL.Image.Image

    Returns
    -------
    bytes
        GRID² bits; vazio para uma imagem sem contraste, que se parece com qualquer outra.

    References
    ----------
    Krawetz, 2013. “Kind of like that” (dHash).

    Examples
    --------
    >>> ramp = Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1)))
    >>> look(ramp), len(look(ramp.rotate(45)))
    (b'', 32)
    """
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float32)
        low, high = np.percentile(values, (1, 99))
        image = Image.fromarray(((values - low) * (255 / max(high - low, 1e-6))).clip(0, 255))
    small = image.convert("L").resize((GRID + 1, GRID), Image.Resampling.BOX)
    bits = np.diff(np.asarray(small, int)) > 0
    return np.packbits(bits).tobytes() if PLAIN < bits.mean() < 1 - PLAIN else b""


def alike(looks: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Os pares de imagens quase iguais.

    Parameters
    ----------
    looks : sequence of bytes
        De `look`.

    Yields
    ------
    first, second : int
        Posições, com ``first < second``.

    Examples
    --------
    >>> list(alike([b"a" * 32, b"", b"z" * 32, b"a" * 31 + b"c"]))
    [(0, 3)]
    """
    known = np.array([i for i, one in enumerate(looks) if one], int)
    words = np.array([np.frombuffer(looks[i], np.uint64) for i in known])
    for start in range(0, len(known), ROWS):
        part = words[start : start + ROWS, None]
        differing = sum(
            np.bitwise_count(part[..., word] ^ words[None, :, word])
            for word in range(part.shape[2])
        )
        for i, j in np.argwhere(differing <= ALIKE):
            if start + i < j:
                yield int(known[start + i]), int(known[j])
