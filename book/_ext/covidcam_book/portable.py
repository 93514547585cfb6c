"""O texto de uma página como qualquer caderno o mostra: sem nada que só o livro saiba ler."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

INCLUDE = re.compile(r"```\{include\} (\S+)\n```")
GLUE = re.compile(r"\{glue:text\}`([^`]+)`")
CITATION = re.compile(r"\{cite:([pt])\}`([^`]+)`")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s:#]+)\.md\)")
BOX = re.compile(r"^:::\{(\w+)\}([^\n]*)\n(.*?)^:::$", re.MULTILINE | re.DOTALL)
STATION = re.compile(r"^```\{estacao\} \w+\n```$", re.MULTILINE)
BIBLIOGRAPHY = "```{bibliografia}\n```"
DEFINITION = re.compile(r"^(?![-:>#\s])(.+)\n: (.+(?:\n  .+)*)", re.MULTILINE)
LIVE = "*(Aqui, na página do livro, há uma parte que responde ao toque.)*"
TITLES = {"warning": "Aviso", "note": "Nota", "important": "Importante"}


@dataclass(frozen=True)
class Around:
    """O que uma célula cita e está fora dela.

    Attributes
    ----------
    folder : Path
        De onde a página inclui trechos.
    values : mapping of str to str
        O que as células deram à prosa.
    works : mapping of str to (str, str)
        Os autores e o ano de cada obra.
    pages : mapping of str to (str, str)
        O título e o endereço de cada página, pelo nome do arquivo.
    references : str
        A lista das obras que a página cita.
    """

    folder: Path
    values: Mapping[str, str]
    works: Mapping[str, tuple[str, str]]
    pages: Mapping[str, tuple[str, str]]
    references: str


def portable(text, around):
    """O texto de uma célula, com os valores, as citações, as ligações e as caixas por extenso.

    Parameters
    ----------
    text : str
        Em MyST.
    around : Around

    Returns
    -------
    str
        Em markdown simples; um valor que nenhuma célula deu é um traço.
    """
    text = INCLUDE.sub(lambda match: (around.folder / match[1]).read_text("utf-8").strip(), text)
    text = GLUE.sub(lambda match: around.values.get(match[1], "—"), text)
    text = CITATION.sub(lambda match: _cite(match, around.works), text)
    text = LINK.sub(lambda match: _link(match, around.pages), text)
    text = STATION.sub(LIVE, text)
    text = BOX.sub(_box, text)
    text = text.replace(BIBLIOGRAPHY, around.references)
    return DEFINITION.sub(_definition, text)


def _cite(match, works):
    found = [works[key.strip()] for key in match[2].split(",")]
    if match[1] == "t":
        return "; ".join(f"{authors} ({year})" for authors, year in found)
    return f"({'; '.join(f'{authors}, {year}' for authors, year in found)})"


def _link(match, pages):
    name = PurePosixPath(match[2]).name
    title, address = pages.get(name, (name, ""))  # uma página que não está nesta construção
    said = match[1] or title
    return f"[{said}]({address})" if address else f"*{said}*"


def _box(match):
    kind, title, content = match[1], match[2].strip(), match[3].strip()
    title = title or TITLES.get(kind, kind)
    if kind == "dropdown":
        return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
    quoted = "\n".join(f"> {line}".rstrip() for line in content.splitlines())
    return f"> **{title}**\n>\n{quoted}"


def _definition(match):
    term = match[1] if match[1].startswith(("**", "`")) else f"**{match[1]}**"
    return f"- {term}: {' '.join(match[2].split())}"
