"""A esteira: cada imagem é lida, explicada e escrita sozinha, sem que a memória cresça com a pasta.

Uma imagem por vez porque a ordem das somas de uma rede depende do lugar que a imagem tem no lote:
as somas do Eigen, que o TensorFlow usa, não são as mesmas nas posições pares e nas ímpares, mesmo
em lotes de um só tamanho. Sozinha, a imagem dá os mesmos números em qualquer pasta, fatia ou
retomada, até o último bit, em processadores iguais com o mesmo número de núcleos; com outro, o
TensorFlow pode repartir as somas de outro modo, e o que muda são os últimos algarismos.
"""

import base64
import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from covidcam import datasets, evaluation, figures
from covidcam.batch import png
from covidcam.batch.films import WORKERS, content_of, resampled, scaled, size_of
from covidcam.batch.inputs import Item, is_result
from covidcam.batch.results import DONE, REFUSED, Output
from covidcam.errors import DataError, one_line

if TYPE_CHECKING:
    import keras

LONGEST = 1024  # o maior lado de uma sobreposição; imagens maiores são reduzidas
THUMBNAIL = 256
LARGE = 8_000_000  # pixels: acima disto, uma imagem por vez na memória


@dataclass(frozen=True)
class Tools:
    """O que a esteira usa para olhar uma imagem.

    Attributes
    ----------
    model : keras.Model
        Com as anotações de `covidcam.models.load`.
    find_lungs : callable
        De uma imagem uint8 (H, W, 3) a um objeto com ``.mask`` bool (H, W) e ``.confidence``.
    strangeness : callable
        De imagens uint8 (N, H, W, 3) a (N,); acima de 1, a imagem é estranha.
    seen : mapping of str to str
        Resumo do conteúdo -> a parte do treino em que a imagem esteve, das que se sabe.
    """

    model: "keras.Model"
    find_lungs: Callable[[np.ndarray], object]
    strangeness: Callable[[np.ndarray], np.ndarray]
    seen: Mapping[str, str] = field(default_factory=dict)


def run(
    items: Sequence[Item],
    output: Output,
    tools: Tools,
    label: str | None = None,
    quiet: bool = False,
) -> Iterator[tuple[Item, str]]:
    """Explica as imagens que a pasta ainda não tem.

    Parameters
    ----------
    items : sequence of Item
    output : Output
    tools : Tools
    label : str, optional
        A classe explicada; por padrão, a prevista em cada imagem.
    quiet : bool
        Sem barra: quem conta o andamento é outro processo.

    Yields
    ------
    item : Item
        Uma imagem que foi recusada.
    refusal : str
        O motivo, numa linha.
    """
    bench = Bench(output, tools, label)
    with ThreadPoolExecutor(WORKERS) as pool:
        done = pool.map(output.is_done, items)
        todo = [item for item, ready in zip(items, done, strict=True) if not ready]
        finished = _ahead(pool, bench.explain, todo, 2 * WORKERS)
        hidden = quiet or None  # None: só num terminal
        for item, refusal in tqdm(finished, "Explicando", len(todo), unit="imagem", disable=hidden):
            if refusal:
                yield item, refusal


