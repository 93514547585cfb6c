"""O custo do treino: a receita de 2020 como se escreveria, e a nossa, nas mesmas imagens.

    python -m benchmarks.training                    # VGG16, 375 imagens: uns cinco minutos
    python -m benchmarks.training --images 90        # mais depressa
    python -m benchmarks.training --prepare          # só o preparo das imagens
    python -m benchmarks.training --agree            # só se as duas chegam à mesma rede

A receita de 2020 percorre a VGG16 congelada inteira a cada época: medem-se duas épocas dela, e a
mais rápida vale por cada uma das 80. A nossa se mede inteira: uma passagem por todas as imagens, as
de teste também, e as 80 épocas da cabeça. As imagens e os pesos são sorteados: o tempo não depende
deles.

O preparo é medido em processos novos, com dez vezes mais imagens no segundo.

Com COVIDCAM_DADOS e COVIDCAM_PESOS, treina-se também a cabeça pelas duas vias, em poucas
radiografias e épocas, com a mesma semente e a mesma ordem dos lotes, e compara-se o que as duas
redes dizem.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

CLASSES = ("COVID-19", "NORMAL", "OUTRAS")
EPOCHS, BATCH, LEAST, APART = 80, 15, 30, 1e-3


def seconds(work):
    """Quanto tempo leva uma função sem argumentos."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def plain(images, Y):
    """Segundos da mais rápida de duas épocas da receita de 2020, com a rede inteira."""
    import keras

    from covidcam import models

    model = models.build("vgg16", CLASSES, "random", "2020-modelo-2")
    model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])

    def epoch():
        model.fit(images, Y, batch_size=BATCH, epochs=1, validation_split=0.1, verbose=0)

    return min(seconds(epoch) for _ in range(2))


def ours(images, Y, count):
    """Segundos de toda a nossa: características de todas as imagens e as 80 épocas da cabeça."""
    from covidcam import models

    model = models.build("vgg16", CLASSES, "random", "2020-modelo-2")
    held = count // 10

    def extract():
        nonlocal features
        features = models.extract(model, images)

    def head():
        parts = range(count - held), range(count - held, count)
        models.train(model, features, Y, *parts, epochs=EPOCHS, batch_size=BATCH)

    features = None
    return seconds(extract), seconds(head)


def compare(count):
    """Mede as duas e diz a razão; devolve se ela chega ao que se espera."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, 237, 237, 3), dtype=np.uint8)
    Y = np.eye(len(CLASSES), dtype=np.float32)[random.integers(0, len(CLASSES), count)]
    learnt = round(0.8 * count)  # o resto é o teste
    one = plain(images[:learnt], Y[:learnt])
    passing, head = ours(images, Y, learnt)
    ratio = EPOCHS * one / (passing + head)
    print(f"{count} imagens, {learnt} de treino e validação, VGG16 congelada, {EPOCHS} épocas")
    print(f"a receita de 2020: {one:.1f} s por época, {EPOCHS * one:.0f} s em {EPOCHS}")
    print(f"a nossa: {passing:.1f} s de características e {head:.1f} s de cabeça")
    print(f"razão: {ratio:.0f} (ao menos {LEAST})")
    return ratio >= LEAST


def prepare_once(count):
    """Prepara ``count`` imagens de 640 × 640 e imprime os segundos e o pico de memória, em MB."""
    import cv2
    import pandas as pd

    from covidcam import datasets

    noise = np.random.default_rng(0).integers(0, 256, (640, 640), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "film.png")
        cv2.imwrite(str(file), noise)
        label = [CLASSES[n % 3] for n in range(count)]
        catalog = pd.DataFrame({"path": str(file), "label": label})
        spent = seconds(lambda: datasets.prepare(catalog, folder))
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def prepare(count):
    """Dez vezes mais imagens: quanto mais tempo e quanta memória; devolve se é o que se espera."""
    measured = []
    for images in (count, 10 * count):
        command = [sys.executable, "-m", "benchmarks.training", "--prepare-once", str(images)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        measured.append([float(value) for value in said.split()])
        print(f"{images} imagens: {measured[-1][0]:.1f} s, pico de {measured[-1][1]:.0f} MB")
    (short, small), (long, large) = measured
    print(
        f"dez vezes mais imagens: {long / short:.1f} vezes o tempo, {large / small:.2f} a memória"
    )
    return long / short < 12 and large / small < 1.1


def agree():
    """Treina a cabeça sobre as características e pela rede inteira; devolve se concordam."""
    from covidcam import datasets, models, settings

    if not {"COVIDCAM_DADOS", "COVIDCAM_PESOS"} <= set(os.environ):
        print("sem COVIDCAM_DADOS e COVIDCAM_PESOS, as duas vias não foram comparadas")
        return True
    chosen = settings.read({**os.environ, "COVIDCAM_FONTE": "real"})
    catalog = datasets.load_catalog(chosen.data).groupby("label").head(6)
    with tempfile.TemporaryDirectory() as folder:
        data = datasets.prepare(catalog, folder)
        images, said = np.array(data.X), []
    for whole in (False, True):
        model = models.build("vgg16", CLASSES, chosen.weights, "2020-modelo-2", seed=3)
        first = models.predict(model, images)
        given = images if whole else models.extract(model, images)
        order = np.random.default_rng(0).permutation(len(images))
        models.train(model, given, data.Y, order[:12], order[12:], 3, 5, seed=5)
        said.append(models.predict(model, images))
    moved, apart = (np.abs(said[0] - other).max() for other in (first, said[1]))
    print(f"probabilidades: mudam até {moved:.2g} no treino, diferem até {apart:.1e} entre as vias")
    return moved > 10 * APART and apart <= APART


def main():
    """Lê as opções, mede e sai com 1 se uma razão não chega ao que se espera."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=375)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--agree", action="store_true")
    parser.add_argument("--prepare-once", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare_once:
        prepare_once(options.prepare_once)
        return
    alone = options.prepare or options.agree
    good = True
    if options.agree or not alone:
        good &= agree()
    if options.prepare or not alone:
        good &= prepare(100)
    if not alone:
        good &= compare(options.images)
    sys.exit(not good)


if __name__ == "__main__":
    main()
