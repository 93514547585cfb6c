"""Quanto os fantomas se parecem com radiografias reais, em números.

Uso: ``python -m benchmarks.realism --real PASTA [--weights PASTA] [--sheet ARQUIVO]``, com a pasta
no leiaute dos acervos públicos. Os pesos da VGG16 vêm de ``--weights``, de COVIDCAM_PESOS, da pasta
``weights`` ao lado dos filmes ou do cache do Keras: o primeiro que houver. Imprime, fantoma contra
real: a distância entre os histogramas de cinza, a inclinação do espectro de potência radial, a área
sob a curva ROC (AUC) de um classificador que tenta dizer qual é qual (características da VGG16,
validação cruzada por paciente) e, sem meta, a AUC COVID-19 × NORMAL em filmes reais de uma rede
treinada só com fantomas, ao lado da de sete estatísticas de cinza treinadas nos próprios filmes
reais.

Depois, os implantes (`covidcam.phantom.implant`), todos em pares do mesmo paciente: as AUC, fora da
amostra, de quem tenta separar a lesão do placebo, o placebo do filme intacto e o implante da doença
real das mesmas crianças. ``--sheet`` grava, para os olhos, doze implantes acima de doze doentes
reais; são radiografias de pessoas, e a folha não sai da máquina.

As sete estatísticas vão bem pelo motivo errado: nos acervos públicos a COVID-19 vem de um lugar e
os normais de outro, e o brilho do filme conta de onde ele veio.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from covidcam import artefacts, datasets, models, settings
from covidcam.phantom import write_archive

SIDE = datasets.SIDE
COUNTS = {"COVID-19": 175, "NORMAL": 100, "OUTRAS": 100}
BAND = (4, 100)  # ciclos por imagem em que se mede a inclinação


def read(folder):
    """Catálogo dos filmes frontais das três classes, com as imagens (N, SIDE, SIDE, 3)."""
    catalog = datasets.load_catalog(folder)
    catalog = catalog[catalog.label.isin(datasets.CLASSES)].reset_index(drop=True)
    images = np.stack([datasets.read_image(path, SIDE) for path in catalog.path])
    return catalog, images


def histogram_distance(a, b):
    """Distância de Wasserstein, em níveis de cinza, entre os histogramas médios."""
    one, other = (
        np.mean([np.bincount(image.ravel(), minlength=256) for image in images[..., 0]], axis=0)
        for images in (a, b)
    )
    return stats.wasserstein_distance(range(256), range(256), one, other)


def spectrum_slope(images):
    """Inclinação, em log–log, do espectro de potência radial: média e desvio entre filmes."""
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    rows, columns = np.indices((SIDE, SIDE)) - SIDE // 2
    radius = np.hypot(rows, columns).astype(int).ravel()
    slopes = []
    for image in images[..., 0].astype(float):
        power = np.abs(np.fft.fftshift(np.fft.fft2((image - image.mean()) * window))) ** 2
        radial = np.bincount(radius, power.ravel()) / np.bincount(radius)
        band = np.arange(*BAND)
        slopes.append(np.polyfit(np.log(band), np.log(radial[band]), 1)[0])
    return np.mean(slopes), np.std(slopes)


def cross_validated_auc(features, truth, patients):
    """AUC, e o intervalo de 95 % por reamostragem de pacientes, fora da amostra."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(
        classifier, features, truth, groups=patients, cv=folds, method="decision_function"
    )
    return auc_with_interval(truth, scores, patients)


def auc_with_interval(truth, scores, patients, rounds=500):
    """AUC e percentis 2,5 e 97,5 de reamostragens de pacientes."""
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(patients == patient) for patient in pd.unique(patients)]
    values = []
    while len(values) < rounds:
        chosen = np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])
        if np.ptp(truth[chosen]) > 0:
            values.append(roc_auc_score(truth[chosen], scores[chosen]))
    return roc_auc_score(truth, scores), *np.percentile(values, (2.5, 97.5))


def grey_statistics(images):
    """Sete estatísticas do filme inteiro: média, desvio, assimetria e quatro percentis."""
    flat = images[..., 0].reshape(len(images), -1).astype(float)
    return np.column_stack(
        [
            flat.mean(1),
            flat.std(1),
            stats.skew(flat, axis=1),
            *np.percentile(flat, (5, 25, 75, 95), 1),
        ]
    )


def vgg16_features(images, weights):
    """Médias espaciais do último mapa da VGG16 treinada na ImageNet."""
    model = models.build("vgg16", list(datasets.CLASSES), weights=weights)
    features = models.extract(model, images)
    return features.reshape(len(features), -1, features.shape[-1]).mean(1)


def train_on_phantoms(catalog, images):
    """Uma mini-vgg treinada só com fantomas."""
    targets = datasets.one_hot(catalog.label, datasets.CLASSES)
    model = models.build("mini-vgg", list(datasets.CLASSES))
    features = models.extract(model, images)
    fit, validation = datasets.split_by_patient(catalog, 8, 0)
    models.train(model, features, targets, fit, validation, augment=True)
    return model


def covid_scores(model, images):
    """Logaritmo da razão entre COVID-19 e NORMAL segundo o modelo."""
    probability = np.clip(models.predict(model, images), 1e-7, 1)
    covid, normal = (list(datasets.CLASSES).index(name) for name in ("COVID-19", "NORMAL"))
    return np.log(probability[:, covid] / probability[:, normal])


