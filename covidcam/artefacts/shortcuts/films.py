"""Os filmes do capítulo dos atalhos: dos dois modos, com o botão, das coleções, reparados."""

from dataclasses import replace
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd

from covidcam import datasets, lungs, phantom, store
from covidcam.artefacts.data import SOURCE_2020, identity, raw_data, selection
from covidcam.artefacts.films import Films
from covidcam.evaluation import repairs
from covidcam.settings import Settings

LOOKS = ("infantil", "adulto")  # os dois modos de radiografar dos fantomas, nesta ordem
HABIT = ("NORMAL", "COVID-19")  # com o botão em 1, que classe é radiografada de cada modo
PATIENTS, HELD_OUT, SIDE = 160, 50, 128
FIRST_PATIENT = 2**29  # nenhum acervo do livro tem estes pacientes


def filmed_twice(settings: Settings) -> Films:
    """Fantomas em que cada paciente é radiografado dos dois modos, um filme depois do outro.

    Girar o botão é só escolher um dos dois: os pacientes e as lesões são sempre os mesmos.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Films
        Duas linhas por paciente, na ordem de `LOOKS`.
    """

    def make(folder: Path) -> None:
        jobs = [(k, look) for k in range(PATIENTS) for look in LOOKS]
        films = joblib.Parallel(n_jobs=2)(joblib.delayed(_film)(*job) for job in jobs)
        images, lungs, lesions, rows = zip(*films, strict=True)
        np.savez(folder / "films.npz", images=images, lungs=lungs, lesions=lesions)
        pd.DataFrame(rows).to_csv(folder / "rows.csv", index=False)

    parameters = {"patients": PATIENTS, "side": SIDE, "first": FIRST_PATIENT}
    code = ["phantom", "artefacts/shortcuts/films"]
    folder = store.keep(settings.cache, "dois-modos", parameters, code, make)
    films = np.load(folder / "films.npz")
    rows = pd.read_csv(folder / "rows.csv")
    return Films(
        images=datasets.three_channels(films["images"]),
        lungs=films["lungs"],
        lesions=films["lesions"],
        rows=rows,
        facts=("modo", "incidência", "faixa etária"),
        test=np.arange(len(rows)) >= 2 * (PATIENTS - HELD_OUT),
    )


def _film(number, look):
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


def turn_dial(twice: Films, dial: float, seed: int = 0) -> Films:
    """Um filme por paciente, com o modo de radiografar tão amarrado à classe quanto se queira.

    Parameters
    ----------
    twice : Films
        O que `filmed_twice` devolve.
    dial : float
        De 0 (o modo é sorteado) a 1 (cada classe é sempre radiografada do seu modo).
    seed : int
        Do sorteio.

    Returns
    -------
    Films
    """
    habit = habit_of(twice)
    follow, free = np.random.default_rng(seed).uniform(size=(2, len(habit)))
    look = np.where(follow < dial, habit, free < 0.5)
    return twice.pick(2 * np.arange(len(habit)) + look)


def habit_of(twice: Films) -> np.ndarray:
    """O modo de radiografar de cada paciente quando o botão está em 1."""
    return np.array([HABIT.index(label) for label in twice.labels[::2]])


def real_films(settings: Settings) -> Films:
    """As radiografias reais do livro e as outras infecções do acervo de Cohen.

    Parameters
    ----------
    settings : Settings
        Com radiografias reais como fonte.

    Returns
    -------
    Films
        As máscaras dos pulmões são as que `covidcam.lungs.find_many` acha.
    """
    data = raw_data(settings)

    def make(folder: Path) -> None:
        catalog = datasets.usable(datasets.survey(data))
        inside = (catalog["source"] == "cohen") & (catalog["label"] == "OUTRAS")
        rows = pd.concat([selection(settings, catalog), catalog[inside]])
        made = datasets.prepare(rows, folder)
        found = [each.mask for each in lungs.find_many(made.X, settings)]
        np.save(folder / "lungs.npy", np.packbits(found, axis=-1))

    parameters = {"data": identity(settings, data), "size": settings.size}
    code = ["datasets", "lungs", "models", "phantom", "seeding", "artefacts/data"]
    folder = store.keep(settings.cache, "filmes-reais", parameters, code, make)
    made = datasets.load(folder)
    rows = made.rows.assign(acervo=made.rows["source"], incidência=made.rows["view"])
    _, test = datasets.split_by_patient(rows)
    side = made.X.shape[2]
    return Films(
        images=made.X,
        lungs=np.unpackbits(np.load(folder / "lungs.npy"), axis=-1, count=side).astype(bool),
        lesions=None,
        rows=rows,
        facts=("acervo", "incidência"),
        test=np.isin(np.arange(len(rows)), test),
    )


def flattering(settings: Settings) -> Films:
    """Os filmes como as coleções públicas os trazem: cada classe do seu acervo, do seu modo.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Films
        Fantomas com o botão em 1, ou as radiografias reais escolhidas como em 2020.
    """
    if settings.source == "fantoma":
        return turn_dial(filmed_twice(settings), 1.0)
    films = real_films(settings)
    return films.pick((films.rows["acervo"] == films.rows["label"].map(SOURCE_2020)).to_numpy())


def repair(films: Films) -> Films:
    """Os filmes recortados nos pulmões, com o resto apagado e os cinzas igualados.

    Parameters
    ----------
    films : Films

    Returns
    -------
    Films
    """
    cut = [
        None if pictures is None else repairs.crop(pictures, films.lungs)
        for pictures in (repairs.equalise(films.images, films.lungs), films.lungs, films.lesions)
    ]
    return replace(films, images=cut[0], lungs=cut[1], lesions=cut[2])


def one_mode(settings: Settings) -> Films:
    """Filmes de todas as classes feitos do mesmo modo, para que o modo não conte a classe.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Films
        Fantomas todos adultos; ou, nas reais, COVID-19 e outras infecções do acervo de Cohen.
    """
    if settings.source == "fantoma":
        twice = filmed_twice(settings)
        return twice.pick((twice.rows["modo"] == "adulto").to_numpy())
    films = real_films(settings)
    return films.pick((films.rows["acervo"] == "cohen").to_numpy())


def unlinked(settings: Settings) -> tuple[str, Films]:
    """Os filmes em que o laço entre a classe e o modo de radiografar foi desfeito.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    name : str
        Como se chamam nas tabelas.
    films : Films
        Fantomas com o botão em 0: todas as classes dos dois modos. Nas reais, onde o modo não se
        sorteia, as de um acervo só, que são de um só modo.
    """
    if settings.source == "fantoma":
        return "modo sorteado", turn_dial(filmed_twice(settings), 0.0)
    return "um só acervo", one_mode(settings)
