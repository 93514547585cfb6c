"""As tabelas do capítulo dos atalhos: o botão, os controles, e o que os reparos mudam."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from covidcam import cam, models, store
from covidcam.artefacts.data import identity, weights_identity
from covidcam.artefacts.films import Films
from covidcam.artefacts.networks import choose
from covidcam.artefacts.shortcuts.films import (
    SIDE,
    filmed_twice,
    flattering,
    habit_of,
    one_mode,
    real_films,
    repair,
    turn_dial,
    unlinked,
)
from covidcam.artefacts.shortcuts.networks import deep_features, train
from covidcam.evaluation import (
    OPPONENTS,
    Interval,
    balanced_accuracy,
    controls,
    energy_ratio,
    interval,
)
from covidcam.settings import Settings

DIALS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS = (0, 1)
BLIND = ("centro", "ao acaso")  # os oponentes que ficam ao lado dos mapas deste capítulo
# O código de que dependem as tabelas; as redes dependem só do que as treina.
CODE = ["cam", "datasets", "evaluation", "lungs", "models", "phantom", "seeding"]
CODE += [f"artefacts/{name}" for name in ("data", "features", "films", "networks", "shortcuts")]


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
        energia na lesão, em múltiplos do acaso, nos adultos com COVID-19, de dois mapas e dos
        oponentes de `BLIND`.
    """
    phantoms = settings.with_phantoms()

    def make(folder: Path) -> None:
        twice = filmed_twice(phantoms)
        records = [_turned(phantoms, twice, dial, seed) for dial in DIALS for seed in SEEDS]
        pd.DataFrame(records).to_csv(folder / "dial.csv", index=False)

    folder = store.keep(settings.cache, "botao", _parameters(phantoms), CODE, make)
    return pd.read_csv(folder / "dial.csv")


