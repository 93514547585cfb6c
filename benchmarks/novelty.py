"""O poder do aviso de estranheza: quanto ele acusa o que não devia, e quanto deixa passar.

    python -m benchmarks.novelty --real PASTA

O limite é calibrado só com fantomas. Aqui se conta que parte de cada grupo de imagens passa dele:
radiografias frontais reais, por acervo e incidência, que não deviam passar; e, do outro lado, o que
devia: perfis e cortes de tomografia sintéticos, as radiografias reais invertidas, giradas e de
cabeça para baixo, e recortes das fotografias que vêm com a scikit-learn e o matplotlib.

A forma da estranheza e da calibração foi escolhida olhando para estes mesmos números: nos filmes
reais eles são um pouco otimistas.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from covidcam import artefacts, datasets, settings
from covidcam.evaluation import wilson
from covidcam.figures.text import percent

SIDE = datasets.SIDE
CROPS = 40  # recortes de cada fotografia


def read(paths):
    """As imagens de um grupo, no tamanho dos arrays."""
    return np.stack([datasets.read_image(path, SIDE) for path in paths])


def photographs():
    """Recortes quadrados de tamanhos e lugares sorteados."""
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    generator, crops = np.random.default_rng(0), []
    for picture in [*load_sample_images().images, datasets.read_image(hopper)]:
        shorter = min(picture.shape[:2])
        for side in generator.uniform(0.3, 1, CROPS) * shorter:
            y, x = (generator.integers(0, length - int(side) + 1) for length in picture.shape[:2])
            crop = picture[y : y + int(side), x : x + int(side)]
            crops.append(np.asarray(Image.fromarray(crop).resize((SIDE, SIDE))))
    return np.stack(crops)


def phantom_others(folder):
    """Os perfis e os cortes axiais que o acervo sintético traz e o tutorial descarta."""
    rows = datasets.survey(folder)
    for title, reason in (("perfis sintéticos", "incidência"), ("cortes sintéticos", "(CT)")):
        kept = rows[rows["left_out"].str.contains(reason, regex=False)]
        yield title, read(kept["path"])


def main():
    """Imprime uma linha por grupo."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real", required=True, help="pasta com os acervos reais")
    folder = parser.parse_args().real
    chosen = settings.read().with_phantoms()
    usual = artefacts.usual_films(chosen)
    catalog = datasets.load_catalog(folder)
    by_view = catalog.groupby(["source", "view"])["path"]
    groups = {f"{source}, {view}": read(paths) for (source, view), paths in by_view}
    films = np.concatenate(list(groups.values()))
    groups |= phantom_others(artefacts.raw_data(chosen))
    groups |= {
        "reais invertidas": 255 - films,
        "reais giradas 90°": np.ascontiguousarray(np.rot90(films, axes=(1, 2))),
        "reais de cabeça para baixo": np.ascontiguousarray(films[:, ::-1]),
        "fotografias": photographs(),
    }
    print(
        f"{'grupo':<28} {'imagens':>7} {'acima de 1':>10} {'intervalo de 95 %':>18} {'mediana':>8}"
    )
    for title, images in groups.items():
        scores = usual.strangeness(images)
        share, low, high = wilson(int((scores > 1).sum()), len(scores))
        interval = f"{percent(low)} a {percent(high)}"
        median = np.median(scores)
        print(f"{title:<28} {len(scores):>7} {percent(share):>10} {interval:>18} {median:>8.2f}")


if __name__ == "__main__":
    main()
