"""A abertura do livro: uma radiografia em que o leitor olha antes de ver o mapa da rede."""

import html
from importlib.resources import files
from string import Template

import cv2
import numpy as np
from IPython.display import HTML

from covidcam.errors import InputError
from covidcam.figures.explorer import TILE, address, outline, stops

HOW = "Em cores, o mapa: quanto mais clara a cor, mais o ponto teria pesado."
ASKED = "Isso prova que a rede viu a doença?"


def opening(
    image: np.ndarray, heatmap: np.ndarray, lesion: np.ndarray, said: str, start: str
) -> HTML:
    """Monta a abertura, para ser a última linha de uma célula.

    Parameters
    ----------
    image : ndarray, uint8 (H, H)
    heatmap : ndarray, float (H, H), de 0 a 1
        O mapa da classe que a rede disse.
    lesion : ndarray, bool (H, H)
        Vazia quando não se sabe onde está, ou não há.
    said : str
        O que a rede diz da radiografia: “COVID-19, 98 %”, por exemplo.
    start : str
        O endereço da primeira página.

    Returns
    -------
    IPython.display.HTML
        Sem JavaScript, o mapa e a lesão estão à vista; com ele, esperam que o leitor olhe.

    Raises
    ------
    InputError
        Se as formas diferem ou não são quadradas.
    """
    side = image.shape[0]
    if {image.shape, heatmap.shape, lesion.shape} != {(side, side)}:
        raise InputError(
            f"A radiografia, o mapa e a lesão têm as formas {image.shape}, {heatmap.shape} e"
            f" {lesion.shape}; aceita-se uma só, quadrada."
        )
    told = HOW
    if lesion.any():
        inside = lesion[np.unravel_index(heatmap.argmax(), heatmap.shape)]
        told += (
            " Em ciano, o contorno da lesão; o ponto mais quente do mapa cai"
            f" {'dentro' if inside else 'fora'} dela."
        )
    heat = cv2.resize(
        np.rint(255 * heatmap).astype(np.uint8), (TILE, TILE), interpolation=cv2.INTER_AREA
    )
    red, green, blue = stops()
    page = Template(files("covidcam.figures").joinpath("opening.html").read_text("utf-8"))
    return HTML(
        page.substitute(
            size=side,
            said=html.escape(said),
            start=html.escape(start),
            told=f"{told} {ASKED}",
            image=address(image),
            heat=address(heat),
            lesion=outline(lesion),
            red=red,
            green=green,
            blue=blue,
        )
    )
