"""Redes honestas, redes que aprenderam uma letra e redes que aprenderam o modo de radiografar.

Todas veem os mesmos pacientes, os do capítulo dos atalhos; só muda o que anda com a classe.
"""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from covidcam import cam, models, store
from covidcam.artefacts.films import Films
from covidcam.artefacts.shortcuts import filmed_twice, train, turn_dial
from covidcam.artefacts.shortcuts.films import habit_of
from covidcam.evaluation import OPPONENTS, energy_ratio
from covidcam.settings import Settings

SICK = "COVID-19"
SCHOOLS = ("honestas", "letra", "modo")  # o que cada dezena de redes pôde aprender
CLUES = MappingProxyType({"letter": "letra", "mode": "modo"})
NETWORKS = 10
# Sem variações, que deslocam e apagam a letra: com elas as redes da letra trapaceiam só em parte.
RECIPE = MappingProxyType({"augment": False})
# Escolhidos antes de medir: os mesmos cinco da página das redes destruídas.
ALARMS = ("grad-cam", "layer-cam", "eigen-cam", "gradient", "guided-grad-cam")
LETTER = "P"
SPOT = (0.03, 0.80, 0.17, 0.97)  # a caixa da letra, x0, y0, x1, y1 em partes do lado


def plant(films: Films, chosen: np.ndarray) -> Films:
    """Os mesmos filmes, com uma letra branca no canto de baixo dos escolhidos.

    Parameters
    ----------
    films : Films
    chosen : ndarray, bool (N,)

    Returns
    -------
    Films
    """
    images = films.images.copy()
    side = images.shape[1]
    left, _, right, bottom = (round(side * share) for share in SPOT)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, side // 64)
    scale = (right - left) / cv2.getTextSize(LETTER, font, 1.0, thick)[0][0]
    for place in np.flatnonzero(chosen):
        grey = np.ascontiguousarray(images[place, ..., 0])
        cv2.putText(grey, LETTER, (left, bottom), font, scale, 255, thick, cv2.LINE_AA)
        images[place] = grey[..., None]
    return replace(films, images=images)


def letter_box(films: Films) -> np.ndarray:
    """Onde a letra de `plant` fica, bool (N, H, W)."""
    side = films.images.shape[1]
    left, top, right, bottom = (round(side * share) for share in SPOT)
    box = np.zeros(films.images.shape[:3], bool)
    box[:, top : bottom + 1, left : right + 1] = True
    return box


def lesson(twice: Films, school: str) -> Films:
    """Os filmes de que uma das `SCHOOLS` aprende: um por paciente.

    Parameters
    ----------
    twice : Films
        O que `filmed_twice` devolve.
    school : str
        ``"honestas"``: o modo e a letra são sorteados. ``"letra"``: só o modo, e tem a letra quem
        tem a doença. ``"modo"``: só a letra, e cada classe é radiografada do seu modo.

    Returns
    -------
    Films
    """
    films = turn_dial(twice, float(school == "modo"))
    return plant(films, films.labels == SICK if school == "letra" else _drawn(films))


def turned(twice: Films, school: str) -> Films:
    """Os mesmos pacientes com a pista de uma escola trocada de classe.

    Parameters
    ----------
    twice : Films
        O que `filmed_twice` devolve.
    school : str
        ``"letra"``: tem a letra quem não tem a doença. ``"modo"``: cada classe é radiografada do
        modo da outra.

    Returns
    -------
    Films
    """
    if school == "letra":
        films = turn_dial(twice, 0.0)
        return plant(films, films.labels != SICK)
    habit = habit_of(twice)
    films = twice.pick(2 * np.arange(len(habit)) + 1 - habit)
    return plant(films, _drawn(films))


def watched(twice: Films) -> Films:
    """Os filmes em que se ouve o alarme: adultos doentes de teste, com a letra.

    Cada um podia ser do treino de qualquer das escolas: só as redes mudam de uma para outra.

    Parameters
    ----------
    twice : Films
        O que `filmed_twice` devolve.

    Returns
    -------
    Films
    """
    adult = twice.rows["modo"].to_numpy() == "adulto"
    films = twice.pick(twice.test & adult & (twice.labels == SICK))
    return plant(films, np.ones(len(films.rows), bool))


