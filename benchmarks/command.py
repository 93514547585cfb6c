"""O que ``covidcam explicar`` custa além do que qualquer programa que fizesse o mesmo gastaria.

    python -m benchmarks.command [--images 1000] [--rounds 4]

De um lado, o trabalho nu, nas mesmas imagens de 512 × 512 e nas mesmas threads, em lotes: ler,
passar pelo classificador e pelo achador de pulmões compilados, e codificar um PNG. Do outro, o
comando inteiro, com o mapa, as tabelas e o relatório. As imagens são divididas em rodadas e os dois
se alternam; o que se imprime é a razão entre as velocidades, e a memória depois de cada rodada.
"""

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from covidcam import artefacts, batch, datasets, models, phantom, settings
from covidcam.batch.films import WORKERS
from covidcam.lungs.finder import finder
from covidcam.lungs.network import prepare

SIDE = 512
BATCH = 16  # do trabalho nu; o comando passa as imagens uma a uma, para que deem sempre o mesmo
DRAWN = 20  # fantomas diferentes; as outras imagens são eles, deslocados


def write_films(folder, count):
    """Radiografias sintéticas de 512 × 512, todas diferentes."""
    drawn = [phantom.radiograph(k, phantom.LABELS[k % 3], SIDE).image for k in range(DRAWN)]
    for k in range(count):
        film = np.roll(drawn[k % DRAWN], k // DRAWN, axis=1)
        Image.fromarray(film).save(folder / f"{k:04d}.png")
    return sorted(folder.iterdir())


def bare(model, find, paths):
    """Ler, dois passes compilados e um PNG, e nada mais."""
    height, width, _ = model.input_shape[1:]
    classify = tf.function(
        lambda images: model(images, training=False),
        [tf.TensorSpec((None, height, width, 3), tf.uint8)],
    )

    def read(path):
        image = datasets.read_image(path)
        return image, np.asarray(Image.fromarray(image).resize((width, height)))

    def run():
        with ThreadPoolExecutor(WORKERS) as pool:
            for start in range(0, len(paths), BATCH):
                films = list(pool.map(read, paths[start : start + BATCH]))
                inside = np.stack([small for _, small in films])
                classify(inside).numpy()
                find(np.stack([prepare(small) for small in inside]))
                list(pool.map(lambda film: cv2.imencode(".png", film[0]), films))

    return run


def explained(model, paths, saida):
    """O comando, sem a partida do processo."""
    job = batch.Job(list(map(str, paths)), str(saida), str(model))
    assert not job.run()
    job.finish()


def memory():
    """O pico de memória até aqui, em MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Escreve as imagens, alterna os dois lados e imprime a razão de cada rodada."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    chosen = settings.read().with_phantoms()
    file = artefacts.model_2(chosen).file
    model, find = models.load(file), finder(chosen)
    with tempfile.TemporaryDirectory() as folder:
        (films := Path(folder) / "filmes").mkdir()
        paths = write_films(films, options.images + BATCH)
        warm, paths = paths[:BATCH], paths[BATCH:]
        bare(model, find, warm)()
        explained(file, warm, Path(folder) / "aquecimento")
        print(f"{'rodada':>6} {'nu, img/s':>10} {'comando':>10} {'razão':>6} {'pico, MB':>9}")
        ratios = []
        for k in range(options.rounds):
            part = paths[k :: options.rounds]
            start = time.perf_counter()
            bare(model, find, part)()
            middle = time.perf_counter()
            explained(file, part, Path(folder) / f"saida-{k}")
            end = time.perf_counter()
            ratios.append((middle - start) / (end - middle))
            speeds = len(part) / (middle - start), len(part) / (end - middle)
            found = (*speeds, ratios[-1], memory())
            print(f"{k + 1:>6} " + "{:>10.1f} {:>10.1f} {:>6.2f} {:>9.0f}".format(*found))
        print(f"razão mediana {np.median(ratios):.2f}, de {min(ratios):.2f} a {max(ratios):.2f}")


if __name__ == "__main__":
    main()
