"""Até onde se vê: a mesma sombra, cada vez mais fraca, diante da rede, dos mapas e do observador.

Cada paciente é sadio e leva a sombra em dois lugares, um de cada vez: no pulmão limpo e atrás do
coração.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import cv2
import joblib
import numpy as np
import pandas as pd

from covidcam import cam, datasets, evaluation, phantom, store
from covidcam.artefacts.trained import Trained
from covidcam.phantom import anatomy, film, pathology, projection, scene
from covidcam.settings import Settings

FIRST_PATIENT = 2**30  # as sementes dos acervos e as dos atalhos são todas menores
PATIENTS, OTHERS = 60, 300  # os que se medem, e aqueles de que o observador e os limiares aprendem
PLACES = MappingProxyType({"lung": "foco 1", "heart": "foco 2"})
CONTRASTS = (0.0, 0.3, 0.6, 0.9, 1.2, 1.5)
DOSES = (1.0, 0.1)
STRENGTH = 0.5  # o que o contraste 1 soma ao expoente, no ponto mais denso da sombra
RADIUS = 0.25  # da sombra, em meias larguras do tórax
ALARMS = 0.05  # a parte dos sadios que a rede e o observador podem tomar por doentes
CHANNELS = 10
SICK, HEALTHY = "COVID-19", "NORMAL"
POINTERS = ("grad-cam", "layer-cam", "gradient")  # escolhidos antes de medir
READERS = ("network", "observer", *POINTERS)
BLIND = ("constante", "centro", "bordas", "pulmões", "ponto mais claro")
TOLERANCE = 15  # pixels, como em Zhang et al. 2016


class Shadowed(NamedTuple):
    """Um paciente sadio com a mesma sombra em dois lugares, um de cada vez.

    Attributes
    ----------
    made : covidcam.phantom.Formation
        “foco 1” está no pulmão direito, longe de tudo; “foco 2”, à mesma altura, atrás do coração.
    unit : dict of str to float
        O `lesion_scale` com que a sombra de cada lugar, sozinha, soma `STRENGTH` ao expoente no seu
        ponto mais denso: o contraste 1.
    """

    made: phantom.Formation
    unit: dict[str, float]

    def refilm(self, place: str, contrast: float, dose: float = 1.0) -> phantom.Formation:
        """O filme em que só fica a sombra de um lugar.

        Parameters
        ----------
        place : str
            ``"lung"`` ou ``"heart"``.
        contrast : float
            De 0 (o filme sadio) em diante.
        dose : float
            Que parte dos fótons da aquisição.

        Returns
        -------
        covidcam.phantom.Formation
        """
        others = [name for key, name in PLACES.items() if key != place]
        return phantom.refilm(self.made, others, contrast * self.unit[place], dose=dose)


def shadowed(patient: int) -> Shadowed:
    """Põe a sombra nos dois lugares de um paciente sadio.

    Parameters
    ----------
    patient : int
        A semente do paciente e do filme.

    Returns
    -------
    Shadowed
    """
    healthy = film.arrange(patient, HEALTHY, datasets.SIDE)
    foci = _foci(healthy.patient, healthy.acquisition.inspiration)
    made = film.expose(replace(healthy, disease=pathology.Disease(foci)))
    return Shadowed(made, {place: STRENGTH / _peak(made.scene, PLACES[place]) for place in PLACES})


def _foci(patient, inspiration):
    """Dois focos iguais, chatos, à mesma altura: no pulmão direito e atrás do coração."""
    p = patient
    (x, y, _), _, _ = anatomy.heart_shape(p, inspiration)
    half = p.ratio * p.width  # a meia largura do coração
    radius, solid = RADIUS * p.width, projection.DENSITY["consolidation"]
    return tuple(
        pathology.Focus("sombra", side, centre, (radius, radius, radius / 2), solid, 1.6, 0.3)
        for side, centre in (
            (-1, (-0.6 * p.width, y - 0.1 * half, -0.5 * p.depth)),
            (1, (x + 0.45 * half, y - 0.1 * half, -0.8 * p.depth)),
        )
    )


def _peak(drawn, name):
    """O expoente que um foco, sozinho, soma no filme, no seu ponto mais denso."""
    others = [other for other in drawn.lesions if other != name]
    return float(scene.shrink(drawn.shadow(others).excess, drawn.shape).max())


class Visibility(NamedTuple):
    """O que a rede, os mapas e o observador linear fizeram de cada filme.

    Attributes
    ----------
    films : DataFrame
        Uma linha por paciente (patient), lugar (place: lung ou heart), contraste (contrast) e dose:
        as notas da rede e do observador (evidence e statistic) e se com elas detectam a sombra
        (network e observer); said, a classe que a rede diz; uma coluna por mapa de `POINTERS`, se o
        ponto mais quente dele cai na sombra, e por oponente de `BLIND`, com que chance; e o que se
        sabe da sombra: area, a parte do filme que ela cobre; behind, a parte dela que o coração
        cobre; solid, o contraste que teria, se fosse pulmão sem ar nenhum; e ideal, o d′ do menor
        contraste para quem conhecesse também o paciente e só temesse os fótons.
    maps : dict of str to ndarray, float32 (lugares, contrastes, H, W), de 0 a 1
        Os mapas do primeiro paciente na dose inteira, na ordem de `PLACES` e `CONTRASTS`.
    """

    films: pd.DataFrame
    maps: dict[str, np.ndarray]


def visibility(settings: Settings, trained: Trained) -> Visibility:
    """O que a rede, os mapas e o observador linear fazem de cada filme.

    A rede detecta a sombra se o logit de COVID-19 menos o de NORMAL passa do que só uma parte
    `ALARMS` de `OTHERS` sadios, na mesma dose, passa; o observador, se a nota dele passa do mesmo.

    Parameters
    ----------
    settings : Settings
    trained : Trained
        O Modelo 2, treinado em fantomas.

    Returns
    -------
    Visibility
    """

    def make(folder: Path) -> None:
        people = [int(patient) for patient in FIRST_PATIENT + np.arange(OTHERS + PATIENTS)]
        parallel = joblib.Parallel(n_jobs=2, return_as="generator")
        learnt = _learn(trained, parallel(joblib.delayed(_background)(p) for p in people[:OTHERS]))
        made = parallel(joblib.delayed(_series)(p) for p in people[OTHERS:])
        tables, shown = [], {}
        for each in made:
            table, maps = _judge(trained, learnt, *each)
            tables.append(table)
            shown = shown or {name: maps[name][table["dose"] == DOSES[0]] for name in POINTERS}
        pd.concat(tables).to_csv(folder / "films.csv", index=False)
        np.savez_compressed(folder / "maps.npz", **shown)

    parameters = {
        "trained": trained.key,
        "people": [FIRST_PATIENT, OTHERS, PATIENTS],
        "films": [CONTRASTS, DOSES],
    }
    code = ["phantom", "cam", "datasets", "evaluation", "models"]
    code += ["artefacts/psychometric", "artefacts/trained"]
    folder = store.keep(settings.cache, "ate-onde-se-ve", parameters, code, make)
    with np.load(folder / "maps.npz") as stored:
        maps = {
            name: flat.reshape(len(PLACES), len(CONTRASTS), *flat.shape[1:])
            for name, flat in stored.items()
        }
    return Visibility(pd.read_csv(folder / "films.csv"), maps)


def _background(patient):
    """De um sadio: o filme em cada dose, as respostas dos canais nele, e o que a sombra lhes soma.

    As imagens são uint8 (doses, H, W); as respostas, (doses, lugares, canais); a soma, (lugares,
    canais).
    """
    cv2.setNumThreads(1)
    person = shadowed(patient)
    channels = _channels(person.made)
    empty = np.array([person.refilm("lung", 0.0, dose).image for dose in DOSES])
    absent = np.einsum("dij,pcij->dpc", empty / 255, channels)
    full = np.array([person.refilm(place, 1.0).image for place in PLACES])
    signal = np.einsum("pij,pcij->pc", full / 255, channels) - absent[0]
    return empty, absent, signal


def _series(patient):
    """De um paciente: todos os filmes, e o que se sabe deles, na mesma ordem."""
    cv2.setNumThreads(1)
    person = shadowed(patient)
    channels = dict(zip(PLACES, _channels(person.made), strict=True))
    index = pd.MultiIndex.from_product([PLACES, CONTRASTS, DOSES])
    table = index.to_frame(index=False, name=["place", "contrast", "dose"])
    images = np.array([person.refilm(*row).image for row in table.itertuples(index=False)])
    responses = [
        np.tensordot(channels[place], image / 255)
        for place, image in zip(table["place"], images, strict=True)
    ]
    known = {place: film.report(person.refilm(place, 1.0), SICK) for place in PLACES}
    facts = {
        place: (each.lesions.mean(), each.heart[each.lesions].mean(), 1 / person.unit[place])
        for place, each in known.items()
    }
    facts = pd.DataFrame(facts, index=["area", "behind", "solid"]).T
    table = table.join(facts, on="place").assign(patient=patient, ideal=_ideal(person, table))
    masks = np.array([known[place].lesions for place in table["place"]])
    return table, images, np.array(responses), masks, known["lung"].lungs


def _channels(made):
    """Os canais em torno do foco de cada lugar, (lugares, canais, H, W).

    Divididos pela largura, respondem igual a um paciente grande e a um pequeno.
    """
    shape, grid = made.image.shape, made.camera.shape
    scale = np.array(shape) / grid
    width = 2 * RADIUS * made.unit
    channels = []
    for focus in made.scene.disease.foci:
        column, row = (each[0] for each in made.camera.project([focus.centre]))
        centre = (np.array([row, column]) + 0.5) * scale - 0.5
        channels.append(evaluation.laguerre_gauss(shape, centre, width, CHANNELS) / width)
    return np.array(channels)


def _ideal(person, table):
    """O d′ de cada dose e lugar, no menor contraste, se só os fótons variassem.

    A soma, pixel a pixel, do quadrado do que a sombra tira, sobre a variância da contagem.
    """
    made = person.made
    a, spread = made.acquisition, film.SPREAD * made.unit
    faint = next(contrast for contrast in CONTRASTS if contrast > 0)
    found = {}
    for place in PLACES:
        arriving = [
            film.exposure(person.refilm(place, contrast).primary, a.scatter, spread)
            for contrast in (0.0, faint)
        ]
        for dose in DOSES:
            empty, shaded = (dose * a.photons * each for each in arriving)
            squared = (empty - shaded) ** 2 / (empty + film.ELECTRONIC**2)
            found[dose, place] = float(np.sqrt(squared.sum()))
    return [found[row.dose, row.place] for row in table.itertuples()]


def _learn(trained, backgrounds):
    """Os pesos do observador e os limiares dele, por dose e lugar; os da rede, por dose."""
    images, absent, signals = map(np.array, zip(*backgrounds, strict=True))
    weights, limits = {}, {}
    for d, dose in enumerate(DOSES):
        films = datasets.three_channels(images[:, d])
        says = evaluation.contrast(trained.model, films, *_classes(trained))
        limits[dose] = np.quantile(says, 1 - ALARMS)
        for p, place in enumerate(PLACES):
            known = evaluation.hotelling(absent[:, d, p], signals[:, p].mean(axis=0))
            weights[dose, place] = known
            limits[dose, place] = np.quantile(absent[:, d, p] @ known, 1 - ALARMS)
    return weights, limits


def _judge(trained, learnt, table, images, responses, masks, lungs):
    """A tabela de um paciente, com o que dizem a rede e o observador, e os mapas dele."""
    weights, limits = learnt
    images = datasets.three_channels(images)
    sick, healthy = _classes(trained)
    maps = cam.explain(trained.model, images, list(POINTERS), sick, against=healthy)
    logits = maps[POINTERS[0]].logits
    keys = list(zip(table["dose"], table["place"], strict=True))
    table = table.assign(
        evidence=logits[:, sick] - logits[:, healthy],
        said=np.array(trained.classes)[logits.argmax(axis=1)],
        statistic=[weights[key] @ response for key, response in zip(keys, responses, strict=True)],
    )
    table["network"] = table["evidence"] > [limits[dose] for dose in table["dose"]]
    table["observer"] = table["statistic"] > [limits[key] for key in keys]
    blind = evaluation.opponents(images, np.repeat(lungs[None], len(images), axis=0))
    points = partial(evaluation.pointing_game, masks=masks, tolerance=TOLERANCE)
    heat = {name: each.values for name, each in maps.items()}
    pointed = {name: points(values) > 0.5 for name, values in heat.items()}
    pointed |= {name: points(blind[name]) for name in BLIND}
    return table.assign(**pointed), heat


def _classes(trained):
    """As colunas da classe que a sombra imita e da sadia."""
    return trained.classes.index(SICK), trained.classes.index(HEALTHY)


def readings(films: pd.DataFrame) -> pd.DataFrame:
    """As curvas: em que parte dos pacientes cada leitor acha a sombra, e se é ela que ele acha.

    Parameters
    ----------
    films : DataFrame
        O que `visibility` diz de cada filme.

    Returns
    -------
    DataFrame
        Uma linha por lugar, dose, contraste e leitor (reader: network e observer, que detectam, e
        os mapas de `POINTERS`, que apontam): share, low e high, em que parte dos pacientes; gain,
        quanto a mais do que nos mesmos pacientes sem a sombra; e sees, se esse ganho é maior do que
        trocas de sinal ao acaso dariam em uma de vinte vezes (`covidcam.evaluation.sign_flip`).
    """
    rows, films = [], films.sort_values("patient")
    for (place, dose), part in films.groupby(["place", "dose"], sort=False):
        for contrast, shown in part.groupby("contrast"):
            for reader in READERS:
                found = shown[reader].to_numpy(float)
                gains = found - part.loc[part["contrast"] == 0, reader].to_numpy(float)
                patients = shown["patient"].to_numpy()
                share = evaluation.interval(found, patients, "proportion")
                sees = gains.mean() > 0 and evaluation.sign_flip(gains, patients) < 0.05
                row = {"place": place, "dose": dose, "contrast": contrast, "reader": reader}
                row |= {"share": share.mean, "low": share.low, "high": share.high}
                rows.append(row | {"gain": gains.mean(), "sees": sees})
    return pd.DataFrame(rows)
