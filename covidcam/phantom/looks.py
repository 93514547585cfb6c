"""Os dois modos de radiografar das coleções públicas: a criança do hospital, o adulto publicado."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

LOOKS = ("infantil", "adulto")
"""`infantil`: 1 a 5 anos, AP, imagem nítida, letra R, fundo preto, sem fios (Kermany et al.).
`adulto`: digitalização gasta de publicação, texto, fios e eletrodos, borda (Cohen et al.)."""


@dataclass(frozen=True)
class Acquisition:
    """Como um filme foi feito: tudo o que não é do paciente."""

    look: str
    view: str
    sid: float
    photons: float
    blur: float  # desvio do desfoque, em pixels do filme
    scatter: float  # razão espalhado/primário
    inspiration: float
    rotation: float
    tilt: float
    zoom: float
    offset: tuple
    equalise: float  # quanto do contraste de larga escala o processamento tira
    sharpen: float  # realce de estruturas de poucos milímetros
    edges: float  # realce de bordas, de um pixel
    window: tuple  # percentis de preto e branco
    gamma: float
    floor: float  # cinza do pulmão mais escuro
    top: float  # quanto da escala o tecido mais denso ocupa
    wires: int
    tube: bool
    texts: tuple
    border: str
    jpeg: int  # qualidade da recompressão; 0 = nenhuma


def draw_acquisition(rng, look):
    """Sorteia como radiografar, dado o `look`."""
    n = np.clip(rng.standard_normal(16), -2, 2).tolist()
    u = rng.uniform(size=24).tolist()
    return _child(n, u) if look == "infantil" else _adult(n, u)


def _child(n, u):
    return Acquisition(
        look="infantil",
        view="AP",
        sid=115 + 10 * u[0],
        photons=4e4 * math.exp(0.4 * n[0]),
        blur=0.3 + 0.15 * u[1],
        scatter=0.25 + 0.25 * u[2],
        inspiration=0.98 + 0.05 * n[1],
        rotation=0.03 * n[2],
        tilt=0.03 * n[3],
        zoom=1.06 + 0.08 * u[3],
        offset=(0.02 * n[4], 0.02 * n[5]),
        equalise=0.25 + 0.2 * u[4],
        sharpen=0.5 + 0.4 * u[5],
        edges=0.5 + 0.8 * u[12],
        window=(4 + 6 * u[6], 99.0 + 0.8 * u[7]),
        gamma=0.84 + 0.12 * n[6],
        floor=0.16 + 0.06 * n[7],
        top=0.62 + 0.16 * u[11],
        wires=0,
        tube=u[8] < 0.03,
        texts=("R",),
        border="none" if u[9] < 0.85 else "collimated",
        jpeg=0 if u[10] < 0.7 else 85,
    )


def _adult(n, u):
    view = "PA" if u[0] < 0.5 else "AP" if u[0] < 0.66 else "AP Supine"
    supine = view == "AP Supine"
    words = ("AP ERECT", "PORTABLE", "MOBILE", "SUPINE", "SENTADO", "LEITO")
    texts = ("L", "R", "L", "")[int(4 * u[11])], words[int(6 * u[13])] if u[12] < 0.35 else ""
    return Acquisition(
        look="adulto",
        view=view,
        sid=180 if view == "PA" else 100 + 30 * u[1],
        photons=4e4 * math.exp(0.7 * n[0]),
        blur=0.3 + 0.4 * u[2],
        scatter=0.3 + 0.5 * u[3],
        inspiration=(0.93 if supine else 1.0) + 0.05 * n[1],
        rotation=0.04 * n[2],
        tilt=0.025 * n[3],
        zoom=0.98 + 0.12 * u[4],
        offset=(0.025 * n[4], 0.03 * n[5]),
        equalise=0.35 + 0.45 * u[5],
        sharpen=0.2 + 0.9 * u[6],
        edges=0.5 + 1.2 * u[21],
        window=(1 + 4 * u[7], 96 + 3.9 * u[8]),
        gamma=0.88 + 0.13 * n[6],
        floor=0.22 + 0.05 * n[7],
        top=0.46 + 0.24 * u[20],
        wires=int(1 + 3 * u[15]) if view != "PA" and u[14] < 0.6 else 0,
        tube=supine and u[16] < 0.4,
        texts=tuple(text for text in texts if text),
        border=("none", "none", "none", "black", "white", "collimated")[int(6 * u[17])],
        jpeg=int(55 + 35 * u[18]) if u[19] < 0.6 else 0,
    )


# O que se desenha sobre o filme pronto -----------------------------------------------------------


def named(text):
    """O nome do que se escreve num filme: "letra", se é uma só, ou "texto"."""
    return "letra" if len(text) == 1 else "texto"


def annotate(image, acquisition, rng, without=()):
    """Escreve letra de lado e textos, menos os de `without`; devolve a imagem uint8."""
    h, w = image.shape
    u = rng.uniform(size=8)
    if acquisition.look == "infantil" and "letra" in without:
        return image
    if acquisition.look == "infantil":
        spot = (int((0.01 + 0.05 * u[1]) * w), int((0.12 + 0.5 * u[2]) * h))
        scale, thick = (0.8 + 0.5 * u[0]) * h / 480, max(1, round(h / 200))
        font = cv2.FONT_HERSHEY_SIMPLEX
        return cv2.putText(image, "R", spot, font, scale, 255, thick, cv2.LINE_AA)
    for k, text in enumerate(acquisition.texts):
        if named(text) in without:
            continue
        scale = (0.5 + 0.5 * u[3]) * h / 420 * (1 if len(text) == 1 else 0.75)
        font = cv2.FONT_HERSHEY_SIMPLEX if u[4] < 0.6 else cv2.FONT_HERSHEY_DUPLEX
        (tw, th), _ = cv2.getTextSize(text, font, scale, 1)
        right = text == "L" or (k and u[5] < 0.6)
        x = int(w * 0.97 - tw - 0.08 * w * u[6]) if right else int(0.03 * w + 0.08 * w * u[6])
        y = int((0.05 + 0.06 * u[7]) * h) + th + int(k * 1.6 * th)
        if u[4] > 0.8 and len(text) == 1:
            cv2.circle(image, (x + tw // 2, y - th // 2), int(1.1 * th), 235, 1, cv2.LINE_AA)
        cv2.putText(image, text, (x, y), font, scale, 245, max(1, round(h / 300)), cv2.LINE_AA)
    return image


def frame(image, acquisition, rng):
    """Borda: nenhuma, faixa preta, margem branca de página ou colimação."""
    h, w = image.shape
    cut = (np.array([h, h, w, w]) * rng.uniform(0.005, 0.045, 4)).astype(int)
    if acquisition.border == "none":
        return image
    level = {"black": 0, "collimated": 0, "white": 250}[acquisition.border]
    if acquisition.border == "collimated":
        cut[rng.integers(4)] = 0
    top, bottom, left, right = cut
    image[:top] = image[h - bottom :] = level
    image[:, :left] = image[:, w - right :] = level
    return image


def recompress(image, quality):
    """Artefatos de JPEG; `quality` 0 não mexe."""
    if not quality:
        return image
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