def _ahead(pool: Executor, function: Callable, items: Iterable, count: int) -> Iterator:
    """Os resultados em ordem, com até ``count`` em preparo: nunca a pasta inteira na memória."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class Bench:
    """A bancada em que uma imagem vira mapas, miniaturas e uma linha de tabela."""

    def __init__(self, output: Output, tools: Tools, label: str | None):
        self.output, self.tools, self.label = output, tools, label
        classes = tools.model.covidcam.classes
        self.target = None if label is None else classes.index(label)
        self.size = size_of(tools.model)
        self.large, self.network = threading.Lock(), threading.Lock()

    def explain(self, item: Item) -> tuple[Item, str]:
        """Lê, explica e escreve uma imagem; devolve o motivo, se ela foi recusada."""
        content = content_of(item.path)
        try:
            if is_result(item.path):
                raise DataError("A imagem é uma sobreposição feita por este programa")
            film, inside, notes = self._read(item.path)
        except DataError as error:
            refusal = str(error).replace(f"A imagem {item.path}", "A imagem")
            row = self._row(item, content, situacao=REFUSED, motivo=refusal)
            self.output.write_part(item, content, row, {}, {})
            return item, refusal
        self._write(item, content, film, inside, notes)
        return item, ""

    def _read(self, path: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        """O filme, reduzido a LONGEST, e no tamanho da rede: este, da imagem inteira."""
        with self.large if _pixels(path) > LARGE else threading.Lock():
            read = datasets.read(path)
            return _shrunk(read.image), resampled(read.image, self.size), read.notes

    def _explained(self, inside: np.ndarray) -> tuple[dict, np.ndarray]:
        from covidcam import cam

        methods = self.output.request["métodos"]
        images = scaled(inside[None], self.tools.model.covidcam.range)
        with self.network:
            maps = cam.explain(self.tools.model, images, list(methods), self.target, batch_size=32)
        own = {name: (m.values[0], m.raw[0], bool(m.flat[0])) for name, m in maps.items()}
        return own, maps[methods[0]].scores[0]

    def _write(self, item, content, film, inside, notes) -> None:
        """Escreve os mapas de uma imagem e, por último, a parte que a marca como pronta."""
        maps, scores = self._explained(inside)
        lungs = self.tools.find_lungs(inside)
        strangeness = float(self.tools.strangeness(inside[None])[0])
        mask = np.asarray(lungs.mask, bool)
        found = bool(mask.any())
        facts = {
            "aviso": _warning(strangeness, found),
            "leitura": one_line("; ".join(notes)) or None,
            "no_treino": _seen(self.tools.seen.get(content)),
            "estranheza": _rounded(strangeness),
            "confianca_dos_pulmoes": _rounded(lungs.confidence),
            "parte_dos_pulmoes": _rounded(mask.mean()),
            "classe_explicada": self.label,
        }
        pictures, sizes = {"filme": _thumbnail(film)}, {}
        outline = cv2.resize(
            mask.astype(np.uint8), film.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        for method, (values, raw, flat) in maps.items():
            picture = _overlay(film, values, outline)
            names = (f"mapas/{item.key}.{method}.npy", f"sobreposicoes/{item.key}.{method}.png")
            energy = evaluation.energy_inside(values[None], mask[None])[0]
            facts |= {
                f"energia_nos_pulmoes_{method}": None if flat or not found else _rounded(energy),
                f"plano_{method}": flat,
                f"mapa_{method}": names[0],
                f"sobreposicao_{method}": names[1],
            }
            pictures[method] = _thumbnail(picture)
            for name, encoded in zip(names, (_npy(raw), png.encode(picture)), strict=True):
                sizes[name] = self.output.write(name, encoded)
        if self.output.request["modelo"]["diz a classe"]:
            classes = self.output.request["modelo"]["classes"]
            facts["classe"] = classes[int(scores.argmax())]
            facts["classe_explicada"] = self.label or facts["classe"]
            for label, probability in zip(classes, scores, strict=True):
                facts[f"probabilidade_{label}"] = _rounded(probability)
        row = self._row(item, content, situacao=DONE, **facts)
        self.output.write_part(item, content, row, pictures, sizes)

    def _row(self, item: Item, content: str, **facts) -> dict:
        """Uma linha completa, com None no que não se aplica."""
        request = self.output.request
        common = {
            "arquivo": item.name,
            "conteudo": content,
            "modelo": f"{request['modelo']['nome']} {request['modelo']['arquivo']}",
            "covidcam": request["versões"]["covidcam"],
            "keras": request["versões"]["keras"],
        }
        return dict.fromkeys(self.output.columns()) | common | facts


def _pixels(path: str) -> int:
    """Quantos pixels o arquivo diz ter, ou pode ter; sem os ler."""
    if not os.path.isfile(path):
        return 0  # de um cano nem o começo se lê
    try:
        with Image.open(path, formats=datasets.images.FORMATS) as image:
            return image.width * image.height
    except Exception:  # um DICOM, ou um arquivo estragado, de que o leitor dirá o quê
        return 4 * os.path.getsize(path)


def _shrunk(image: np.ndarray) -> np.ndarray:
    """A imagem com o maior lado até LONGEST."""
    scale = LONGEST / max(image.shape[:2])
    if scale >= 1:
        return image
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _warning(strangeness: float, found: bool) -> str | None:
    warnings = []
    if not found:
        warnings.append("nenhum pulmão foi encontrado")
    if strangeness > 1:
        warnings.append("a imagem não se parece com as radiografias frontais que a rede conhece")
    return "; ".join(warnings) or None


def _seen(part: str | None) -> str | None:
    if part is None:
        return None
    return f"Esta imagem estava na parte de {part} do treino desta rede" + (
        "." if part == "teste" else ": o que a rede diz dela não mede nada."
    )


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
