"""O capítulo dos atalhos: os filmes, o botão, os controles e os reparos, guardados no depósito."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam import datasets, store
from covidcam.artefacts import networks
from covidcam.artefacts.data import (
    SOURCE_2020,
    identity,
    raw_data,
    selection,
    weights_identity,
)
from covidcam.evaluation import (
    Interval,
    balanced_accuracy,
    bootstrap,
    controls,
    energy_ratio,
    repairs,
)
from covidcam.settings import Settings

if TYPE_CHECKING:
    import keras

LOOKS = ("infantil", "adulto")  # os dois modos de filmar dos fantomas, nesta ordem
HABIT = ("NORMAL", "COVID-19")  # com o botão em 1, que classe é radiografada de cada modo
DIALS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS = (0, 1)
PATIENTS, HELD_OUT, SIDE = 160, 50, 128
FIRST_PATIENT = 2**29  # nenhum acervo do livro tem estes pacientes
RECIPE = {
    "mini-vgg": {"epochs": 12, "augment": True},
    "vgg16": {"epochs": 80, "learning_rate": 1e-2},
}
WATCHED = 8  # imagens do treino que só acompanham as curvas
# O código de que dependem as tabelas; as redes dependem só do que as treina.
CODE = ("phantom", "datasets", "lungs", "models", "cam", "evaluation", "artefacts/shortcuts")


@dataclass(frozen=True)
class Sample:
    """Filmes com o que se sabe de cada um.

    Attributes
    ----------
    images : ndarray, uint8 (N, H, W, 3)
    lungs : ndarray, bool (N, H, W)
    lesions : ndarray, bool (N, H, W), or None
        None onde ninguém as conhece.
    rows : DataFrame
        N linhas com label, patient e os fatos.
    facts : tuple of str
        As colunas de `rows` que são pistas de que não se precisa olhar o filme para usar.
    test : ndarray, bool (N,)
        Os filmes que a rede não vê; nenhum paciente está dos dois lados.
    """

    images: np.ndarray
    lungs: np.ndarray
    lesions: np.ndarray | None
    rows: pd.DataFrame
    facts: tuple[str, ...]
    test: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """A classe de cada filme."""
        return self.rows["label"].to_numpy()

    @property
    def patients(self) -> np.ndarray:
        """O paciente de cada filme."""
        return self.rows["patient"].to_numpy()

    @property
    def classes(self) -> list[str]:
        """As classes presentes, na ordem do livro."""
        return [label for label in datasets.CLASSES if label in set(self.labels)]

    def pick(self, index: np.ndarray) -> "Sample":
        """Só os filmes escolhidos.

        Parameters
        ----------
        index : ndarray, int ou bool

        Returns
        -------
        Sample
        """
        return replace(
            self,
            images=self.images[index],
            lungs=self.lungs[index],
            lesions=None if self.lesions is None else self.lesions[index],
            rows=self.rows.iloc[np.arange(len(self.rows))[index]].reset_index(drop=True),
            test=self.test[index],
        )

    def measure(self, features: Callable = controls.pixels) -> pd.DataFrame:
        """Os controles destes filmes, como `covidcam.evaluation.controls.measure`."""
        return controls.measure(
            self.images,
            self.labels,
            self.patients,
            self.lungs,
            self.rows[list(self.facts)],
            features,
        )


# Os filmes -------------------------------------------------------------------------------------


def filmed_twice(settings: Settings) -> Sample:
    """Fantomas em que cada paciente é radiografado dos dois modos, um filme depois do outro.

    Girar o botão é só escolher um dos dois: os pacientes e as lesões são sempre os mesmos.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Sample
        Duas linhas por paciente, na ordem de `LOOKS`.
    """

    def make(folder: Path) -> None:
        import joblib

        jobs = [(k, look) for k in range(PATIENTS) for look in LOOKS]
        films = joblib.Parallel(n_jobs=2)(joblib.delayed(_film)(*job) for job in jobs)
        images, lungs, lesions, rows = zip(*films, strict=True)
        np.savez(folder / "films.npz", images=images, lungs=lungs, lesions=lesions)
        pd.DataFrame(rows).to_csv(folder / "rows.csv", index=False)

    parameters = {"patients": PATIENTS, "side": SIDE, "first": FIRST_PATIENT}
    folder = store.keep(settings.cache, "dois-modos", parameters, ["phantom"], make)
    films = np.load(folder / "films.npz")
    rows = pd.read_csv(folder / "rows.csv")
    return Sample(
        images=np.repeat(films["images"][..., None], 3, axis=-1),
        lungs=films["lungs"],
        lesions=films["lesions"],
        rows=rows,
        facts=("modo", "incidência", "faixa etária"),
        test=np.arange(len(rows)) >= 2 * (PATIENTS - HELD_OUT),
    )


def _film(number, look):
    import cv2

    from covidcam import phantom

    cv2.setNumThreads(1)
    patient = FIRST_PATIENT + number
    label = HABIT[number % 2]
    film = phantom.radiograph(patient, label, SIDE, look=look, patient=patient)
    row = {
        "label": label,
        "patient": patient,
        "modo": look,
        "incidência": film.facts["view"],
        "faixa etária": "criança" if film.facts["age"] < 12 else "adulto",
        "licence": "CC0 (fantoma)",
        "synthetic": True,
    }
    return film.image, film.lungs, film.lesions, row


def turn_dial(twice: Sample, dial: float, seed: int = 0) -> Sample:
    """Um filme por paciente, com o modo de filmar tão amarrado à classe quanto se queira.

    Parameters
    ----------
    twice : Sample
        O que `filmed_twice` devolve.
    dial : float
        De 0 (o modo é sorteado) a 1 (cada classe é sempre radiografada do seu modo).
    seed : int
        Do sorteio.

    Returns
    -------
    Sample
    """
    habit = _habit(twice)
    follow, free = np.random.default_rng(seed).uniform(size=(2, len(habit)))
    look = np.where(follow < dial, habit, free < 0.5)
    return twice.pick(2 * np.arange(len(habit)) + look)


def _habit(twice):
    """O modo de filmar de cada paciente quando o botão está em 1."""
    return np.array([HABIT.index(label) for label in twice.labels[::2]])


def real_films(settings: Settings) -> Sample:
    """As radiografias reais do livro e as outras infecções do acervo de Cohen.

    Parameters
    ----------
    settings : Settings
        Com radiografias reais como fonte.

    Returns
    -------
    Sample
        As máscaras dos pulmões são as que `covidcam.lungs.find_many` acha.
    """
    from covidcam import lungs

    data = raw_data(settings)

    def make(folder: Path) -> None:
        catalog = datasets.usable(datasets.survey(data))
        inside = (catalog["source"] == "cohen") & (catalog["label"] == "OUTRAS")
        rows = pd.concat([selection(settings, catalog), catalog[inside]])
        made = datasets.prepare(rows, folder)
        found = [each.mask for each in lungs.find_many(made.X, settings)]
        np.save(folder / "lungs.npy", np.packbits(found, axis=-1))

    parameters = {"data": identity(settings, data), "size": settings.size}
    code = ["datasets", "lungs", "phantom", "artefacts/data"]
    folder = store.keep(settings.cache, "filmes-reais", parameters, code, make)
    made = datasets.load(folder)
    rows = made.rows.assign(acervo=made.rows["source"], incidência=made.rows["view"])
    _, test = datasets.split_by_patient(rows)
    side = made.X.shape[2]
    return Sample(
        images=made.X,
        lungs=np.unpackbits(np.load(folder / "lungs.npy"), axis=-1, count=side).astype(bool),
        lesions=None,
        rows=rows,
        facts=("acervo", "incidência"),
        test=np.isin(np.arange(len(rows)), test),
    )


def flattering(settings: Settings) -> Sample:
    """Os filmes como as coleções públicas os trazem: cada classe do seu acervo, do seu modo.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Sample
        Fantomas com o botão em 1, ou as radiografias reais escolhidas como em 2020.
    """
    if settings.source == "fantoma":
        return turn_dial(filmed_twice(settings), 1.0)
    films = real_films(settings)
    return films.pick((films.rows["acervo"] == films.rows["label"].map(SOURCE_2020)).to_numpy())


# As redes --------------------------------------------------------------------------------------


def network(settings: Settings, films: Sample, seed: int = 0) -> "keras.Model":
    """Uma rede treinada nos filmes que não são de teste.

    Parameters
    ----------
    settings : Settings
    films : Sample
    seed : int

    Returns
    -------
    keras.Model
        Uma mini-vgg nos fantomas; a VGG16 congelada e uma camada densa nas radiografias reais, ou
        a mini-vgg também nelas, se faltam os pesos.
    """
    from covidcam import models

    name = _backbone(settings)
    recipe = RECIPE[name] | {"seed": seed}
    train = np.flatnonzero(~films.test)

    def make(folder: Path) -> None:
        shape = films.images.shape[1:]
        model = models.build(name, films.classes, settings.weights, "pooled", shape, seed)
        if name == "vgg16":
            features = deep_features(settings, films.images)
        else:
            features = models.extract(model, films.images)
        Y = datasets.one_hot(films.labels, films.classes)
        models.train(model, features, Y, train[:-WATCHED], train[-WATCHED:], **recipe)
        model = models.describe(model, films.classes, settings.source)
        models.save(model, folder / "model.keras")

    parameters = {
        "images": _fingerprint(films.images),
        "labels": films.labels.tolist(),
        "train": train.tolist(),
        "recipe": recipe,
        "weights": weights_identity(settings) if name == "vgg16" else "",
    }
    folder = store.keep(settings.cache, "atalhos-redes", parameters, ["models"], make)
    return models.load(folder / "model.keras")


def _backbone(settings):
    return networks.network(settings, "pooled")[0]


def deep_features(settings: Settings, images: np.ndarray) -> np.ndarray:
    """A saída média da VGG16 congelada para cada imagem.

    Parameters
    ----------
    settings : Settings
    images : ndarray, uint8 (N, H, W, 3)

    Returns
    -------
    ndarray, float32 (N, 512)
    """
    from covidcam import models

    def make(folder: Path) -> None:
        model = models.build(
            "vgg16", datasets.CLASSES, settings.weights, "pooled", images.shape[1:]
        )
        np.save(folder / "features.npy", models.extract(model, images))

    parameters = {"images": _fingerprint(images), "weights": weights_identity(settings)}
    code = ["models/architectures", "models/inference"]
    folder = store.keep(settings.cache, "atalhos-vgg16", parameters, code, make)
    return np.load(folder / "features.npy")


def _fingerprint(images):
    return hashlib.sha256(np.ascontiguousarray(images)).hexdigest()


# O botão ---------------------------------------------------------------------------------------


def dial_experiment(settings: Settings) -> pd.DataFrame:
    """Do botão em 0 ao botão em 1: o que a acurácia mostra e o que ela esconde.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, os filmes são os de `filmed_twice`.

    Returns
    -------
    DataFrame
        Uma linha por posição do botão e semente: confounded (a acurácia nos pacientes de teste
        radiografados como os do treino), unconfounded (nos mesmos, cada um dos dois modos), e a
        energia de dois mapas na lesão, em vezes o acaso, nos adultos com COVID-19.
    """

    def make(folder: Path) -> None:
        phantoms = settings.with_phantoms()
        twice = filmed_twice(phantoms)
        records = [_turned(phantoms, twice, dial, seed) for dial in DIALS for seed in SEEDS]
        pd.DataFrame(records).to_csv(folder / "dial.csv", index=False)

    folder = store.keep(settings.cache, "botao", {}, CODE, make)
    return pd.read_csv(folder / "dial.csv")


def _turned(settings, twice, dial, seed):
    from covidcam import cam, models

    model = network(settings, turn_dial(twice, dial, seed), seed)
    test = twice.pick(twice.test)
    right = _right(models.predict(model, test.images), test).reshape(-1, 2)
    habit, each = _habit(test), np.arange(len(right))
    at_home, away = right[each, habit].mean(), right[each, 1 - habit].mean()
    sick = test.pick((test.labels == "COVID-19") & (test.rows["modo"] == "adulto").to_numpy())
    target = test.classes.index("COVID-19")
    options = {"window": SIDE // 4, "stride": SIDE // 8}
    maps = cam.explain(model, sick.images, ["grad-cam", "occlusion"], target, **options)
    return {
        "dial": dial,
        "seed": seed,
        "confounded": ((1 + dial) * at_home + (1 - dial) * away) / 2,
        "unconfounded": right.mean(),
        **{name: energy_ratio(each.values, sick.lesions).mean() for name, each in maps.items()},
    }


def _right(probabilities, films):
    return np.array(films.classes)[probabilities.argmax(axis=1)] == films.labels


# Os controles e os reparos ---------------------------------------------------------------------


def shortcut_controls(settings: Settings) -> pd.DataFrame:
    """Os controles dos filmes de `flattering`; onde há a VGG16 congelada, com o que ela vê.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        Como `covidcam.evaluation.controls.measure`, com a coluna films: nos fantomas, há
        também os mesmos pacientes com o modo de filmar sorteado.
    """

    def make(folder: Path) -> None:
        if settings.source == "real":
            films = flattering(settings)
            deep = _backbone(settings) == "vgg16"
            see = partial(deep_features, settings) if deep else controls.pixels
            tables = {"coleções": films.measure(see)}
        else:
            twice = filmed_twice(settings)
            sets = {"modo sorteado": 0.0, "modo de cada classe": 1.0}
            tables = {name: turn_dial(twice, dial).measure() for name, dial in sets.items()}
        table = pd.concat(tables, names=["films"]).reset_index("films")
        table.to_csv(folder / "controls.csv", index=False)

    folder = store.keep(settings.cache, "controles", _parameters(settings), CODE, make)
    return pd.read_csv(folder / "controls.csv")


def repair(films: Sample) -> Sample:
    """Os filmes recortados nos pulmões, com o resto apagado e os cinzas igualados.

    Parameters
    ----------
    films : Sample

    Returns
    -------
    Sample
    """
    cut = [
        None if pictures is None else repairs.crop(pictures, films.lungs)
        for pictures in (repairs.equalise(films.images, films.lungs), films.lungs, films.lesions)
    ]
    return replace(films, images=cut[0], lungs=cut[1], lesions=cut[2])


def one_mode(settings: Settings) -> Sample:
    """Filmes de todas as classes feitos do mesmo modo, para que o modo não conte a classe.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Sample
        Fantomas todos adultos; ou, nas reais, COVID-19 e outras infecções do acervo de Cohen.
    """
    if settings.source == "fantoma":
        twice = filmed_twice(settings)
        return twice.pick((twice.rows["modo"] == "adulto").to_numpy())
    films = real_films(settings)
    return films.pick((films.rows["acervo"] == "cohen").to_numpy())


def before_and_after(settings: Settings) -> pd.DataFrame:
    """O que os reparos mudam.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        Uma linha por conjunto de filmes (films: ``"coleções"`` ou ``"um só modo"``), estado (state:
        ``"como vieram"`` ou ``"reparados"``) e medida (measure), com mean, low, high, chance (o
        que o acaso daria), images e patients. As medidas:

        - network: acurácia balanceada da rede em pacientes que ela não viu;
        - both_looks: a mesma, com cada paciente radiografado dos dois modos (só nos fantomas);
        - energy: energia do Grad-CAM nos pulmões, em vezes a parte da imagem que eles cobrem;
        - share: essa parte;
        - hidden, shape: acurácia balanceada com os pulmões apagados, e só com a forma deles;
        - look: a de adivinhar o modo de filmar, ou o acervo, entre filmes da mesma classe.
    """

    def make(folder: Path) -> None:
        phantoms = settings.source == "fantoma"
        both = filmed_twice(settings) if phantoms else real_films(settings)
        sets = {"coleções": flattering(settings), "um só modo": one_mode(settings)}
        changes = {"como vieram": lambda films: films, "reparados": repair}
        tables = {
            (name, state): _state(settings, change(films), change(both))
            for name, films in sets.items()
            for state, change in changes.items()
        }
        table = pd.concat(tables, names=["films", "state"]).reset_index(["films", "state"])
        # os filmes dos dois modos são os mesmos nos dois conjuntos
        table = table[(table["measure"] != "look") | (table["films"] == "coleções")]
        table.to_csv(folder / "repairs.csv", index=False)

    folder = store.keep(settings.cache, "reparos", _parameters(settings), CODE, make)
    return pd.read_csv(folder / "repairs.csv")


def _state(settings, films, both):
    """As medidas de um conjunto de filmes num estado; `both`, os filmes dos dois modos nele."""
    from covidcam import cam, models

    model = network(settings, films)
    test = films.pick(films.test)
    maps = cam.explain(model, test.images)
    found = {
        "energy": (bootstrap(energy_ratio(maps.values, test.lungs), test.patients), test),
        "share": (bootstrap(test.lungs.mean(axis=(1, 2)), test.patients), test),
        "hidden": _score(films, controls.pixels(controls.hide(films.images, films.lungs))),
        "shape": _score(films, controls.pixels(films.lungs)),
    }
    found["network"] = _accuracy(maps.scores, test)
    if _backbone(settings) == "vgg16":
        # a camada final é a mesma conta sobre as mesmas características: todos servem de teste
        found["network"] = _score(films, deep_features(settings, films.images))
    if settings.source == "real":
        others = both.pick(both.labels == "OUTRAS")
        found["look"] = _score(others, controls.pixels(others.images), "acervo")
    else:
        new = both.pick(both.test)
        found["both_looks"] = _accuracy(models.predict(model, new.images), new)
        found["look"] = _score(both, controls.pixels(both.images), "modo")
    records = [
        {
            "measure": name,
            **interval._asdict(),
            "chance": {"energy": 1, "share": np.nan, "look": 1 / 2}.get(name, 1 / len(of.classes)),
            "images": len(of.rows),
            "patients": of.rows["patient"].nunique(),
        }
        for name, (interval, of) in found.items()
    ]
    return pd.DataFrame(records)


def _accuracy(probabilities, films):
    right = _right(probabilities, films)
    return balanced_accuracy(right, films.labels, films.patients), films


def _score(films, features, answer="label"):
    found = controls.score(features, films.rows[answer], films.patients)
    return Interval(found["balanced"], found["low"], found["high"]), films


def _parameters(settings):
    """O que distingue os filmes do capítulo de uma fonte para a outra."""
    if settings.source == "fantoma":
        return {"source": "fantoma"}
    data = {"data": identity(settings, settings.data), "size": settings.size}
    return data | {"weights": weights_identity(settings), "network": _backbone(settings)}