class Alarm(NamedTuple):
    """O que dizem de cada rede os seus acertos e os seus mapas.

    Attributes
    ----------
    answers : DataFrame
        Uma linha por rede: school, seed, e a acurácia nos filmes de teste como os do seu treino
        (home), e com a letra ou o modo trocados de classe (letter e mode).
    scores : DataFrame
        Uma linha por rede, mapa e filme de `watched`: school, seed, method, film, lungs e box, a
        energia nos pulmões e na caixa da letra, em múltiplos do acaso; o oponente “centro”, que não
        olha a rede, entra uma vez só, com a escola vazia.
    maps : ndarray, float32 (escolas, redes, H, W), de 0 a 1
        O Grad-CAM do primeiro dos filmes.
    """

    answers: pd.DataFrame
    scores: pd.DataFrame
    maps: np.ndarray


def alarm(settings: Settings) -> Alarm:
    """Treina as redes das três escolas, confere se trapaceiam e mede os seus mapas.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, os filmes são os de `filmed_twice`.

    Returns
    -------
    Alarm
    """
    phantoms = settings.with_phantoms()

    def make(folder: Path) -> None:
        twice = filmed_twice(phantoms)
        films = watched(twice)
        spots = {"lungs": films.lungs, "box": letter_box(films)}
        tests = {clue: turned(twice, school) for clue, school in CLUES.items()}
        blind = OPPONENTS["centro"](films.images, films.lungs)
        answers, scores, kept = [], [_scored({"centro": blind}, spots, "", 0)], []
        model = None
        for school in SCHOOLS:
            taught = lesson(twice, school)
            kept.append([])
            for seed in range(NETWORKS):
                model = train(phantoms, taught, seed, into=model, **RECIPE)
                right = _right(model, {"home": taught, **tests})
                answers.append({"school": school, "seed": seed, **right})
                maps = cam.explain(model, films.images, list(ALARMS), films.classes.index(SICK))
                maps = {name: each.values for name, each in maps.items()}
                scores.append(_scored(maps, spots, school, seed))
                kept[-1].append(maps["grad-cam"][0])
        pd.DataFrame(answers).to_csv(folder / "answers.csv", index=False)
        pd.concat(scores).to_csv(folder / "scores.csv", index=False)
        np.save(folder / "maps.npy", np.array(kept, np.float32))

    parameters = {
        "source": phantoms.source,
        "networks": NETWORKS,
        "methods": list(ALARMS),
        "recipe": dict(RECIPE),
    }
    code = ["cam", "datasets", "evaluation", "models", "phantom", "seeding"]
    code += [f"artefacts/{name}" for name in ("alarm", "data", "features", "films", "networks")]
    code += ["artefacts/shortcuts", "lungs"]
    folder = store.keep(phantoms.cache, "alarme", parameters, code, make)
    scores = pd.read_csv(folder / "scores.csv", dtype={"school": str}).fillna({"school": ""})
    return Alarm(pd.read_csv(folder / "answers.csv"), scores, np.load(folder / "maps.npy"))


def _drawn(films):
    """Quem tem a letra quando ela nada diz: metade dos filmes, por sorteio."""
    return np.random.default_rng(0).random(len(films.rows)) < 0.5


def _right(model, sets):
    """A acurácia nos filmes de teste de cada conjunto, numa só passagem pela rede."""
    tests = {name: films.pick(films.test) for name, films in sets.items()}
    images = np.concatenate([test.images for test in tests.values()])
    classes = np.array(next(iter(tests.values())).classes)
    said = classes[models.predict(model, images).argmax(axis=1)].reshape(len(tests), -1)
    return {
        name: float((each == test.labels).mean())
        for each, (name, test) in zip(said, tests.items(), strict=True)
    }


def _scored(maps, spots, school, seed):
    return pd.concat(
        pd.DataFrame(
            {
                "school": school,
                "seed": seed,
                "method": name,
                "film": np.arange(len(values)),
                **{spot: energy_ratio(values, masks) for spot, masks in spots.items()},
            }
        )
        for name, values in maps.items()
    )