def report(real, weights, confounding):
    """Mede e imprime."""
    rows, films = read(real)
    with tempfile.TemporaryDirectory() as scratch:
        fake_rows, fakes = read(write_archive(Path(scratch) / "fantomas", COUNTS, 1, confounding))
    print(f"{len(films)} filmes reais, {len(fakes)} fantomas (confounding = {confounding:g})")
    print(f"histograma: distância de {histogram_distance(films, fakes):.1f} níveis de cinza")
    (real_slope, spread), (slope, _) = spectrum_slope(films), spectrum_slope(fakes)
    print(
        f"espectro: inclinação {slope:.2f} contra {real_slope:.2f} ± {spread:.2f}"
        f" nos reais ({slope / real_slope - 1:+.1%})"
    )
    truth = np.r_[np.ones(len(films)), np.zeros(len(fakes))]
    patients = np.r_["r" + rows.patient.astype(str), "f" + fake_rows.patient.astype(str)]
    features = np.r_[vgg16_features(films, weights), vgg16_features(fakes, weights)]
    value, low, high = cross_validated_auc(features, truth, patients)
    print(f"real ou fantoma (VGG16): AUC {value:.3f} [{low:.3f}, {high:.3f}]")

    pair = rows.label.isin(("COVID-19", "NORMAL")).to_numpy()
    covid = (rows.label[pair] == "COVID-19").to_numpy().astype(int)
    groups = rows.patient[pair].astype(str).to_numpy()
    scores = covid_scores(train_on_phantoms(fake_rows, fakes), films[pair])
    value, low, high = auc_with_interval(covid, scores, groups)
    print(
        f"COVID-19 × NORMAL nos reais, rede treinada só com fantomas: AUC {value:.3f}"
        f" [{low:.3f}, {high:.3f}]"
    )
    value, low, high = cross_validated_auc(grey_statistics(films[pair]), covid, groups)
    print(
        f"o mesmo, sete estatísticas de cinza treinadas nos reais: AUC {value:.3f}"
        f" [{low:.3f}, {high:.3f}] — alta pelo motivo errado: a origem do filme é a classe"
    )


def report_implants(real, weights, sheet):
    """Mede os implantes e imprime; grava a folha se há onde."""
    chosen = settings.read()
    pretrained = Path(weights) if weights else None
    chosen = replace(chosen, source="real", data=Path(real).resolve(), weights=pretrained)
    made = artefacts.implants(chosen)
    count, patients = len(made.films.images), made.films.patients.astype(str)
    versions = {
        name: vgg16_features(images, weights)
        for name, images in zip(("lesão", "placebo"), made.pair("lesion"), strict=True)
    }
    versions["intacto"] = vgg16_features(made.untouched, weights)
    truth = np.repeat((1, 0), count)
    for one, other in (("lesão", "placebo"), ("placebo", "intacto")):
        features = np.concatenate([versions[one], versions[other]])
        value, low, high = cross_validated_auc(features, truth, np.tile(patients, 2))
        print(f"{one} × {other}: AUC {value:.3f} [{low:.3f}, {high:.3f}] em {count} pares")
    rows, films = read(real)
    sick = (rows.source == "kermany").to_numpy() & (rows.label == "OUTRAS").to_numpy()
    truth = np.r_[np.ones(count), np.zeros(sick.sum())]
    groups = np.r_["n" + patients, "d" + rows.patient[sick].astype(str)]
    features = np.concatenate([versions["lesão"], vgg16_features(films[sick], weights)])
    value, low, high = cross_validated_auc(features, truth, groups)
    print(f"implante × pneumonia real: AUC {value:.3f} [{low:.3f}, {high:.3f}]")
    inside = [
        (lesion & lungs).sum() / lesion.sum()
        for lesion, lungs in zip(made.films.lesions, made.films.lungs, strict=True)
        if lesion.any()
    ]
    print(f"da lesão dentro dos pulmões: no mínimo {min(inside):.1%}")
    if sheet:
        draw = np.random.default_rng(0).permutation
        shown = made.films.images[draw(count)[:12]], films[sick][draw(sick.sum())[:12]]
        halves = [np.hstack(part) for row in shown for part in np.split(row, 2)]
        cv2.imwrite(str(sheet), np.vstack(halves)[..., ::-1])


def main():
    """Lê as opções e imprime a comparação."""
    parser = argparse.ArgumentParser(description="Fantomas contra radiografias reais")
    parser.add_argument("--real", required=True, help="pasta com filmes reais no leiaute público")
    parser.add_argument("--weights", help="pasta com os pesos ImageNet, nos arquivos do Keras")
    parser.add_argument("--confounding", type=float, default=0.0, help="0 a 1 (padrão 0)")
    parser.add_argument("--sheet", type=Path, help="imagem em que gravar 12 implantes e 12 doentes")
    options = parser.parse_args()
    beside = Path(options.real) / "weights"
    weights = options.weights or settings.read().weights or (beside if beside.is_dir() else None)
    report(options.real, weights, options.confounding)
    report_implants(options.real, weights, options.sheet)


if __name__ == "__main__":
    main()
