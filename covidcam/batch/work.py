"""A esteira: ler, explicar em lotes e escrever, sem que a memória cresça com a pasta."""

import base64
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from covidcam import datasets, evaluation, figures
from covidcam.batch import png
from covidcam.batch.inputs import Item
from covidcam.batch.results import DONE, REFUSED, Output, content_of, names_classes
from covidcam.errors import DataError

if TYPE_CHECKING:
    import keras

LONGEST = 1024  # o maior lado de uma sobreposição; imagens maiores são reduzidas
THUMBNAIL = 256
BATCH = 16
WORKERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Tools:
    """O que a esteira usa para olhar uma imagem.

    Attributes
    ----------
    model : keras.Model
        Com as anotações de `covidcam.models.load`.
    find_lungs : callable
        De imagens uint8 (N, H, W, 3) a N objetos com ``.mask`` bool (H, W) e ``.confidence``.
    strangeness : callable
        De imagens uint8 (N, H, W, 3) a (N,); acima de 1, a imagem é estranha.
    """

    model: "keras.Model"
    find_lungs: Callable[[np.ndarray], Sequence]
    strangeness: Callable[[np.ndarray], np.ndarray]


class Film(NamedTuple):
    """Uma imagem lida, ou o motivo de ela ter sido recusada."""

    item: Item
    content: str
    image: np.ndarray | None  # uint8 (H, W, 3), com o maior lado até LONGEST
    inside: np.ndarray | None  # a mesma, no tamanho que o modelo recebe
    strangeness: float
    refusal: str


class Explained(NamedTuple):
    """Um filme e o que se soube dele."""

    film: Film
    maps: dict  # método -> (values, raw, flat)
    lungs: object
    probabilities: np.ndarray


def run(
    items: Sequence[Item], output: Output, tools: Tools, label: str | None = None
) -> Iterator[tuple[Item, str]]:
    """Explica as imagens que a pasta ainda não tem.

    Parameters
    ----------
    items : sequence of Item
    output : Output
    tools : Tools
    label : str, optional
        A classe explicada; por padrão, a prevista em cada imagem.

    Yields
    ------
    item : Item
        Uma imagem que foi recusada.
    refusal : str
        O motivo, numa linha.
    """
    methods = output.request["métodos"]
    classes = list(tools.model.covidcam["classes"])
    target = None if label is None else classes.index(label)
    height, width, _ = tools.model.input_shape[1:]
    size = 1 if _asks_many_times(methods) else BATCH

    def read(item: Item) -> Film:
        return _read(item, (width, height), tools.strangeness)

    def finish(one: Explained | Film) -> Film:
        return _refuse(one, output) if isinstance(one, Film) else _write(one, output)

    with ThreadPoolExecutor(WORKERS) as pool:
        done = pool.map(output.is_done, items)
        todo = [item for item, ready in zip(items, done, strict=True) if not ready]
        films = _ahead(pool, read, todo, 2 * BATCH)
        explained = _explain(films, tools, methods, target, size)
        finished = _ahead(pool, finish, explained, 2 * BATCH)
        for film in tqdm(finished, "Explicando", len(todo), unit="imagem", disable=None):
            if film.refusal:
                yield film.item, film.refusal


def _ahead(pool: Executor, function: Callable, items: Iterable, count: int) -> Iterator:
    """Os resultados em ordem, com até ``count`` em preparo: nunca a pasta inteira na memória."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _asks_many_times(methods: Sequence[str]) -> bool:
    """Se algum método pergunta ao modelo muitas vezes por imagem."""
    from covidcam.cam.methods import wants

    return any("probe" in wants(method) for method in methods)


def _read(item: Item, size: tuple[int, int], strangeness: Callable) -> Film:
    content = content_of(item.path)
    try:
        image = datasets.read_image(item.path, longest=LONGEST)
    except DataError as error:
        refusal = str(error).replace(f"A imagem {item.path}", "A imagem")
        return Film(item, content, None, None, np.nan, refusal)
    inside = _resized(image, size)
    return Film(item, content, image, inside, float(strangeness(inside[None])[0]), "")


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A imagem no tamanho do modelo; de uma cinza, um canal só, que dá o mesmo em menos tempo."""
    red, green, blue = cv2.split(image)
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    small = Image.fromarray(red if grey else image).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(small.convert("RGB"))


