"""Os pulmões achados por uma rede que só viu fantomas, contra as caixas do acervo.

Uso: ``python -m benchmarks.lungs --real PASTA``, com a pasta no leiaute dos acervos públicos e
``lung_boxes.json`` ao lado das imagens. Mede, nos filmes frontais com caixas, a média da
intersecção sobre a união (IoU) das duas caixas, por incidência, ao lado da de uma só caixa
constante (a média das outras caixas, tirado o próprio paciente), com intervalos por paciente; os
piores filmes; o que a rede diz de imagens que não são filmes frontais; e quanto ela demorou.

A folga das caixas (`covidcam.lungs.search`) foi acertada na metade dos pacientes chamada
"desenvolvimento"; a outra metade só foi medida.
"""

import argparse
import time

import cv2
import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_images

from covidcam import datasets, evaluation, lungs, settings
from covidcam.datasets.readers import FRONTAL
from covidcam.lungs.finder import finder
from covidcam.phantom import anatomy, others


def iou(one, other):
    """Intersecção sobre a união de caixas (..., 4); 0 onde uma delas é NaN."""
    corner = np.maximum(one[..., :2], other[..., :2])
    opposite = np.minimum(one[..., 2:], other[..., 2:])
    common = np.prod(np.maximum(opposite - corner, 0), axis=-1)
    area, other_area = (np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (one, other))
    return np.nan_to_num(common / (area + other_area - common))


def frontal_films(folder):
    """Os filmes frontais que têm caixas, de qualquer achado, e as caixas (N, 2, 4)."""
    rows = datasets.survey(folder)
    rows = rows[rows.lung_boxes.map(lambda boxes: isinstance(boxes, list))]
    rows = rows[rows.view.isin(FRONTAL)].reset_index(drop=True)
    boxes = np.array(rows.lung_boxes.tolist())
    order = boxes[:, :, 0].argsort(axis=1)
    return rows, np.take_along_axis(boxes, order[..., None], axis=1)


def development(patients):
    """Metade dos pacientes, sorteada."""
    names = np.unique(patients)
    return np.isin(patients, np.random.default_rng(0).permutation(names)[: len(names) // 2])


def constant_boxes(boxes, patients):
    """Para cada filme, a caixa média dos filmes de outros pacientes."""
    return np.array([boxes[patients != patient].mean(axis=0) for patient in patients])


def strangers(count=60):
    """Imagens que não são filmes frontais, por tipo."""
    rng = np.random.default_rng(0)
    people = [anatomy.draw_patient(seed, adult=seed % 2 == 0) for seed in range(count // 2)]
    noise = [rng.integers(0, 256, (256, 256), dtype=np.uint8) for _ in range(count)]
    smooth = [cv2.GaussianBlur(image, (0, 0), 12) for image in noise]
    smooth = [cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX) for image in smooth]
    photos = []
    for photo in load_sample_images().images:
        for _ in range(count // 2):
            y, x = (int(rng.integers(0, size - 256)) for size in photo.shape[:2])
            photos.append(photo[y : y + 256, x : x + 256])
    return {
        "ruído branco": noise,
        "manchas": smooth,
        "fotografias": photos,
        "lisas": [np.full((256, 256), level, np.uint8) for level in (0, 127, 255)],
        "perfis de fantoma": [others.lateral(person, (256, 220), 0) for person in people],
        "tomografias de fantoma": [others.axial(person, (256, 256), 0) for person in people],
    }


def report(real):
    """Mede e imprime."""
    chosen = settings.read()
    start = time.perf_counter()
    finder(chosen)
    print(f"rede pronta em {time.perf_counter() - start:.0f} s (treino só se faltava no depósito)")
    rows, truth = frontal_films(real)
    patients = rows.patient.astype(str).to_numpy()
    images = [datasets.read_image(path) for path in rows.path]
    start = time.perf_counter()
    found = list(lungs.find_many(images, chosen))
    print(f"{(time.perf_counter() - start) / len(images) * 1000:.0f} ms por filme já lido")
    scores = iou(np.array([each.boxes for each in found]), truth).mean(axis=1)
    constant = iou(constant_boxes(truth, patients), truth).mean(axis=1)
    half = np.where(development(patients), "desenvolvimento", "teste")
    groups = {"todos": np.ones(len(rows), bool)}
    groups |= {name: half == name for name in ("desenvolvimento", "teste")}
    groups |= {view: (rows.view == view).to_numpy() for view in sorted(rows.view.unique())}
    records = {
        name: {
            "filmes": part.sum(),
            "pacientes": len(np.unique(patients[part])),
            "IoU": interval(scores[part], patients[part]),
            "caixa constante": interval(constant[part], patients[part]),
            "sem os dois": sum(np.isnan(found[i].boxes).any() for i in np.flatnonzero(part)),
        }
        for name, part in groups.items()
    }
    print(pd.DataFrame.from_dict(records, orient="index").to_string())
    confidence = np.array([each.confidence for each in found])
    print(f"confiança e IoU: correlação {np.corrcoef(confidence, scores)[0, 1]:.2f}")
    print("confiança, percentis 1, 5, 25, 50:", np.percentile(confidence, (1, 5, 25, 50)).round(2))
    print("os piores:")
    for i in np.argsort(scores)[:10]:
        print(
            f"  {scores[i]:.2f}  {rows.view[i]:10s} confiança {confidence[i]:.2f}  {rows.path[i]}"
        )
    for name, strange in strangers().items():
        told = list(lungs.find_many(strange, chosen))
        both = np.mean([np.isfinite(each.boxes).all() for each in told])
        some = np.mean([np.isfinite(each.boxes).any() for each in told])
        top = max(each.confidence for each in told)
        print(
            f"{name} ({len(told)}): dois pulmões em {both:.0%}, algum em {some:.0%};"
            f" maior confiança {top:.2f}"
        )


def interval(values, patients):
    """A média e o intervalo de 95 % por paciente, por extenso."""
    middle, low, high = evaluation.bootstrap(values, patients)
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def main():
    """Lê as opções e imprime a comparação."""
    parser = argparse.ArgumentParser(description="Pulmões achados contra as caixas do acervo")
    parser.add_argument("--real", required=True, help="pasta com filmes reais no leiaute público")
    report(parser.parse_args().real)


if __name__ == "__main__":
    main()
