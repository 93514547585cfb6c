"""Escrever e ler arquivos numa pasta em que outros também podem ter posto coisas."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from covidcam.errors import InputError

PARTIAL = ".partial"
BINARY = getattr(os, "O_BINARY", 0)  # só no Windows
LARGEST_JSON = 16_000_000  # bytes; as partes que escrevemos têm algumas dezenas de milhares


def write(path: Path, content: bytes) -> None:
    """Escreve um arquivo que só aparece quando está completo.

    Parameters
    ----------
    path : Path
    content : bytes

    Raises
    ------
    InputError
        Como `replacing`.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Abre um arquivo que toma o lugar de ``path`` quando se fecha sem erro.

    O nome provisório é sorteado e o arquivo, criado na hora: um atalho posto no caminho não é
    seguido. Se em ``path`` há um atalho, ele é trocado, e o que ele aponta fica como está.

    Parameters
    ----------
    path : Path

    Yields
    ------
    file object
        Binário.

    Raises
    ------
    InputError
        Se a pasta é um atalho posto dentro dos resultados.
    """
    refuse_link(path.parent)
    partial = path.with_name(f".{path.name[:60]}.{secrets.token_hex(6)}{PARTIAL}")
    try:
        # O_EXCL recusa o que já existe, até um atalho
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o666)
        with open(descriptor, "wb") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def refuse_link(folder: Path) -> None:
    """Recusa uma pasta de resultados que é um atalho para outro lugar.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
    """
    if folder.is_symlink():
        raise InputError(
            f"{folder} é um atalho para outra pasta, e escrever nele mudaria o que está lá;"
            " escolha outra saída ou tire o atalho."
        )


def read_json(path: Path) -> object:
    """O conteúdo de um JSON que pode não ser nosso.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        None quando ele não existe, é um atalho, é grande demais ou não é JSON.
    """
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_JSON:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