def _explain(films, tools, methods, target, size):
    """Os filmes explicados, em lotes de um só tamanho.

    O último lote é completado com cópias: a conta de uma imagem não depende de quantas vieram com
    ela, e uma pasta retomada ou dividida dá os mesmos números, até o último bit.
    """
    from covidcam import cam

    films = iter(films)
    while batch := list(islice(films, size)):
        yield from (film for film in batch if film.refusal)
        batch = [film for film in batch if not film.refusal]
        if not batch:
            continue
        padded = batch + batch[-1:] * (size - len(batch))
        images = np.stack([film.inside for film in padded])
        low, high = tools.model.covidcam["range"]
        scaled = images if (low, high) == (0, 255) else low + images * ((high - low) / 255)
        maps = cam.explain(tools.model, scaled, list(methods), target, batch_size=32)
        lungs = tools.find_lungs(images)
        scores = maps[methods[0]].scores
        for i, film in enumerate(batch):
            own = {name: (m.values[i], m.raw[i], bool(m.flat[i])) for name, m in maps.items()}
            yield Explained(film, own, lungs[i], scores[i])


def _refuse(film: Film, output: Output) -> Film:
    row = _row(output, film, situacao=REFUSED, motivo=film.refusal)
    output.write_part(film.item, film.content, row, {})
    return film


def _write(one: Explained, output: Output) -> Film:
    """Escreve os mapas de uma imagem e, por último, a parte que a marca como pronta."""
    film, item = one.film, one.film.item
    mask = np.asarray(one.lungs.mask, bool)
    found = bool(mask.any())
    facts = {
        "aviso": _warning(film.strangeness, found),
        "estranheza": _rounded(film.strangeness),
        "confianca_dos_pulmoes": _rounded(one.lungs.confidence),
        "parte_dos_pulmoes": _rounded(mask.mean()),
    }
    pictures = {"filme": _thumbnail(film.image)}
    outline = cv2.resize(
        mask.astype(np.uint8), film.image.shape[1::-1], interpolation=cv2.INTER_NEAREST
    )
    for method, (values, raw, flat) in one.maps.items():
        picture = _overlay(film.image, values, outline)
        names = (f"mapas/{item.key}.{method}.npy", f"sobreposicoes/{item.key}.{method}.png")
        energy = evaluation.energy_inside(values[None], mask[None])[0]
        facts |= {
            f"energia_nos_pulmoes_{method}": None if flat or not found else _rounded(energy),
            f"plano_{method}": flat,
            f"mapa_{method}": names[0],
            f"sobreposicao_{method}": names[1],
        }
        pictures[method] = _thumbnail(picture)
        output.write(names[0], _npy(raw))
        output.write(names[1], png.encode(picture))
    if names_classes(output.request):
        classes = output.request["modelo"]["classes"]
        facts["classe"] = classes[int(one.probabilities.argmax())]
        for label, probability in zip(classes, one.probabilities, strict=True):
            facts[f"probabilidade_{label}"] = _rounded(probability)
    output.write_part(item, film.content, _row(output, film, situacao=DONE, **facts), pictures)
    return film


def _row(output: Output, film: Film, **facts) -> dict:
    """Uma linha completa, com None no que não se aplica."""
    request = output.request
    common = {
        "arquivo": film.item.name,
        "modelo": f"{request['modelo']['nome']} {request['modelo']['arquivo']}",
        "covidcam": request["versões"]["covidcam"],
        "keras": request["versões"]["keras"],
    }
    return dict.fromkeys(output.columns()) | common | facts


def _warning(strangeness: float, found: bool) -> str | None:
    warnings = []
    if not found:
        warnings.append("nenhum pulmão foi encontrado")
    if strangeness > 1:
        warnings.append("a imagem não se parece com as radiografias frontais que a rede conhece")
    return "; ".join(warnings) or None


def _overlay(image: np.ndarray, values: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """O mapa sobre o filme, com o contorno dos pulmões encontrados."""
    height, width = image.shape[:2]
    heat = np.clip(cv2.resize(values, (width, height)), 0, 1)
    picture = figures.overlay(image, heat)
    contours, _ = cv2.findContours(lungs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    thickness = max(1, round(max(height, width) / 400))
    return cv2.drawContours(picture, contours, -1, (255, 255, 255), thickness)


def _thumbnail(picture: np.ndarray) -> str:
    scale = min(1, THUMBNAIL / max(picture.shape[:2]))
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
    return base64.b64encode(jpeg).decode()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _rounded(value: float) -> float:
    return round(float(value), 4)
