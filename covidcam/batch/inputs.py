"""Dos argumentos do comando à lista das imagens, cada uma com um nome só seu."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from covidcam.datasets.catalog import EXTENSIONS
from covidcam.datasets.dicom import is_dicom
from covidcam.errors import InputError

SEARCHED = (*EXTENSIONS, ".gif", ".webp", ".dcm", ".dicom")


@dataclass(frozen=True)
class Item:
    """Uma imagem a explicar.

    Attributes
    ----------
    path : str
        Onde ela está.
    name : str
        O caminho dela a partir da pasta comum aos argumentos, numa linha só; é como os resultados
        a chamam.
    key : str
        O começo do nome dos arquivos que ela gera: diferente para imagens diferentes, e o mesmo
        em qualquer máquina.
    """

    path: str
    name: str
    key: str


def collect(arguments: Sequence[str | os.PathLike], output: str | os.PathLike) -> list[Item]:
    """As imagens de arquivos e pastas, em ordem, cada uma uma vez.

    De uma pasta entram, a qualquer profundidade, os arquivos com extensão de imagem e os DICOM sem
    extensão; os escondidos, os atalhos para pastas e o que está em ``output`` ficam de fora. Um
    arquivo dado pelo nome entra sempre, mesmo que depois seja recusado.

    Parameters
    ----------
    arguments : sequence of path-like
    output : path-like
        A pasta dos resultados.

    Returns
    -------
    list of Item

    Raises
    ------
    InputError
        Se não há imagem nenhuma.

    Examples
    --------
    >>> [item.name for item in collect(["/filmes/a.png", "/filmes/b/c.png"], "saida")]
    ['a.png', 'b/c.png']
    """
    # as sobreposições também quando os resultados vão para a própria pasta das imagens
    skipped = {os.path.realpath(path) for path in (output, os.path.join(output, "sobreposicoes"))}
    given = [os.path.abspath(argument) for argument in arguments]
    paths = {path for argument in given for path in _files(argument, skipped)}
    if not paths:
        listed = ", ".join(map(one_line, map(str, arguments)))
        raise InputError(
            f"Não há imagens em {listed}; procuram-se {', '.join(SEARCHED)} e DICOM sem extensão."
        )
    # a raiz vem dos argumentos, e não do que há nas pastas: uma imagem nova não renomeia as outras
    root = os.path.commonpath([p if os.path.isdir(p) else os.path.dirname(p) for p in given])
    return [_item(path, os.path.relpath(path, root)) for path in sorted(paths)]


def share(items: Sequence[Item], text: str) -> list[Item]:
    """A parte ``i/n`` de uma lista: de n em n, a partir da i-ésima.

    Parameters
    ----------
    items : sequence of Item
    text : str
        ``"1/2"``, por exemplo.

    Returns
    -------
    list of Item

    Raises
    ------
    InputError
        Se o texto não é i/n com i de 1 a n.

    Examples
    --------
    >>> share("abcde", "2/3")
    ['b', 'e']
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"A fatia {one_line(text)!r} não existe; escreva i/n, com i de 1 a n.")
    return list(items[int(match[1]) - 1 :: int(match[2])])


def one_line(text: str) -> str:
    r"""Escreve um texto numa linha só, com o que não se imprime em código.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(one_line("tórax" + chr(10) + "2.png"))
    tórax\n2.png
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _files(argument: str, skipped: set[str]) -> Iterator[str]:
    if not os.path.isdir(argument):
        yield argument
        return
    for folder, inner, names in os.walk(argument):
        inner[:] = [
            name
            for name in inner
            if not name.startswith(".")
            and os.path.realpath(os.path.join(folder, name)) not in skipped
        ]
        for name in names:
            path = os.path.join(folder, name)
            if not name.startswith(".") and _looks_like_image(path, name):
                yield path


def _looks_like_image(path: str, name: str) -> bool:
    extension = os.path.splitext(name)[1].lower()
    if extension:
        return extension in SEARCHED
    try:
        return os.path.isfile(path) and is_dicom(path)
    except OSError:
        return False


def _item(path: str, relative: str) -> Item:
    stem = re.sub(r"\W+", "_", os.path.splitext(os.path.basename(relative))[0])[:40]
    digest = hashlib.sha256(os.fsencode(relative.replace(os.sep, "/"))).hexdigest()
    return Item(path, one_line(relative.replace(os.sep, "/")), f"{stem}-{digest[:12]}")