def _turned(settings, twice, dial, seed):
    model = train(settings, turn_dial(twice, dial, seed), seed)
    test = twice.pick(twice.test)
    right = _right(models.predict(model, test.images), test).reshape(-1, 2)
    confounded, unconfounded = accuracies(right, habit_of(test), dial)
    sick = test.pick((test.labels == "COVID-19") & (test.rows["modo"] == "adulto").to_numpy())
    target = test.classes.index("COVID-19")
    options = {"window": SIDE // 4, "stride": SIDE // 8}
    maps = cam.explain(model, sick.images, ["grad-cam", "occlusion"], target, **options)
    return {
        "dial": dial,
        "seed": seed,
        "confounded": confounded,
        "unconfounded": unconfounded,
        **{name: energy_ratio(each.values, sick.lesions).mean() for name, each in maps.items()},
        **{name: blind_energy(name, sick, sick.lesions).mean() for name in BLIND},
    }


def blind_energy(name: str, films: Films, masks: np.ndarray) -> np.ndarray:
    """A energia de um mapa que não olha a rede dentro das máscaras, em múltiplos do acaso.

    Parameters
    ----------
    name : str
        Um oponente de `covidcam.evaluation.OPPONENTS`.
    films : Films
    masks : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float (N,)
    """
    return energy_ratio(OPPONENTS[name](films.images, films.lungs), masks)


def accuracies(right: np.ndarray, habit: np.ndarray, dial: float) -> tuple[float, float]:
    """A acurácia em pacientes radiografados como os do treino, e nos mesmos dos dois modos.

    Parameters
    ----------
    right : ndarray, bool (P, 2)
        Se cada paciente foi acertado em cada modo.
    habit : ndarray, int (P,)
        O modo em que a classe de cada um é radiografada quando o botão está em 1.
    dial : float
        Com ele, (1 + dial) / 2 dos pacientes são radiografados do modo da sua classe.

    Returns
    -------
    confounded, unconfounded : float
    """
    each = np.arange(len(right))
    at_home, away = right[each, habit].mean(), right[each, 1 - habit].mean()
    return ((1 + dial) * at_home + (1 - dial) * away) / 2, right.mean()


def shortcut_controls(settings: Settings) -> pd.DataFrame:
    """Os controles dos filmes de `flattering`; onde há a VGG16 congelada, com o que ela vê.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        Como `covidcam.evaluation.controls.measure`, com a coluna films: nos fantomas, há
        também os mesmos pacientes com o modo de radiografar sorteado.
    """

    def make(folder: Path) -> None:
        if settings.source == "real":
            films = flattering(settings)
            deep = models.ARCHITECTURES[choose(settings)].frozen
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


def before_and_after(settings: Settings) -> pd.DataFrame:
    """O que os reparos mudam.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        Uma linha por conjunto de filmes (films: ``"coleções"`` ou o nome que `unlinked` dá), estado
        (state: ``"como vieram"`` ou ``"reparados"``) e medida (measure), com mean, low, high,
        chance (o que o acaso daria), images e patients. As medidas:

        - network: acurácia balanceada da rede em pacientes que ela não viu;
        - both_looks: a mesma, com cada paciente radiografado dos dois modos (só nos fantomas);
        - energy: energia do Grad-CAM nos pulmões, em vezes a parte da imagem que eles cobrem;
        - centre: a do oponente “centro”, que não olha a rede;
        - lead: quanto a do Grad-CAM excede a dele, filme a filme;
        - share: a parte da imagem que os pulmões cobrem;
        - hidden, shape: acurácia balanceada com os pulmões apagados, e só com a forma deles;
        - look: a de adivinhar o modo de radiografar, ou o acervo, entre filmes da mesma classe.
    """

    def make(folder: Path) -> None:
        phantoms = settings.source == "fantoma"
        both = filmed_twice(settings) if phantoms else real_films(settings)
        name, free = unlinked(settings)
        sets = {"coleções": flattering(settings), name: free}
        records = []
        for name, films in sets.items():
            before = _state(settings, films, both)
            after = _state(settings, repair(films), repair(both))
            for measure in before:
                if measure == "look" and name != "coleções":
                    continue  # os filmes dos dois modos são os mesmos nos dois conjuntos
                common = {"films": name, "measure": measure}
                change = after[measure].change(before[measure])
                records += [
                    {**common, "state": "como vieram", **before[measure].record(measure)},
                    {**common, "state": "reparados", **after[measure].record(measure)} | change,
                ]
        pd.DataFrame(records).to_csv(folder / "repairs.csv", index=False)

    parameters = _parameters(settings)
    folder = store.keep(settings.cache, "reparos", parameters, CODE, make)
    return pd.read_csv(folder / "repairs.csv")


def both_modes(settings: Settings) -> pd.DataFrame:
    """O que cada rede do capítulo responde dos mesmos pacientes, radiografados dos dois modos.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.

    Returns
    -------
    DataFrame
        Uma linha por filme de teste: patient, label, modo, e uma coluna por rede, com os filmes
        de que ela aprendeu no nome: se acertou.
    """

    def make(folder: Path) -> None:
        twice = filmed_twice(settings)
        tied, (name, free) = flattering(settings), unlinked(settings)
        taught = {"coleções": (tied, twice), "coleções, reparadas": (repair(tied), repair(twice))}
        taught |= {"um só modo": (one_mode(settings), twice), name: (free, twice)}
        answers = twice.pick(twice.test).rows[["patient", "label", "modo"]]
        for network, (films, both) in taught.items():
            new = both.pick(both.test)
            answers[network] = _right(models.predict(train(settings, films), new.images), new)
        answers.to_csv(folder / "answers.csv", index=False)

    folder = store.keep(settings.cache, "dois-modos-respostas", _parameters(settings), CODE, make)
    return pd.read_csv(folder / "answers.csv")


class Measured(NamedTuple):
    """Um número por filme; com a classe de cada um, a média é a das médias das classes."""

    values: np.ndarray
    patients: np.ndarray
    labels: np.ndarray | None = None
    kind: str = "mean"

    def interval(self) -> Interval:
        """A média e o seu intervalo de 95 %, por paciente."""
        if self.labels is None:
            return interval(self.values, self.patients, self.kind)
        return balanced_accuracy(self.values, self.labels, self.patients)

    def change(self, before: "Measured") -> dict:
        """O que mudou desde `before`, nos mesmos filmes."""
        gained = self._replace(values=self.values - 1.0 * before.values, kind="mean")
        mean, low, high = gained.interval()
        return {"change": mean, "change_low": low, "change_high": high}

    def record(self, measure: str) -> dict:
        """A linha da tabela: o intervalo, o que o acaso daria e de quantos filmes é."""
        even = 1 if self.labels is None else 1 / len(set(self.labels))
        return {
            **self.interval()._asdict(),
            "chance": {"share": np.nan, "lead": 0}.get(measure, even),
            "images": len(self.values),
            "patients": len(set(self.patients)),
        }


def _state(settings, films, both):
    """As medidas de um conjunto de filmes num estado; `both`, os filmes dos dois modos nele."""
    model = train(settings, films)
    test = films.pick(films.test)
    maps = cam.explain(model, test.images)
    ratio, blind = energy_ratio(maps.values, test.lungs), blind_energy("centro", test, test.lungs)
    found = {
        "energy": Measured(ratio, test.patients, kind="ratio"),
        "centre": Measured(blind, test.patients, kind="ratio"),
        "lead": Measured(ratio - blind, test.patients),
        "share": Measured(test.lungs.mean(axis=(1, 2)), test.patients),
        "hidden": _guessed(films, controls.pixels(controls.hide(films.images, films.lungs))),
        "shape": _guessed(films, controls.pixels(films.lungs)),
        "network": _answered(maps.scores, test),
    }
    if models.ARCHITECTURES[choose(settings)].frozen:
        # a camada final é a mesma conta sobre as mesmas características: todos servem de teste
        found["network"] = _guessed(films, deep_features(settings, films.images))
    if settings.source == "real":
        others = both.pick(both.labels == "OUTRAS")
        found["look"] = _guessed(others, controls.pixels(others.images), "acervo")
    else:
        new = both.pick(both.test)
        found["both_looks"] = _answered(models.predict(model, new.images), new)
        found["look"] = _guessed(both, controls.pixels(both.images), "modo")
    return found


def _right(probabilities, films):
    return np.array(films.classes)[probabilities.argmax(axis=1)] == films.labels


def _answered(probabilities, films):
    return Measured(_right(probabilities, films), films.patients, films.labels)


def _guessed(films, features, answer="label"):
    answers = films.rows[answer].to_numpy()
    right = controls.guessed(features, answers, films.patients)
    return Measured(right, films.patients, answers)


def _parameters(settings):
    """O que distingue os filmes do capítulo de uma fonte para a outra."""
    if settings.source == "fantoma":
        return {"source": "fantoma"}
    data = {"data": identity(settings, settings.data), "size": settings.size}
    return data | {"weights": weights_identity(settings), "network": choose(settings)}
