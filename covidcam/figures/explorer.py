"""O explorador: uma figura em que se escolhem radiografia, método, classe, opacidade e limiar.

Tudo vai dentro da própria página (imagens, notas e um script sem dependências), e por isso funciona
aberta do disco e no caderno. Os mapas vão em cinza e o navegador os colore: não é preciso ler
pixels, o que um arquivo do disco não permite.
"""

import base64
import io
import json
from dataclasses import dataclass
from importlib.resources import files
from string import Template

import cv2
import matplotlib as mpl
import numpy as np
from IPython.display import HTML
from PIL import Image

from covidcam.figures.films import COLORMAP

TILE = 118


@dataclass(frozen=True)
class Exploration:
    """O que o explorador mostra.

    Attributes
    ----------
    films : ndarray, uint8 (N, H, H)
    lesions : ndarray, bool (N, H, H)
    truth : ndarray of int (N,)
        A classe de cada radiografia.
    classes : tuple of str
    methods : tuple of str
    probabilities : ndarray, float (N, classes)
    maps : ndarray, uint8 (N, methods, classes, h, h)
        De 0 a 255; em qualquer escala.
    hits : ndarray, float (N, methods, classes)
        Se o ponto mais quente cai na lesão; NaN onde não há lesão.
    ratios : ndarray, float (N, methods, classes)
        A energia dentro da lesão, em múltiplos do acaso; NaN onde não há lesão.
    """

    films: np.ndarray
    lesions: np.ndarray
    truth: np.ndarray
    classes: tuple[str, ...]
    methods: tuple[str, ...]
    probabilities: np.ndarray
    maps: np.ndarray
    hits: np.ndarray
    ratios: np.ndarray


def explorer(data: Exploration) -> HTML:
    """Monta o explorador, para ser a última linha de uma célula.

    Parameters
    ----------
    data : Exploration

    Returns
    -------
    IPython.display.HTML
        Escondido até que o script rode: sem JavaScript, fica a figura parada da página.
    """
    red, green, blue = stops()
    described = {
        "size": data.films.shape[1],
        "tiles": TILE,
        "classes": data.classes,
        "methods": data.methods,
        "films": [_film(data, index) for index in range(len(data.films))],
    }
    # “</” fecharia o bloco de dados antes da hora
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    page = Template(files("covidcam.figures").joinpath("explorer.html").read_text("utf-8"))
    return HTML(page.substitute(red=red, green=green, blue=blue, data=text))


def stops() -> list[str]:
    """As cores do mapa, como o atributo ``tableValues`` de um filtro de SVG.

    Returns
    -------
    list of str
        Vermelho, verde e azul, de 0 a 1, em 33 passos iguais.
    """
    colours = mpl.colormaps[COLORMAP](np.linspace(0, 1, 33))[:, :3].round(3)
    return [" ".join(f"{value:g}" for value in channel) for channel in colours.T]


def _film(data, index):
    tiles = [
        [cv2.resize(one, (TILE, TILE), interpolation=cv2.INTER_AREA) for one in row]
        for row in data.maps[index]
    ]
    return {
        "image": address(data.films[index]),
        "maps": address(np.block(tiles)),
        "outline": outline(data.lesions[index]),
        "truth": data.classes[data.truth[index]],
        "probabilities": data.probabilities[index].round(6).tolist(),
        "scores": [
            [
                {
                    "hit": bool(hit > 0.5),
                    "ratio": None if np.isnan(ratio) else round(float(ratio), 2),
                    "flat": not tile.any(),
                }
                for hit, ratio, tile in zip(*row, strict=True)
            ]
            for row in zip(data.hits[index], data.ratios[index], data.maps[index], strict=True)
        ],
    }


def outline(mask: np.ndarray) -> str:
    """O contorno de uma máscara, como o atributo ``d`` de um ``path`` de SVG.

    Parameters
    ----------
    mask : ndarray, bool (H, W)

    Returns
    -------
    str
        Um polígono fechado por região, em pixels da imagem; vazio se a máscara é vazia.

    Examples
    --------
    >>> square = np.zeros((6, 6), bool)
    >>> square[1:4, 2:5] = True
    >>> outline(square)
    'M2 1L2 3L4 3L4 1Z'
    """
    lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return "".join("M" + "L".join(f"{x} {y}" for x, y in line[:, 0]) + "Z" for line in lines)


def address(grey: np.ndarray) -> str:
    """Uma imagem de cinzas como um endereço que a traz dentro de si.

    Parameters
    ----------
    grey : ndarray, uint8 (H, W)

    Returns
    -------
    str
    """
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "WEBP", quality=88, method=6)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
