"""Os pulmões achados por uma rede que só viu fantomas, contra as caixas do acervo.

Uso: ``python -m benchmarks.lungs --real PASTA [--half 0]``, com a pasta no leiaute dos acervos
públicos e ``lung_boxes.json`` ao lado das imagens. Os filmes frontais com caixas se dividem por
paciente em duas metades (`half`). Tudo o que se escolheu na busca — folgas, limiares, o que a rede
vê no treino, a curva da confiança — foi escolhido na metade 0; a metade 1, que é a do padrão, só se
mede. Imprime a média da intersecção sobre a união (IoU) das duas caixas, por incidência, ao lado da
de uma só caixa constante (a média das caixas dos outros pacientes), com intervalos por paciente; os
filmes sem os dois pulmões; a confiança contra o que ela promete; os piores filmes; o que a rede diz
de imagens que não são filmes frontais; e quanto ela demorou.
"""

import argparse
import hashlib
import time

import cv2
import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_images

from covidcam import datasets, evaluation, lungs, settings
from covidcam.datasets.readers import FRONTAL
from covidcam.lungs.finder import finder
from covidcam.phantom import anatomy, others

GOOD = 0.7  # IoU das caixas bem postas
SURE = 0.9  # confiança dos que se dizem seguros


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


def half(patient):
    """A metade de um paciente: 0, a das escolhas, ou 1, a que só se mede."""
    return int(hashlib.md5(f"pulmoes/{patient}".encode()).hexdigest(), 16) % 2


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


def report(real, part):
    """Mede uma das metades e imprime."""
    chosen = settings.read()
    start = time.perf_counter()
    finder(chosen)
    print(f"rede pronta em {time.perf_counter() - start:.0f} s (treino só se faltava no depósito)")
    rows, truth = frontal_films(real)
    inside = (rows.patient.map(half) == part).to_numpy()
    rows, truth = rows[inside].reset_index(drop=True), truth[inside]
    patients = rows.patient.astype(str).to_numpy()
    images = [datasets.read_image(path) for path in rows.path]
    start = time.perf_counter()
    found = list(lungs.find_many(images, chosen))
    print(f"{(time.perf_counter() - start) / len(images) * 1000:.0f} ms por filme já lido")
    scores = iou(np.array([each.boxes for each in found]), truth).mean(axis=1)
    constant = iou(constant_boxes(truth, patients), truth).mean(axis=1)
    groups = {"todos": np.ones(len(rows), bool)}
    groups |= {view: (rows.view == view).to_numpy() for view in sorted(rows.view.unique())}
    records = {
        name: {
            "filmes": group.sum(),
            "pacientes": len(np.unique(patients[group])),
            "IoU": interval(scores[group], patients[group]),
            "caixa constante": interval(constant[group], patients[group]),
            "sem os dois": sum(np.isnan(found[i].boxes).any() for i in np.flatnonzero(group)),
        }
        for name, group in groups.items()
    }
    print(f"metade {part}, {'a das escolhas' if part == 0 else 'a que só se mede'}:")
    print(pd.DataFrame.from_dict(records, orient="index").to_string())
    confidence = np.array([each.confidence for each in found])
    print(reliability(confidence, scores > GOOD).to_string())
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


def reliability(confidence, good):
    """Por faixa de confiança: os filmes, a confiança média e a parte com IoU acima de `GOOD`."""
    edges = (0, 0.5, 0.8, SURE, 1.001)
    bands = pd.cut(
        confidence, edges, right=False, labels=["até 0,5", "até 0,8", "até 0,9", "seguros"]
    )
    table = pd.DataFrame({"faixa": bands, "confiança": confidence, "bons": good, "filmes": 1})
    means = {"filmes": "sum", "confiança": "mean", "bons": "mean"}
    return table.groupby("faixa", observed=True).agg(means).round(2)


def interval(values, patients):
    """A média e o intervalo de 95 % por paciente, por extenso."""
    middle, low, high = evaluation.bootstrap(values, patients)
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def main():
    """Lê as opções e imprime a comparação."""
    parser = argparse.ArgumentParser(description="Pulmões achados contra as caixas do acervo")
    parser.add_argument("--real", required=True, help="pasta com filmes reais no leiaute público")
    parser.add_argument("--half", type=int, choices=(0, 1), default=1, help="0: a das escolhas")
    options = parser.parse_args()
    report(options.real, options.half)


if __name__ == "__main__":
    main()
