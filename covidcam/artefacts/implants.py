"""Lesões de fantoma em radiografias reais sem doença: o que as redes e os mapas fazem delas.

Cada filme passa duas vezes pelo mesmo caminho, com a lesão e sem ela (o placebo). Uma rede aprende
a distinguir os dois e é medida, como os seus mapas, só em pacientes que não viu.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd

from covidcam import datasets, evaluation, lungs, models, store
from covidcam.artefacts.data import identity, raw_data, weights_identity
from covidcam.artefacts.features import frozen_features
from covidcam.artefacts.films import Films
from covidcam.artefacts.maps import read_board
from covidcam.artefacts.networks import choose
from covidcam.errors import InputError
from covidcam.phantom.implant import SICK, plan
from covidcam.settings import Settings

MOST = 150  # filmes sorteados, a não ser que se peçam todos
LONGEST = 640  # em pixels, antes de reduzir o filme ao tamanho que as redes veem
FIRST_SEED = 2**28  # nenhum acervo do livro tem estas lesões
FOLDS, SEED = 5, 0
QUESTIONS = {"lesion": ("lesion", "sham"), "processing": ("sham", "untouched")}
METHODS = (
    *("grad-cam", "cam", "grad-cam++", "xgrad-cam", "hires-cam", "grad-cam-elementwise"),
    *("layer-cam", "eigen-cam", "eigen-grad-cam", "shapley-cam", "gradient"),
)


@dataclass(frozen=True)
class Implants:
    """Os filmes com lesões implantadas.

    Attributes
    ----------
    films : Films
        Com a lesão; label é a doença que ela imita, e lesions, onde ela está.
    sham, untouched : ndarray, uint8 (N, H, W, 3)
        O placebo de cada um e o filme como veio.
    left_out : int
        Os normais que ficaram de fora: não se acharam dois pulmões, ou a lesão não apareceria.
    """

    films: Films
    sham: np.ndarray
    untouched: np.ndarray
    left_out: int

    def pair(self, question: str) -> list[np.ndarray]:
        """Os filmes das duas classes de uma das `QUESTIONS`."""
        versions = {"lesion": self.films.images, "sham": self.sham, "untouched": self.untouched}
        return [versions[name] for name in QUESTIONS[question]]


def implants(settings: Settings) -> Implants:
    """As radiografias normais, com a lesão de um fantoma e sem ela.

    Parameters
    ----------
    settings : Settings
        Com radiografias reais como fonte; os pulmões são os que `covidcam.lungs.find_many` acha.

    Returns
    -------
    Implants
    """
    data = raw_data(settings)

    def make(folder: Path) -> None:
        rows = datasets.usable(datasets.survey(data))
        rows = rows[rows["label"] == "NORMAL"]
        if settings.size == "2020" and len(rows) > MOST:
            rows = rows.sample(MOST, random_state=SEED).sort_index()
        greys = [_read(path) for path in rows["path"]]
        found = [each.mask for each in lungs.find_many(greys, settings)]
        work = joblib.Parallel(n_jobs=2 if len(rows) > 12 else 1)
        jobs = zip(greys, found, range(len(rows)), strict=True)
        made = work(joblib.delayed(implanted)(*job) for job in jobs)
        kept = [k for k, each in enumerate(made) if each is not None]
        films, masks = (np.stack(part) for part in zip(*(made[k] for k in kept), strict=True))
        masks = np.packbits(masks, axis=-1)
        left_out = len(made) - len(kept)
        np.savez_compressed(folder / "films.npz", films=films, masks=masks, left_out=left_out)
        rows = rows[["path", "patient", "source", "licence", "synthetic"]].iloc[kept]
        rows.assign(label=[SICK[k % 2] for k in kept]).to_csv(folder / "rows.csv", index=False)

    parameters = {"data": identity(settings, data), "size": settings.size}
    code = ["datasets", "lungs", "models", "phantom", "seeding", "artefacts/implants"]
    folder = store.keep(settings.cache, "implantes", parameters, code, make)
    stored = np.load(folder / "films.npz")
    films = datasets.three_channels(stored["films"])
    masks = np.unpackbits(stored["masks"], axis=-1, count=films.shape[3]).astype(bool)
    rows = pd.read_csv(folder / "rows.csv", dtype={"patient": str})
    own = Films(images=films[:, 0], lungs=masks[:, 0], lesions=masks[:, 1], rows=rows)
    return Implants(own, films[:, 1], films[:, 2], int(stored["left_out"]))


def _read(path):
    return cv2.cvtColor(datasets.read_image(path, longest=LONGEST), cv2.COLOR_RGB2GRAY)


def implanted(
    film: np.ndarray, lungs: np.ndarray, number: int
) -> tuple[list[np.ndarray], list[np.ndarray]] | None:
    """Um filme nas suas três versões, do tamanho que as redes veem.

    Parameters
    ----------
    film : ndarray, uint8 (H, W)
    lungs : ndarray, bool (H, W)
    number : int
        Decide a doença que a lesão imita e a semente dela.

    Returns
    -------
    films : list of ndarray, uint8 (side, side)
        Com a lesão, com o placebo e intacto.
    masks : list of ndarray, bool (side, side)
        Dos pulmões e da lesão.
        None no lugar dos dois se não há dois pulmões em que a lesão entre e apareça.
    """
    cv2.setNumThreads(1)
    try:
        made = plan(film, lungs, SICK[number % 2], FIRST_SEED + number)
    except InputError:
        return None
    films = made.film(), made.film(0), film
    small = {"dsize": (datasets.SIDE, datasets.SIDE), "interpolation": cv2.INTER_AREA}
    masks = [cv2.resize(np.float32(each), **small) > 0.5 for each in (lungs, films[0] != films[1])]
    if not masks[1].any():
        return None
    return [cv2.resize(each, **small) for each in films], masks


def implants_asked(settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """O que redes que não viram o paciente dizem de cada filme, e onde caem os mapas delas.

    Cinco redes por pergunta, cada uma medida na dobra dos pacientes que ficou fora do treino dela.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    answers : DataFrame
        Uma linha por pergunta e filme: question (``"lesion"``: lesão ou placebo?
        ``"processing"``: placebo ou filme intacto?), film, e first e second, a probabilidade da
        primeira das duas classes no filme dela e no da outra.
    values : DataFrame
        A nota de cada mapa em cada filme com lesão, como o de `covidcam.evaluation.measure`; film
        conta os filmes de `implants`.
    """
    made, name = implants(settings), choose(settings)
    architecture = models.ARCHITECTURES[name]
    head, recipe = "pooled", architecture.recipes["atalhos"]  # a cabeça da rede dos fantomas
    seen = {question: made.pair(question) for question in QUESTIONS}

    def make(folder: Path) -> None:
        answers, values = [], []
        for question, pair in seen.items():
            images, count = np.concatenate(pair), len(made.films.images)
            features = None
            if architecture.frozen:
                ready = [frozen_features(settings, name, head, films) for films in pair]
                features = np.concatenate(ready)
            truth = np.repeat(np.eye(2, dtype=np.uint8), count, axis=0)
            for rest, held in folds(made.films.patients):
                parts = [np.concatenate([part, part + count]) for part in (rest, held)]
                fitted = models.fit(
                    name,
                    QUESTIONS[question],
                    images,
                    truth,
                    parts,
                    recipe,
                    settings.source,
                    weights=settings.weights,
                    head=head,
                    features=features,
                )
                first, second = np.split(fitted.predict(parts[1])[:, 0], 2)
                record = {"question": question, "film": held, "first": first, "second": second}
                answers.append(pd.DataFrame(record))
                if question == "lesion":
                    own = made.films.pick(held)
                    table = evaluation.measure(
                        fitted.model, own.images, own.lesions, METHODS, own.lungs
                    )
                    values.append(table.assign(film=held[table["film"]]))
        pd.concat(answers).to_csv(folder / "answers.csv", index=False)
        pd.concat(values).to_csv(folder / "values.csv", index=False)

    parameters = {
        "films": [store.content(*pair) for pair in seen.values()],
        "places": store.content(made.films.lungs, made.films.lesions),
        "patients": made.films.patients.tolist(),
        "name": name,
        "head": head,
        "recipe": dict(recipe),
        "source": settings.source,
        "weights": weights_identity(settings) if architecture.frozen else "",
    }
    code = ["cam", "datasets", "evaluation", "models", "seeding", "phantom"]
    code += [f"artefacts/{name}" for name in ("data", "features", "films", "implants")]
    folder = store.keep(settings.cache, "implantes-redes", parameters, code, make)
    return pd.read_csv(folder / "answers.csv"), read_board(folder / "values.csv")


def folds(patients: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """As linhas de treino e as que ficam fora dele, sem que um paciente esteja dos dois lados."""
    from sklearn.model_selection import GroupKFold

    splitter = GroupKFold(FOLDS, shuffle=True, random_state=SEED)
    return list(splitter.split(patients, groups=patients))
