"""Pacientes que a rede do Modelo 2 nunca viu, e quanto os intervalos do livro os cobrem."""

from pathlib import Path
from types import MappingProxyType

import cv2
import joblib
import numpy as np
import pandas as pd

from covidcam import cam, datasets, evaluation, models, phantom, store
from covidcam.artefacts.trained import Trained
from covidcam.phantom.archive import KERMANY, plan
from covidcam.settings import Settings

FRESH_COUNTS = {"COVID-19": 140, "NORMAL": 80, "OUTRAS": 80}
FRESH_SEED = 1963  # outro acervo: os pacientes de uma semente não são os de outra
SIZES = (12, 75)  # pacientes por prova: os menores que o livro usa, e os de um teste inteiro
TESTS = 2500  # provas de cada tamanho; com elas o erro-padrão do que se conta não chega a um ponto
MORE_SIZES = (12, 25, 50, 75, 150, 300)  # em que se mede só a largura do intervalo escolhido
WIDTH_TESTS = 400
# O que se mede em cada filme, e de que espécie é o número que o resume.
MEASURES = MappingProxyType(
    {
        "right": "proportion",
        "pointing_game": "proportion",
        "auprc": "mean",
        "lead": "mean",
        "energy_ratio": "ratio",
    }
)
COVERED = ("covered", "covered_low", "covered_high")
# Os intervalos que se põem à prova; os de Wilson, só onde cada imagem é um acerto ou um erro.
CANDIDATES = MappingProxyType(
    {
        "wilson": evaluation.wilson_by_image,
        "wilson_by_patient": evaluation.wilson_by_patient,
        "bootstrap": evaluation.bootstrap,
        "bootstrap_t": evaluation.bootstrap_t,
    }
)


def fresh_films(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O que a rede responde, e onde aponta, em pacientes de outro acervo.

    Os filmes têm as proporções, as formas e os modos do acervo do livro; medem-se e não se guardam.

    Parameters
    ----------
    settings : Settings
    trained : Trained
        O Modelo 2, treinado em fantomas.

    Returns
    -------
    DataFrame
        Uma linha por filme: patient, label, right (se a rede acertou a classe) e, onde há lesão, as
        notas do Grad-CAM da classe prevista: pointing_game, auprc, energy_ratio, e lead, o que ele
        tem a mais no jogo do ponto do que o oponente “ponto mais claro”. NaN onde não há.
    """

    def make(folder: Path) -> None:
        jobs = [job for job in plan(FRESH_COUNTS, FRESH_SEED, confounding=0.0)[0] if _used(job)]
        parts = joblib.Parallel(n_jobs=2, return_as="generator")(
            joblib.delayed(_expose)(job) for job in jobs
        )
        images, lungs, lesions = map(np.array, zip(*parts, strict=True))
        images = datasets.three_channels(images)
        labels = np.array([job.label for job in jobs])
        table = pd.DataFrame({"patient": [job.patient for job in jobs], "label": labels})
        said = models.predict(trained.model, images).argmax(axis=1)
        table["right"] = np.array(trained.classes)[said] == labels
        sick = np.flatnonzero(lesions.any(axis=(1, 2)))
        images, lungs, lesions = images[sick], lungs[sick], lesions[sick]
        maps = cam.explain(trained.model, images).values
        blind = evaluation.OPPONENTS["ponto mais claro"](images, lungs)
        where = [name for name in MEASURES if name in evaluation.WHERE]
        found = {name: evaluation.WHERE[name](maps, lesions) for name in where}
        found["lead"] = found["pointing_game"] - evaluation.pointing_game(blind, lesions)
        scores = pd.DataFrame(found, index=sick)
        table.join(scores).to_csv(folder / "films.csv", index=False)

    parameters = {
        "trained": trained.key,
        "counts": FRESH_COUNTS,
        "seed": FRESH_SEED,
        "measures": dict(MEASURES),
    }
    code = ["phantom", "models", "cam", "datasets", "evaluation", "artefacts/fresh"]
    code += ["artefacts/trained", "seeding"]
    folder = store.keep(settings.cache, "pacientes-novos", parameters, code, make)
    return pd.read_csv(folder / "films.csv")


def _used(job):
    """Se o filme é dos que o livro usa: de frente, e cada classe da sua coleção."""
    return job.path.startswith(KERMANY) or (job.kind, job.label) == ("frontal", "COVID-19")


def _expose(job):
    """Um filme e as suas máscaras, no lado em que a rede os lê."""
    cv2.setNumThreads(1)
    film = phantom.radiograph(job.seed, job.label, job.shape, look=job.look, patient=job.patient)
    side = datasets.SIDE
    masks = (datasets.resample_mask(mask, side) for mask in (film.lungs, film.lesions))
    return datasets.resample(film.image, (side, side)), *masks


def interval_coverage(settings: Settings, trained: Trained) -> pd.DataFrame:
    """Quantas vezes cada intervalo contém a verdade, em provas sorteadas de `fresh_films`.

    Parameters
    ----------
    settings : Settings
    trained : Trained

    Returns
    -------
    DataFrame
        Uma linha por medida, intervalo e tamanho: measure, kind, interval, size, truth, tests,
        covered, covered_low, covered_high, below, above, width e collapsed, como em
        `covidcam.evaluation.Coverage`. Todos os candidatos, nos tamanhos de `SIZES`; e o que o
        livro usa, com menos provas, em todos os de `MORE_SIZES`.
    """
    films = fresh_films(settings, trained)

    def make(folder: Path) -> None:
        records = []
        for measure, kind in MEASURES.items():
            values, groups = films[measure].to_numpy(float), films["patient"].to_numpy()
            truth = float(np.nanmean(values))
            used = evaluation.KINDS[kind]
            for name, interval in CANDIDATES.items():
                if name.startswith("wilson") and kind != "proportion":
                    continue
                more = MORE_SIZES if interval is used else ()
                tasks = [(size, TESTS) for size in SIZES]
                tasks += [(size, WIDTH_TESTS) for size in more if size not in SIZES]
                for size, tests in tasks:
                    drawn = evaluation.redraw(values, groups, interval, size, tests)
                    found = evaluation.coverage(drawn, truth)
                    covered = dict(zip(COVERED, found.covered, strict=True))
                    row = {"measure": measure, "kind": kind, "interval": name, "size": size}
                    row |= {"truth": truth, "tests": tests, **found._asdict(), **covered}
                    records.append(row)
        pd.DataFrame(records).to_csv(folder / "coverage.csv", index=False)

    parameters = {"films": store.content(films.to_numpy(str))}
    code = ["evaluation", "artefacts/fresh"]
    folder = store.keep(settings.cache, "cobertura", parameters, code, make)
    return pd.read_csv(folder / "coverage.csv")
