"""O que os leitores têm em comum: as colunas, e achar um arquivo pelo nome de uma tabela."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from covidcam.datasets.images import looks_like_image

COLUMNS = [
    "path",
    "label",
    "patient",
    "patient_from",
    "sex",
    "age",
    "view",
    "modality",
    "source",
    "look",
    "licence",
    "synthetic",
    "lungs",
    "lesions",
    "lung_boxes",
    "finding",
    "width",
    "height",
    "mode",
    "left_out",
]
FRONTAL = ("PA", "AP", "AP Supine", "AP Erect")
# Restos que os sistemas deixam: não são classes, nem pacientes, nem imagens.
LEFTOVERS = {"__macosx", "@eadir", "$recycle.bin", "lost+found"}


def table(records: list[dict]) -> pd.DataFrame:
    """As linhas de um leitor, com todas as colunas.

    Parameters
    ----------
    records : list of dict
        O que uma linha não diz fica sem valor; textos, vazios.

    Returns
    -------
    DataFrame
    """
    rows = pd.DataFrame(records).reindex(columns=COLUMNS)
    texts = rows[["patient_from", "sex", "left_out"]].astype(object).fillna("")
    return rows.assign(age=rows["age"].astype(float), **texts.to_dict("series"))


def is_leftover(name: str) -> bool:
    """Se um nome é de algo escondido ou de um resto que um sistema deixou.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_leftover(name) for name in (".ipynb_checkpoints", "__MACOSX", "NORMAL")]
    [True, True, False]
    """
    return name.startswith(".") or name.casefold() in LEFTOVERS


def walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Os arquivos de uma pasta, a qualquer profundidade, em ordem, também atrás de atalhos.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    path : Path
        Um arquivo, ou uma pasta em que não se pôde entrar.
    problem : str
        Por que não se pôde; vazio para um arquivo.
    """
    problems = []
    seen = set()
    for here, inner, names in os.walk(folder, onerror=problems.append, followlinks=True):
        place = os.path.realpath(here)
        if place in seen:  # um atalho para cima não prende
            inner.clear()
            continue
        seen.add(place)
        inner[:] = sorted(name for name in inner if not is_leftover(name))
        yield from ((Path(here, name), "") for name in sorted(names) if not is_leftover(name))
    for error in problems:
        yield Path(error.filename or folder), "pasta sem permissão de leitura"


def index(folder: Path) -> dict[str, list[Path]]:
    """As imagens de uma pasta pelo nome, em minúsculas, com e sem a extensão.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict
        De cada nome aos arquivos que o têm.
    """
    found = defaultdict(list)
    for path, problem in walk(folder):
        if not problem:
            for name in {path.name.casefold(), path.stem.casefold()}:
                found[name].append(path)
    return found


def find(files: dict[str, list[Path]], name: str, absent: Path) -> tuple[Path, str]:
    """O arquivo a que uma tabela se refere.

    Parameters
    ----------
    files : dict
        De `index`.
    name : str
        Com ou sem a extensão, em maiúsculas ou minúsculas.
    absent : Path
        O caminho que se dá ao que não está lá.

    Returns
    -------
    path : Path
    problem : str
        Por que o nome não serve; vazio quando serve, ou quando o arquivo só falta.
    """
    if not name:
        return absent, "nome de arquivo vazio"
    found = files.get(name.casefold(), [])
    exact = [path for path in found if path.name == name] or found
    if len(exact) > 1:
        return absent, "nome que serve a mais de um arquivo"
    path = exact[0] if exact else absent
    return path, format_problem(path)


def format_problem(path: Path) -> str:
    """Por que um arquivo não é uma imagem; vazio quando parece ser, ou quando falta.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
    """
    if looks_like_image(path):
        return ""
    if not os.path.exists(path) and not re.fullmatch(r"\.[A-Za-z]\w{1,4}", path.suffix):
        return ""  # um nome sem extensão, de um arquivo que falta
    return f"formato que não é imagem ({path.suffix or path.name})"


def view_problem(view: str) -> str:
    """Por que uma incidência não serve; vazio quando é frontal.

    Parameters
    ----------
    view : str

    Returns
    -------
    str
    """
    return "" if view in FRONTAL else f"incidência não frontal ({view or 'não informada'})"
