"""O que ``covidcam explicar`` custa além do que qualquer programa que fizesse o mesmo gastaria.

    python -m benchmarks.command [--images 1000] [--rounds 4] [--cluster]

De um lado, o trabalho nu, nas mesmas imagens de 512 × 512 e nas mesmas threads, em lotes: ler,
passar pelo classificador e, de frente e refletidas, pelo achador de pulmões, os dois compilados, e
codificar um PNG. Do outro, o comando inteiro, com o mapa, as tabelas e o relatório, uma imagem por
vez. As imagens são divididas em rodadas e os dois se alternam; o que se imprime é a razão entre as
velocidades, e a memória depois de cada rodada.

Com ``--cluster``, os lados são outros: um agendador local com dois trabalhadores, e as fatias 1/2 e
2/2 em dois processos ao mesmo tempo, todos já com a rede aberta; e a memória deste processo, que é
também a do agendador.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from covidcam import artefacts, batch, datasets, models, phantom, settings
from covidcam.batch import cluster
from covidcam.batch.films import WORKERS
from covidcam.lungs.finder import finder
from covidcam.lungs.network import prepare
from covidcam.lungs.search import both_ways

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
                both_ways(find, np.stack([prepare(small) for small in inside]))
                list(pool.map(lambda film: cv2.imencode(".png", film[0]), films))

    return run


def explained(model, paths, saida):
    """O comando, sem a partida do processo."""
    job = batch.Job(list(map(str, paths)), str(saida), str(model))
    assert not job.run()
    job.finish()


def divided(file, paths, rounds, folder):
    """O agendador local ao lado das duas fatias: em cada rodada, a razão entre as velocidades."""

    def ask(part, name):
        job = batch.Job(list(map(str, part)), str(folder / name), str(file))
        job.prepare()
        return job

    def shards(job):
        list(pool.map(job.run, (0, 1), (2, 2)))
        job.finish()

    def cluster_run(job):
        assert not list(cluster.run(job, client))
        job.finish()

    context = multiprocessing.get_context("spawn")
    ratios = []
    with ProcessPoolExecutor(2, context) as pool, cluster.connected(cluster.LOCAL) as client:
        warm = paths[: 4 * cluster.PIECE]
        shards(ask(warm, "fatias")), cluster_run(ask(warm, "agendador"))
        print(f"{'rodada':>6} {'fatias, s':>10} {'agendador':>10} {'razão':>6} {'pico, MB':>9}")
        for k in range(rounds):
            part = paths[k::rounds]
            jobs = ask(part, f"fatias-{k}"), ask(part, f"agendador-{k}")
            seconds = []
            for work, job in zip((shards, cluster_run), jobs, strict=True):
                start = time.perf_counter()
                work(job)
                seconds.append(time.perf_counter() - start)
            ratios.append(seconds[1] / seconds[0])
            found = (*seconds, ratios[-1], memory())
            print(f"{k + 1:>6} " + "{:>10.1f} {:>10.1f} {:>6.2f} {:>9.0f}".format(*found))
    print(f"razão mediana {np.median(ratios):.2f}, de {min(ratios):.2f} a {max(ratios):.2f}")


def memory():
    """O pico de memória até aqui, em MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Escreve as imagens, alterna os dois lados e imprime a razão de cada rodada."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    chosen = settings.read().with_phantoms()
    file = artefacts.model_2(chosen).file
    model, find = models.load(file), finder(chosen)
    with tempfile.TemporaryDirectory() as folder:
        (films := Path(folder) / "filmes").mkdir()
        paths = write_films(films, options.images + BATCH)
        if options.cluster:
            divided(file, paths, options.rounds, Path(folder))
            return
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
