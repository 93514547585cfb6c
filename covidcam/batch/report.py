"""O relatório: páginas que se abrem do disco e sem rede, as imagens com aviso primeiro."""

import base64
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np

from covidcam import figures
from covidcam.batch import png, safely
from covidcam.figures.text import counted, number, percent

PAGE = 100  # imagens; com as miniaturas, uns 5 MB
PAGES = re.compile(r"relatorio(-\d+)?\.html")
GREY = 110  # o cinza sob a escala de cores, o de um pulmão


def write(
    folder: Path,
    request: dict,
    disclaimer: str,
    rows: Sequence[dict],
    pictures: Callable[[int], dict[str, str]],
    missing: int = 0,
) -> None:
    """Escreve o relatório: ``relatorio.html`` e, se as imagens são muitas, outras páginas.

    Parameters
    ----------
    folder : Path
        A dos resultados.
    request : dict
        O que `covidcam.batch.request_for` devolve.
    disclaimer : str
    rows : sequence of dict
        As linhas das tabelas.
    pictures : callable
        Da posição de uma linha às miniaturas dela (``"filme"`` e uma por método), JPEG em base64.
    missing : int
        Quantas das imagens pedidas ainda não têm resultado.
    """
    order = sorted(range(len(rows)), key=lambda position: urgency(rows[position]))
    count = max(1, math.ceil(len(rows) / PAGE))
    names = ["relatorio.html", *(f"relatorio-{k}.html" for k in range(2, count + 1))]
    place = {position: f"imagem-{k + 1}" for k, position in enumerate(order)}
    index = [
        (rows[position], f"{names[k // PAGE] if k >= PAGE else ''}#{place[position]}")
        for k, position in enumerate(order)
    ]
    template = _template()
    for k, name in enumerate(names):
        part = order[k * PAGE : (k + 1) * PAGE]
        page = template.generate(
            request=request,
            disclaimer=disclaimer,
            count=counted(len(rows), "imagem", "imagens"),
            refused=sum(row["motivo"] is not None for row in rows),
            warned=sum(row["aviso"] is not None for row in rows),
            missing=missing,
            describe=describe,
            scale=_scale(),
            page=k + 1,
            pages=list(enumerate(names, start=1)),
            index=index if k == 0 and len(rows) > 1 else [],
            images=(
                (rows[p], pictures(p) if rows[p]["motivo"] is None else {}, place[p]) for p in part
            ),
        )
        with safely.replacing(folder / name) as file:
            for text in page:
                file.write(text.encode())
    for path in folder.glob("relatorio-*.html"):  # de quando as imagens eram mais
        if PAGES.fullmatch(path.name) and path.name not in names:
            path.unlink()


def urgency(row: dict) -> tuple:
    """A ordem do relatório: recusadas, com aviso (as mais estranhas antes) e as outras.

    Parameters
    ----------
    row : dict
        Uma linha das tabelas.

    Returns
    -------
    tuple

    Examples
    --------
    >>> calm = {"arquivo": "a", "motivo": None, "aviso": None, "estranheza": 0.5}
    >>> odd = {"arquivo": "b", "motivo": None, "aviso": "não se parece", "estranheza": 2.0}
    >>> [row["arquivo"] for row in sorted([calm, odd], key=urgency)]
    ['b', 'a']
    """
    if row["motivo"] is not None:
        return 0, 0.0, row["arquivo"]
    if row["aviso"] is not None:
        return 1, -row["estranheza"], row["arquivo"]
    return 2, 0.0, row["arquivo"]


def describe(row: dict, method: str) -> str:
    """O que um mapa diz, em palavras: o texto alternativo da sobreposição.

    Parameters
    ----------
    row : dict
        A linha da imagem nas tabelas.
    method : str

    Returns
    -------
    str

    Examples
    --------
    >>> describe({"plano_grad-cam": True}, "grad-cam")
    'O mapa não encontrou nada que fizesse subir a nota da classe: está todo em zero.'
    """
    if row[f"plano_{method}"]:
        return "O mapa não encontrou nada que fizesse subir a nota da classe: está todo em zero."
    energy, share = row[f"energia_nos_pulmoes_{method}"], row["parte_dos_pulmoes"]
    if energy is None or not share:
        return "Nenhum pulmão foi encontrado, e não há como dizer que parte do mapa está neles."
    return (
        f"{percent(energy)} do mapa está dentro dos pulmões, que cobrem {percent(share)} da imagem:"
        f" {number(energy / share, 1)} × o que um mapa ao acaso teria."
    )


def _template():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("covidcam.batch", "."),
        autoescape=True,  # o nome de um arquivo pode ser qualquer coisa, até HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "number": number, "address": quote}
    return environment.get_template("report.html.jinja")


def _scale() -> str:
    """As cores de um mapa de 0 a 1 sobre um cinza médio, em base64: as mesmas das sobreposições."""
    ramp = np.tile(np.linspace(0, 1, 256), (12, 1))
    return base64.b64encode(
        png.encode(figures.overlay(np.full(ramp.shape, GREY, np.uint8), ramp))
    ).decode()
