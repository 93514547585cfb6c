"""Radiografias lado a lado e mapas sobre elas."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from covidcam.errors import InputError
from covidcam.figures import canvas
from covidcam.figures.text import listing, percent

COLORMAP = "inferno"


def overlay(image: np.ndarray, heatmap: np.ndarray, alpha: float = 0.6) -> np.ndarray:
    """Sobrepõe um mapa a uma radiografia.

    A opacidade cresce com o mapa: onde ele é zero, os cinzas da radiografia ficam intactos. As
    cores são perceptualmente uniformes: passos iguais no mapa parecem passos iguais ao olho.

    Parameters
    ----------
    image : ndarray, uint8 (H, W) ou (H, W, 3)
    heatmap : ndarray, float (H, W), de 0 a 1
    alpha : float
        A opacidade onde o mapa é 1, de 0 a 1.

    Returns
    -------
    ndarray, uint8 (H, W, 3)

    Raises
    ------
    InputError
        Se as formas diferem, a imagem não é uint8 ou o mapa sai de [0, 1].

    Examples
    --------
    >>> film = np.full((2, 2), 100, np.uint8)
    >>> overlay(film, np.zeros((2, 2)))[0, 0].tolist()
    [100, 100, 100]
    """
    image, heatmap = np.asarray(image), np.asarray(heatmap)
    picture = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype != np.uint8 or not picture or image.size == 0:
        raise InputError(
            f"A imagem é {image.dtype} {image.shape}; aceita-se uint8 (H, W) ou (H, W, 3)."
        )
    if heatmap.shape != image.shape[:2]:
        raise InputError(f"O mapa tem a forma {heatmap.shape} e a imagem, {image.shape[:2]}.")
    if heatmap.dtype.kind not in "buif":
        raise InputError(f"O mapa é de {heatmap.dtype}; aceitam-se números reais.")
    if not np.all((heatmap >= 0) & (heatmap <= 1)):
        raise InputError(
            f"O mapa vai de {np.nanmin(heatmap):g} a {np.nanmax(heatmap):g}; deve estar em [0, 1]."
        )
    grey = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
    heat = np.rint(np.float32(255) * np.float32(heatmap)).astype(np.uint8)
    keep, tint = (cv2.applyColorMap(heat, table) for table in _blending(alpha))
    return cv2.add(cv2.multiply(grey, keep, scale=1 / 255), tint)


@cache
def _blending(alpha):
    """Quanto do filme fica e o que a cor soma, para cada nível do mapa, de 0 a 255."""
    level = np.arange(256)[:, None] / 255
    keep = (1 - alpha * level).repeat(3, axis=1)
    tint = alpha * level * mpl.colormaps[COLORMAP](np.arange(256))[:, :3]
    return [np.rint(255 * table).astype(np.uint8)[:, None] for table in (keep, tint)]


def labelled(picture: np.ndarray, text: str) -> Image.Image:
    """Põe uma tarja preta com um texto acima de uma imagem, como nas figuras de 2020.

    Parameters
    ----------
    picture : ndarray, uint8 (H, W, 3)
    text : str

    Returns
    -------
    PIL.Image.Image
        RGB, 22 pixels mais alta.
    """
    bar = 22
    page = Image.new("RGB", (picture.shape[1], picture.shape[0] + bar), "black")
    page.paste(Image.fromarray(picture), (0, bar))
    ImageDraw.Draw(page).text((5, 3), text, fill="white", font=ImageFont.load_default(13))
    return page


def family(
    image: np.ndarray,
    heatmaps: dict[str, np.ndarray],
    outline: np.ndarray,
    label: str,
    which: str = "",
) -> tuple[Figure, str]:
    """Uma radiografia e os mapas que vários métodos dão dela, com o contorno da verdade.

    Parameters
    ----------
    image : ndarray, uint8 (H, W, 3)
    heatmaps : dict of str to ndarray, float (H, W), de 0 a 1
    outline : ndarray, bool (H, W)
        A lesão.
    label : str
        A classe explicada.
    which : str
        Que mapas são, depois da palavra “mapas”: “uma camada antes”, por exemplo.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`: que métodos têm o ponto mais quente dentro da lesão.
    """
    pictures = [image, *(overlay(image, heatmap) for heatmap in heatmaps.values())]
    titles = [f"era {label}", *heatmaps]
    hits = [name for name, h in heatmaps.items() if outline[np.unravel_index(h.argmax(), h.shape)]]
    maps = " ".join(filter(None, ("mapas dela", which)))
    alt = (
        f"Uma radiografia de {label} com a lesão contornada e {len(heatmaps)} {maps}. O ponto"
        f" mais quente cai dentro da lesão em {len(hits)}: {listing(hits) or 'nenhum'}."
    )
    columns = 3 if len(pictures) % 3 == 0 and len(pictures) < 12 else 4  # sem quem fique só
    return grid(pictures, titles, columns, [outline] * len(pictures)), alt


def concepts(
    image: np.ndarray, heatmaps: np.ndarray, labels: Sequence[str], outline: np.ndarray
) -> tuple[Figure, str]:
    """Uma radiografia e onde está nela cada conceito da rede, com a classe de que ele fala.

    Parameters
    ----------
    image : ndarray, uint8 (H, W, 3)
    heatmaps : ndarray, float (k, H, W), de 0 a 1
        Os de uma imagem em `covidcam.cam.concepts`.
    labels : sequence of str
        A classe que cada conceito mais faz subir.
    outline : ndarray, bool (H, W)
        A lesão.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`: que parte de cada conceito está dentro da lesão.
    """
    pictures = [image, *(overlay(image, heatmap) for heatmap in heatmaps)]
    titles = [f"conceito {n}: {label}" for n, label in enumerate(labels, start=1)]
    shares = [
        heatmap[outline].sum() / heatmap.sum() if heatmap.any() else np.nan for heatmap in heatmaps
    ]
    parts = [
        f"conceito {n} ({label}), {percent(share)}"
        for n, (label, share) in enumerate(zip(labels, shares, strict=True), start=1)
    ]
    alt = (
        f"Uma radiografia e os {len(titles)} conceitos da rede sobre ela; da soma de cada um, a"
        f" parte que está dentro da lesão, também onde mal se vê: {'; '.join(parts)}."
    )
    columns = len(pictures)
    outlines = [outline] * columns
    return grid(pictures, ["a radiografia", *titles], columns, outlines), alt


def grid(
    images: Iterable[np.ndarray],
    titles: Sequence[str],
    columns: int = 4,
    outlines: Sequence[np.ndarray | None] | None = None,
) -> Figure:
    """Uma grade de radiografias, cada uma com a sua legenda.

    Parameters
    ----------
    images : iterable of ndarray, uint8 (H, W) ou (H, W, 3)
    titles : sequence of str
    columns : int
    outlines : sequence of ndarray, bool (H, W), ou None, optional
        Máscaras cujo contorno é desenhado (a lesão, por exemplo).

    Returns
    -------
    matplotlib.figure.Figure
    """
    images = list(images)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    caption = 0.07 + 0.18 * max(len(title.split("\n")) for title in titles)
    figure = canvas.new(rows, columns, width=7.5, height=rows * (tallest * 7.3 / columns + caption))
    outlines = outlines if outlines is not None else [None] * len(images)
    for axes in figure.axes[len(images) :]:
        axes.set_axis_off()
    for axes, image, title, outline in zip(figure.axes, images, titles, outlines, strict=False):
        canvas.film(axes, image, title)
        if outline is not None and outline.any():
            canvas.contour(axes, outline)
    return figure


def predictions(
    images: np.ndarray,
    truth: Sequence[int],
    probabilities: np.ndarray,
    classes: Sequence[str],
    columns: int = 4,
) -> tuple[Figure, str]:
    """A grade de 2020: imagens de teste com a classe verdadeira e a que a rede escolheu.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W, 3)
    truth : sequence of int (N,)
        A classe verdadeira de cada imagem.
    probabilities : ndarray, float (N, classes)
    classes : sequence of str
    columns : int

    Returns
    -------
    figure : matplotlib.figure.Figure
        Os erros têm a legenda em vermelho.
    alt : str
        O texto alternativo, para `show`.
    """
    predicted = np.argmax(probabilities, axis=1)
    titles = [
        f"{classes[p]} {percent(probability[p])}\n(é {classes[t]})"
        for t, p, probability in zip(truth, predicted, probabilities, strict=True)
    ]
    figure = grid(images, titles, columns)
    right = predicted == np.asarray(truth)
    for axes, ok in zip(figure.axes, right, strict=False):
        axes.title.set_color("black" if ok else "#b5432a")
    mistakes = Counter(zip(np.asarray(truth)[~right], predicted[~right], strict=True))
    wrong = [
        f"{count} de {classes[t]} {'lida' if count == 1 else 'lidas'} como {classes[p]}"
        for (t, p), count in mistakes.items()
    ]
    alt = (
        "Radiografias de teste, cada uma com a classe que a rede escolheu e a probabilidade que lhe"
        " deu; " + (f"erradas: {listing(wrong)}." if wrong else "todas certas.")
    )
    return figure, alt


def maps(
    images: np.ndarray,
    heatmaps: np.ndarray,
    truth: Sequence[int],
    target: Sequence[int],
    classes: Sequence[str],
) -> tuple[Figure, str]:
    """Radiografias, cada uma ao lado do seu mapa; se são três, cada uma acima do seu.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W, 3)
    heatmaps : ndarray, float (N, H, W), de 0 a 1
    truth : sequence of int (N,)
        A classe verdadeira.
    target : sequence of int (N,)
        A classe que o mapa explica.
    classes : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    was, explained = ([classes[i] for i in each] for each in (truth, target))
    painted = [overlay(image, heatmap) for image, heatmap in zip(images, heatmaps, strict=True)]
    films = list(zip(images, [f"era {name}" for name in was], strict=True))
    mapped = list(zip(painted, [f"mapa de {name}" for name in explained], strict=True))
    above = len(films) == 3  # lado a lado cabem dois pares; três, um acima do outro
    pairs = [one for pair in zip(films, mapped, strict=True) for one in pair]
    pictures, titles = zip(*(films + mapped if above else pairs), strict=True)
    said = [
        name if name == other else f"{name}, com o mapa de {other}"
        for name, other in zip(was, explained, strict=True)
    ]
    alt = (
        f"Radiografias, cada uma {'acima do' if above else 'ao lado do'} mapa que mostra que"
        f" regiões fizeram subir a nota da classe que a rede escolheu: {'; '.join(said)}."
    )
    return grid(pictures, titles, columns=3 if above else 4), alt
