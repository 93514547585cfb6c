"""Dos argumentos do comando à lista das imagens, cada uma com um nome só seu."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from covidcam.batch.png import MARK
from covidcam.datasets import EXTENSIONS, looks_like_image
from covidcam.errors import InputError, one_line

OURS = ("partes", "mapas", "sobreposicoes")  # as pastas que uma execução faz
REQUEST = "pedido.json"  # a marca de uma pasta de resultados


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


@dataclass(frozen=True)
class Found:
    """O que há nos argumentos.

    Attributes
    ----------
    items : tuple of Item
        Em ordem, cada imagem uma vez.
    identity : str
        O resumo das pastas de onde elas vêm: com outras pastas, é outro pedido.
    left_out : dict of str to int
        Quanto ficou de fora das pastas, por motivo.
    """

    items: tuple[Item, ...]
    identity: str
    left_out: dict[str, int]


def collect(arguments: Sequence[str | os.PathLike], output: str | os.PathLike) -> Found:
    """As imagens de arquivos e pastas, em ordem, cada uma uma vez.

    De uma pasta entram, a qualquer profundidade, os arquivos com extensão de imagem e os que
    começam como uma imagem, qualquer que seja o nome. Ficam de fora, contados: o que não é imagem,
    os escondidos, os atalhos para pastas, as pastas sem permissão e os resultados de outras
    execuções. Um arquivo dado pelo nome entra sempre, mesmo que depois seja recusado.

    Parameters
    ----------
    arguments : sequence of path-like
    output : path-like
        A pasta dos resultados.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        Se não há imagem nenhuma, ou um dos argumentos está vazio.

    Examples
    --------
    >>> [item.name for item in collect(["/filmes/a.png", "/filmes/b/c.png"], "saida").items]
    ['a.png', 'b/c.png']
    """
    if any(not os.fspath(argument).strip() for argument in arguments):
        raise InputError("Um dos caminhos está vazio; diga o nome de uma imagem ou de uma pasta.")
    given = [os.path.abspath(argument) for argument in arguments]
    left_out = Counter()
    paths = {path for argument in given for path in _files(argument, output, left_out)}
    if not paths:
        listed = ", ".join(map(one_line, map(str, arguments)))
        found = f"; havia: {told(left_out)}" if left_out else ""
        raise InputError(
            f"Não há imagens em {listed}; procuram-se {', '.join(EXTENSIONS)} e o que começa como"
            f" uma imagem ou um DICOM{found}."
        )
    # as raízes vêm dos argumentos, e não do que há nas pastas: uma imagem nova não renomeia outras
    roots = _outermost(p if os.path.isdir(p) else os.path.dirname(p) for p in given)
    common = os.path.commonpath(roots)
    identity = "\n".join(map(os.path.realpath, roots))
    return Found(
        tuple(_item(path, os.path.relpath(path, common)) for path in sorted(paths)),
        hashlib.sha256(os.fsencode(identity)).hexdigest()[:16],
        dict(sorted(left_out.items())),
    )


def share(items: Sequence, part: int, of: int) -> list:
    """Uma de ``of`` partes de uma lista: de ``of`` em ``of``, a partir da de número ``part``.

    Parameters
    ----------
    items : sequence
    part : int
        De 0 a ``of`` - 1.
    of : int

    Returns
    -------
    list

    Raises
    ------
    InputError
        Se a parte não existe.

    Examples
    --------
    >>> share("abcde", 1, 3)
    ['b', 'e']
    """
    if not 0 <= part < of:
        raise InputError(f"De {of} partes não há a de número {part}; elas vão de 0 a {of} - 1.")
    return list(items[part::of])


def told(left_out: dict[str, int]) -> str:
    """O que ficou de fora, por extenso.

    Parameters
    ----------
    left_out : dict of str to int

    Returns
    -------
    str

    Examples
    --------
    >>> told({"não é imagem (.txt)": 2, "escondido": 1})
    'não é imagem (.txt): 2; escondido: 1'
    """
    return "; ".join(f"{reason}: {count}" for reason, count in left_out.items())


def is_result(path: str | os.PathLike) -> bool:
    """Se o arquivo é uma sobreposição feita por este programa, onde e com que nome esteja.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
    """
    return MARK in _start(path)


def _files(argument: str, output: str | os.PathLike, left_out: Counter) -> Iterator[str]:
    if not os.path.isdir(argument):
        yield argument
        return

    def refused(error: OSError) -> None:
        left_out["pasta que não pôde ser aberta"] += 1

    output = os.path.realpath(output)
    for folder, inner, names in os.walk(argument, onerror=refused):
        ours = OURS if REQUEST in names or os.path.realpath(folder) == output else ()
        kept = []
        for name in inner:
            path = os.path.join(folder, name)
            if name in ours or os.path.realpath(path) == output:
                continue
            if name.startswith(".") or name == "__MACOSX":
                left_out["escondido"] += 1
            elif os.path.islink(path):
                left_out["atalho para pasta"] += 1
            else:
                kept.append(name)
        inner[:] = kept
        for name in names:
            path = os.path.join(folder, name)
            if reason := _problem(path, name, bool(ours)):
                left_out[reason] += 1
            else:
                yield path


def _problem(path: str, name: str, among_results: bool) -> str:
    """Por que um arquivo de uma pasta não entra; vazio quando entra."""
    if name.startswith("."):
        return "escondido"
    if MARK in _start(path):
        return "resultado de outra execução"
    if looks_like_image(path):
        return ""
    if among_results:
        return "resultado de outra execução"
    extension = os.path.splitext(name)[1].lower()
    return f"não é imagem ({one_line(extension)[:12] or 'sem extensão'})"


def _start(path: str | os.PathLike) -> bytes:
    """O começo de um arquivo comum; nada de um cano, que não teria fim, nem do que não se abre."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(132)
    except OSError:
        return b""


def _outermost(folders) -> list[str]:
    """As pastas que não estão dentro de outra da lista."""
    kept = []
    for folder in sorted(set(folders), key=len):
        if not any(os.path.commonpath([folder, outer]) == outer for outer in kept):
            kept.append(folder)
    return sorted(kept)


def _item(path: str, relative: str) -> Item:
    stem = re.sub(r"\W+", "_", os.path.splitext(os.path.basename(relative))[0])[:40]
    digest = hashlib.sha256(os.fsencode(relative.replace(os.sep, "/"))).hexdigest()
    return Item(path, one_line(relative.replace(os.sep, "/")), f"{stem}-{digest[:12]}")
