"""A tela: criar uma figura no estilo do livro e mostrá-la numa página com texto alternativo."""

import base64
import io
from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covidcam.errors import InputError
from covidcam.figures import sheet

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "image.cmap": "gray",
}
# Uma cor por papel; a de uma classe é só dela, e distingue-se também sem separar vermelho de verde.
COLOURS = ("#0a6e8a", "#d98b1e", "#7b3f8c", "#5a6b73", "#b5432a", "#4a7d3a")
CLASSES = {"COVID-19": "#7b3f8c", "NORMAL": "#3f9b76", "OUTRAS": "#b5432a"}
LIGHT = "#d9dee1"
BAND = "#a3adb2"  # o que o acaso daria: atrás dos dados, mas à vista também no escuro
LESION, HALO = "#3ddcf0", "#06151a"
DPI = 110
PHONE = 4.2  # polegadas: a maior largura cujas letras ainda se leem num celular
APART = 0.07  # entre fileiras de eixos, para que o título de uma não toque a outra


def new(rows: int = 1, columns: int = 1, width: float = 7.5, height: float = 3.0) -> Figure:
    """Cria uma figura vazia, com ``rows`` × ``columns`` eixos em ``figure.axes``.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Em polegadas.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.get_layout_engine().set(hspace=APART)
        figure.subplots(rows, columns)
    return figure


def class_colours(classes: Sequence[str]) -> list[str]:
    """A cor de cada classe: a mesma em todo o livro, e as que sobram às classes de outros acervos.

    Parameters
    ----------
    classes : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> class_colours(["NORMAL", "A"])
    ['#3f9b76', '#0a6e8a']
    """
    left = (colour for colour in COLOURS if colour not in CLASSES.values())
    return [CLASSES[label] if label in CLASSES else next(left, COLOURS[3]) for label in classes]


def write(axis: Axis, show: Callable[[float], str]) -> None:
    """Escreve os números de um eixo como o texto os escreveria.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``axes.xaxis`` ou ``axes.yaxis``.
    show : callable
        De um valor ao que se lê; `number` e `percent`, por exemplo.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def legend(figure: Figure) -> None:
    """Põe a legenda acima dos eixos, onde não cobre o que se desenha.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Os eixos dizem todos o mesmo; lê-se o primeiro.
    """
    key = figure.axes[0].get_legend_handles_labels()
    columns = 2 if len(key[0]) < 5 else 3
    figure.legend(*key, loc="outside upper left", ncols=columns, frameon=False, fontsize=8)


def guide(axes: Axes) -> None:
    """Põe linhas verticais claras atrás do que se desenha.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    """
    axes.grid(axis="x", color=LIGHT, linewidth=0.8)
    axes.set_axisbelow(True)


def film(axes: Axes, image: np.ndarray, title: str = "") -> None:
    """Desenha uma radiografia nuns eixos: cinza de 0 a 255, sem molduras nem escalas.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    image : ndarray, uint8 (H, W) ou (H, W, 3)
    title : str
        Legenda acima da imagem.
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
    axes.set_gid(sheet.FILM)


def contour(axes: Axes, mask: np.ndarray) -> None:
    """Contorna uma lesão: ciano, com um halo escuro, que se vê sobre os cinzas e sobre o calor.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    mask : ndarray, bool (H, W)
    """
    axes.contour(mask, levels=[0.5], colors=HALO, linewidths=2.8)
    axes.contour(mask, levels=[0.5], colors=LESION, linewidths=1.6)


def show(figure: Figure, alt: str) -> None:
    """Mostra uma figura numa página ou num caderno, com o texto alternativo que leva a mensagem.

    Uma figura larga vai também estreita, nos metadados; a extensão do livro a põe nos celulares.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        O que a figura diz, para quem não a vê. A extensão do livro o leva até o HTML.

    Raises
    ------
    InputError
        Se o texto alternativo está vazio.
    """
    if not alt.strip():
        raise InputError("A figura precisa de um texto alternativo que diga o que ela mostra.")
    from IPython.display import display

    alt = " ".join(alt.split())
    if films := sheet.sheet(figure, alt):
        display({"text/html": films, "text/plain": alt}, raw=True)
    else:
        bundle = {"image/png": png(figure), "text/plain": alt}
        plot = not any(axes.images for axes in figure.axes)  # só traços: escurece com o tema
        said = {"alt": alt, "plot": plot}
        if figure.get_figwidth() > PHONE:
            said["narrow"] = base64.b64encode(narrow(figure)).decode()
        display(bundle, raw=True, metadata={"image/png": said})


def narrow(figure: Figure) -> bytes:
    """Os bytes em PNG de uma figura à largura de um celular: os eixos, um abaixo do outro.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Fica como era.

    Returns
    -------
    bytes
    """
    cells = {axes: cell for axes in figure.axes if (cell := axes.get_subplotspec())}
    drawn = [axes for axes in cells if axes.has_data()]
    size = figure.get_size_inches()
    rows = max((cell.get_gridspec().nrows for cell in cells.values()), default=1)
    column = figure.add_gridspec(max(len(drawn), 1), 1)
    try:
        for axes, place in zip(drawn, column, strict=False):
            axes.set_subplotspec(place)
        figure.set_size_inches(PHONE, size[1] / rows * column.nrows)
        return png(figure)
    finally:
        for axes, cell in cells.items():
            axes.set_subplotspec(cell)
        figure.set_size_inches(size)


def png(figure: Figure) -> bytes:
    """Os bytes de uma figura em PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    bytes
        Sempre os mesmos para a mesma figura.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
