"""Redes que só diferem na semente, na família, no preço do mapa ou na cabeça, e os seus mapas."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from covidcam import cam, evaluation, models, store
from covidcam.artefacts.films import Films
from covidcam.artefacts.shortcuts import filmed_twice, train, turn_dial
from covidcam.settings import Settings

SICK = "COVID-19"
BASE = "mini-vgg"
# O que muda em cada receita em relação à primeira. O preço é o do Modelo 2 por ponto do filme: o
# último mapa tem aqui 8 × 8 pontos, e lá 14 × 14. As duas que aprendem devagar têm mais épocas.
RECIPES: Mapping[str, Mapping] = MappingProxyType(
    {
        BASE: {},
        "com penalidade": {"sparsity": 3e-5 * (14 / 8) ** 2},
        "cabeça de 2020": {"head": "2020-modelo-2", "epochs": 24, "learning_rate": 1e-3},
        "mini-resnet": {"name": "mini-resnet"},
        "mini-xception": {"name": "mini-xception", "epochs": 24},
    }
)
DRAWS = 3  # redes por receita, uma por semente
METHODS = (
    "grad-cam",
    "hires-cam",
    "xgrad-cam",
    "grad-cam++",
    "layer-cam",
    "eigen-cam",
    "gradient",
    "guided-grad-cam",
)


class Redone(NamedTuple):
    """O que muda nos mapas quando a rede é feita outra vez.

    Attributes
    ----------
    networks : DataFrame
        Uma linha por rede: recipe, seed, accuracy (nos filmes de teste), e spearman e ssim entre os
        mapas dela em pacientes diferentes.
    pairs : DataFrame
        Uma linha por par de redes: recipe e other, com a primeira receita em uma delas ou a mesma
        nas duas, seed e other_seed, e spearman e ssim dos mapas dos mesmos filmes, em média.
    hits : DataFrame
        Uma linha por rede, mapa e filme: recipe, seed, method, film e hit, o jogo do ponto. Os
        oponentes, que não olham a rede, têm a receita vazia.
    same : DataFrame
        Uma linha por receita e método: recipe, method e same, se em todas as redes dela o mapa é o
        do Grad-CAM.
    maps : ndarray, float32 (receitas, redes, H, W), de 0 a 1
        O Grad-CAM do primeiro dos filmes.
    """

    networks: pd.DataFrame
    pairs: pd.DataFrame
    hits: pd.DataFrame
    same: pd.DataFrame
    maps: np.ndarray


def sick_films(films: Films) -> Films:
    """Os filmes de teste com a doença, que todas as redes explicam: um por paciente."""
    return films.pick(films.test & (films.labels == SICK))


def redone(settings: Settings) -> Redone:
    """Treina as redes de `RECIPES` nos mesmos filmes e compara os seus mapas.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, os filmes são os de `filmed_twice`, com o modo sorteado.

    Returns
    -------
    Redone
    """
    phantoms = settings.with_phantoms()

    def make(folder: Path) -> None:
        films = turn_dial(filmed_twice(phantoms), 0.0)
        sick, test = sick_films(films), films.pick(films.test)
        other = evaluation.strangers(sick.patients)
        networks, kept, model = [], {}, None
        hits = [_hits(evaluation.opponents(sick.images, sick.lungs), sick, "", 0)]
        same = dict.fromkeys(itertools.product(RECIPES, METHODS), True)
        for recipe, seed in itertools.product(RECIPES, range(DRAWS)):
            last = model if seed else None
            model = train(phantoms, films, seed, into=last, **RECIPES[recipe])
            said = np.array(films.classes)[models.predict(model, test.images).argmax(axis=1)]
            found = cam.explain(model, sick.images, list(METHODS), films.classes.index(SICK))
            maps = {name: each.values for name, each in found.items()}
            hits.append(_hits(maps, sick, recipe, seed))
            first = evaluation.twins(maps)
            for method in METHODS:
                same[recipe, method] &= first[method] == "grad-cam"
            kept[recipe, seed] = maps["grad-cam"]
            row = {"recipe": recipe, "seed": seed, "accuracy": (said == test.labels).mean()}
            networks.append(row | _alike(maps["grad-cam"], maps["grad-cam"][other]))
        # a rede cujos mapas são quase todos planos não tem com que se comparar
        told = [(row["recipe"], row["seed"]) for row in networks if np.isfinite(row["spearman"])]
        pairs = [
            (*a, *b, *_alike(kept[a], kept[b]).values())
            for a, b in itertools.combinations(told, 2)
            if a[0] in (BASE, b[0])
        ]
        columns = ["recipe", "seed", "other", "other_seed", "spearman", "ssim"]
        pd.DataFrame(networks).to_csv(folder / "networks.csv", index=False)
        pd.DataFrame(pairs, columns=columns).to_csv(folder / "pairs.csv", index=False)
        pd.concat(hits).to_csv(folder / "hits.csv", index=False)
        rows = [(*key, value) for key, value in same.items()]
        columns = ["recipe", "method", "same"]
        pd.DataFrame(rows, columns=columns).to_csv(folder / "same.csv", index=False)
        first = np.array([each[0] for each in kept.values()], np.float32)
        np.save(folder / "maps.npy", first.reshape(len(RECIPES), DRAWS, *first.shape[1:]))

    recipes = {name: dict(each) for name, each in RECIPES.items()}
    parameters = {
        "source": phantoms.source,
        "recipes": recipes,
        "draws": DRAWS,
        "methods": list(METHODS),
    }
    code = ["cam", "datasets", "evaluation", "lungs", "models", "phantom", "seeding"]
    code += [f"artefacts/{name}" for name in ("data", "features", "films", "networks")]
    code += ["artefacts/reproducibility", "artefacts/shortcuts"]
    folder = store.keep(phantoms.cache, "outra-rede", parameters, code, make)
    names = ("networks", "pairs", "hits", "same")
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in names}
    tables["hits"] = tables["hits"].fillna({"recipe": ""})
    return Redone(**tables, maps=np.load(folder / "maps.npy"))


def _alike(first, second):
    """As duas semelhanças, em média; um par com um mapa plano não entra."""
    alike = evaluation.likeness(first, second)
    return {name: np.nanmean(values) for name, values in alike._asdict().items()}


def _hits(maps, films, recipe, seed):
    return pd.concat(
        pd.DataFrame(
            {
                "recipe": recipe,
                "seed": seed,
                "method": name,
                "film": np.arange(len(values)),
                "hit": evaluation.pointing_game(values, films.lesions),
            }
        )
        for name, values in maps.items()
    )
