"""Uma grade de radiografias como uma folha de imagens, cada uma com a sua legenda.

Num bitmap só, uma comparação não cabe num celular, a letra some, e o fundo branco ofusca no escuro.
"""

import base64
import html
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

FILM = "film"  # o gid dos eixos que só mostram uma radiografia
DPI = 220
WIDEST = 5  # colunas
STYLE = """<style>
.films { display: grid; gap: 1rem 0.7rem; grid-template-columns: repeat(var(--narrow), 1fr); }
.films figure { margin: 0; }
.films img { display: block; width: 100%; height: auto; }
.films figcaption { margin-top: 0.25rem; font-size: 0.86rem; line-height: 1.3; }
@media (min-width: 577px) {
  .films { grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); }
}
</style>"""


def sheet(figure: Figure, alt: str) -> str | None:
    """A folha de uma figura que só tem radiografias.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo do conjunto.

    Returns
    -------
    str or None
        HTML, com as imagens dentro; None se a figura tem outra coisa.
    """
    films = [axes for axes in figure.axes if axes.get_gid() == FILM]
    if not films or any(axes.axison for axes in figure.axes if axes not in films):
        return None
    kept = figure.dpi
    figure.set_dpi(DPI)
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    pixels = np.asarray(drawn.buffer_rgba())[..., :3]
    said = "".join(_figure(axes, pixels) for axes in films)
    figure.set_dpi(kept)
    columns, narrow = _columns(films)
    return (
        f'{STYLE}<div class="films" role="group" aria-label="{html.escape(alt)}"'
        f' style="--columns: {columns}; --narrow: {narrow}">{said}</div>'
    )


def _columns(films):
    """Quantas imagens numa linha, e quantas num celular, sem desfazer linhas que se comparam."""
    drawn = films[0].get_subplotspec().get_gridspec().ncols
    columns = drawn if drawn <= WIDEST else 3 if drawn % 3 == 0 else 4
    together = columns == 3 or not all(axes.get_title() for axes in films)
    return columns, columns if together else min(columns, 2)


def _figure(axes, pixels):
    box = axes.get_window_extent()
    left, right = int(np.ceil(box.x0)), int(box.x1)
    top, bottom = (len(pixels) - y for y in (box.y1, box.y0))
    picture = pixels[int(np.ceil(top)) : int(bottom), left:right]
    height, width = picture.shape[:2]
    title = html.escape(axes.get_title())
    wrong = ' class="wrong"' if axes.title.get_color() != "black" else ""
    caption, said = title.replace("\n", "<br>"), title.replace("\n(", " (").replace("\n", "; ")
    return (
        f'<figure><img src="{_address(picture)}" alt="{said or "radiografia"}" width="{width}"'
        f' height="{height}"><figcaption{wrong} aria-hidden="true">{caption}</figcaption></figure>'
    )


def _address(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=90)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
