"""O depósito dos artefatos caros: o que já foi feito não se faz de novo.

Um artefato é uma pasta, função pura de *parâmetros* e do *código* que a faz; os dois, mais as
versões das bibliotecas que decidem números, formam a chave. A pasta só aparece com o seu nome
quando está completa, e um cadeado por artefato impede que duas construções façam o mesmo trabalho
ou se atrapalhem.
"""

import hashlib
import importlib.metadata
import inspect
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from covidcam import progress

if TYPE_CHECKING:
    import numpy as np

PACKAGE = Path(__file__).parent
LIBRARIES = (
    "keras",
    "numpy",
    "opencv-python-headless",
    "pandas",
    "pillow",
    "scikit-learn",
    "scipy",
    "tensorflow",
    "tensorflow-cpu",
)
KEEP_DAYS = 30


def keep(
    cache: Path,
    name: str,
    parameters: Mapping,
    code: Iterable[str],
    make: Callable[[Path], None],
) -> Path:
    """Devolve a pasta de um artefato e só a faz se ela ainda não existe.

    Parameters
    ----------
    cache : Path
        A raiz do depósito.
    name : str
        O que o artefato é (``"fantoma"``, ``"arrays"`` …); vira uma subpasta.
    parameters : mapping
        Tudo o que muda o resultado, em valores que o JSON escreve. Um artefato feito de outro
        leva aqui o nome da pasta do outro, que já é a chave dele.
    code : iterable of str
        Módulos ou pacotes, relativos a ``covidcam``, cujo código faz o artefato
        (``"phantom"``, ``"datasets"`` …): tudo o que `make` alcança fora dela mesma, o que um
        teste confere.
    make : callable
        Recebe uma pasta vazia e escreve nela; se falhar, nada fica. O seu texto entra na chave.

    Returns
    -------
    Path
        A pasta completa.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> def make(folder):
    ...     print("fazendo")
    ...     _ = (folder / "a.txt").write_text("pronto")
    >>> folder = keep(root, "teste", {"seed": 1}, ["errors"], make)
    fazendo
    >>> folder == keep(root, "teste", {"seed": 1}, ["errors"], make)
    True
    """
    shelf = cache / "artefatos" / name
    folder = shelf / _key(parameters, code, make)
    shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)  # o resto de uma execução interrompida
            partial.mkdir()
            try:
                with progress.making(_said(name, parameters)):
                    make(partial)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            os.replace(partial, folder)
        os.utime(folder)
    _sweep(shelf, keep=folder)
    return folder


def fingerprint(paths: Iterable[Path]) -> str:
    """Resume em 16 dígitos hexadecimais o conteúdo de arquivos e pastas de código.

    Parameters
    ----------
    paths : iterable of Path
        Arquivos, ou pastas das quais contam os ``.py``.

    Returns
    -------
    str
    """
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            total.update(file.relative_to(path.parent).as_posix().encode())
            total.update(file.read_bytes())
    return total.hexdigest()[:16]


def listing(folder: Path) -> str:
    """Resume os arquivos de uma pasta por nome, tamanho e data, sem ler o conteúdo.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        Muda quando um arquivo entra, sai ou é trocado.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    states = [(path, path.stat()) for path in files]
    return digest("\n".join(f"{path} {s.st_size} {s.st_mtime_ns}" for path, s in states))


def digest(text: str) -> str:
    """Resume um texto em 16 dígitos hexadecimais.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> digest("pulmão")
    'e41ca9bedf609c02'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def content(*arrays: "np.ndarray") -> str:
    """Resume em 16 dígitos hexadecimais o conteúdo de matrizes, com a forma e o tipo de cada uma.

    Parameters
    ----------
    *arrays : ndarray

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> content(np.zeros(4)) == content(np.zeros((2, 2)))
    False
    """
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(array if array.flags.c_contiguous else array.tobytes())
    return total.hexdigest()[:16]


def _said(name: str, parameters: Mapping) -> str:
    """O nome de um artefato, com o da rede que ele é."""
    return f"{name} ({parameters['name']})" if "name" in parameters else name


def _key(parameters: Mapping, code: Iterable[str], make: Callable) -> str:
    text = json.dumps(parameters, sort_keys=True, ensure_ascii=False)
    sources = fingerprint(_source(module) for module in sorted(code))
    versions = json.dumps(library_versions(), sort_keys=True)
    return digest("\n".join((text, sources, _text(make), versions)))


def _text(function: Callable) -> str:
    try:
        return inspect.getsource(function)
    except OSError:  # escrita num interpretador, sem arquivo que a guarde
        return function.__code__.co_code.hex()


def library_versions() -> dict[str, str]:
    """As versões instaladas das bibliotecas que decidem números.

    Returns
    -------
    dict of str to str
    """
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue  # só um dos dois pacotes do TensorFlow está instalado
    return versions


def _source(module: str) -> Path:
    folder = PACKAGE / module
    return folder if folder.is_dir() else folder.with_suffix(".py")


def _sweep(shelf: Path, keep: Path) -> None:
    """Apaga o que ninguém usou nos últimos ``KEEP_DAYS`` dias."""
    oldest = time.time() - KEEP_DAYS * 24 * 3600
    for folder in shelf.iterdir():
        if folder == keep or not folder.is_dir():
            continue
        # o que outra construção está fazendo, usando ou já apagou fica para a próxima vez
        with (
            suppress(Timeout, FileNotFoundError),
            FileLock(folder.with_suffix(".lock"), timeout=0),
        ):
            if folder.stat().st_mtime < oldest:
                # perde o nome antes do conteúdo: interrompida aqui, não parece completa
                shutil.rmtree(folder.replace(folder.with_suffix(".partial")), ignore_errors=True)
