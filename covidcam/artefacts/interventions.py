"""Os fantomas de teste refeitos sem cada objeto, o que a rede diz, e os mapas diante disso."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd
from PIL import Image

from covidcam import cam, datasets, evaluation, models, phantom, store
from covidcam.artefacts.data import identity, raw_data
from covidcam.artefacts.films import Films, abnormal_films
from covidcam.artefacts.maps import GRADIENT_FAMILY, SAMPLES, read_board
from covidcam.artefacts.shortcuts import SIDE, filmed_twice, train, turn_dial
from covidcam.artefacts.trained import Trained
from covidcam.settings import Settings

HEALTHY = "NORMAL"  # a classe a que toda outra se compara: é a do filme sem lesões
SLOW = {  # quantas perguntas fazem os que perguntam muitas vezes
    "integrated-gradients": {"steps": SAMPLES["steps"]},
    "occlusion": {name: SAMPLES[name] for name in ("window", "stride")},
}
JUDGED = (*GRADIENT_FAMILY, "eigen-cam", "ablation-cam", *SLOW)
LEAST = 0.5  # efeitos que diferem menos do que meio logit não fazem par
SIZE = "o tamanho do objeto"
CODE = ["cam", "datasets", "evaluation", "models", "phantom"]
CODE += [f"artefacts/{name}" for name in ("data", "films", "interventions", "maps", "trained")]
KINDS = ("whole", "empty", "held", "control")


@dataclass(frozen=True)
class Retakes:
    """Os fantomas de teste com lesão, com e sem cada objeto, e o que a rede diz de cada um.

    Attributes
    ----------
    films : Films
        Os filmes completos, refeitos.
    images : dict of str to ndarray, uint8 (N, H, W)
        ``"whole"``, ``"empty"`` (sem lesão nenhuma), ``"held"`` (o mesmo, com a revelação do filme
        completo) e ``"control"`` (sem a parte sadia de tamanho mais parecido ao das lesões).
    answers : DataFrame
        Uma linha por filme: label, patient, part (o nome da parte sadia), lesion_area e part_area
        (da imagem), lesion_change e part_change (o quanto o filme muda, em cinzas, na média), e,
        por chave de `images`, a probabilidade da classe verdadeira (whole…) e a classe dita
        (whole_said…).
    objects : DataFrame
        Uma linha por objeto de cada filme: film, name, kind, area.
    masks : ndarray, bool (M, H, W)
        Onde está cada objeto.
    effects : covidcam.evaluation.Effects
        O que o contraste da classe verdadeira com NORMAL perde sem cada objeto.
    """

    films: Films
    images: dict[str, np.ndarray]
    answers: pd.DataFrame
    objects: pd.DataFrame
    masks: np.ndarray
    effects: evaluation.Effects

    def seen(self, kind: str) -> np.ndarray:
        """As imagens de um tipo como a rede as lê.

        Parameters
        ----------
        kind : str
            Uma chave de `images`.

        Returns
        -------
        ndarray, uint8 (N, H, W, 3)
        """
        return datasets.three_channels(self.images[kind])

    def only(self, index: np.ndarray) -> "Retakes":
        """Só os objetos escolhidos, com todos os filmes.

        Parameters
        ----------
        index : ndarray, bool (M,)

        Returns
        -------
        Retakes
        """
        kept = self.effects
        effects = kept._replace(
            film=kept.film[index], removed=kept.removed[index], added=kept.added[index]
        )
        objects = self.objects[index].reset_index(drop=True)
        return Retakes(self.films, self.images, self.answers, objects, self.masks[index], effects)


def retakes(settings: Settings, trained: Trained) -> Retakes:
    """Refaz cada fantoma de teste com lesão sem cada objeto, e pergunta à rede.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    Retakes
    """
    rows = abnormal_films(trained).rows
    jobs = filming(settings, rows)

    def make(folder: Path) -> None:
        work = joblib.Parallel(n_jobs=2, return_as="generator")(
            joblib.delayed(_retake)(*job) for job in jobs
        )
        healthy = trained.classes.index(HEALTHY)
        pictures, answers, tables, masks = [], [], [], []
        for number, (film, label) in enumerate(zip(work, rows["label"], strict=True)):
            target = trained.classes.index(label)
            answers.append(_facts(film))
            tables.append(_effects(trained.model, film, target, healthy).assign(film=number))
            pictures.append(film["images"])
            masks.append(np.packbits(film["masks"], axis=-1))
        np.savez(folder / "images.npz", images=pictures, masks=np.concatenate(masks))
        said = models.predict(trained.model, datasets.three_channels(np.concatenate(pictures)))
        said = said.reshape(len(pictures), len(KINDS), -1)
        target = pd.Index(trained.classes).get_indexer(rows["label"])
        table = pd.DataFrame(answers)
        for k, kind in enumerate(KINDS):
            table[kind] = said[np.arange(len(said)), k, target]
            table[f"{kind}_said"] = said[:, k].argmax(axis=1)
        table.to_csv(folder / "answers.csv", index=False)
        pd.concat(tables).to_csv(folder / "objects.csv", index=False)

    parameters = {"model": trained.key, "jobs": [list(map(str, job)) for job in jobs]}
    folder = store.keep(settings.cache, "refilmados", parameters, CODE, make)
    with np.load(folder / "images.npz") as stored:
        images, packed = stored["images"], stored["masks"]
    answers = pd.read_csv(folder / "answers.csv")
    answers = pd.concat([rows[["label", "patient"]], answers], axis=1)
    objects = pd.read_csv(folder / "objects.csv")
    total = objects.drop_duplicates("film")["total"].to_numpy()
    measured = (objects[name].to_numpy() for name in ("film", "removed", "added"))
    films = abnormal_films(trained)
    return Retakes(
        Films(datasets.three_channels(images[:, 0]), films.lungs, films.lesions, rows),
        dict(zip(KINDS, images.swapaxes(0, 1), strict=True)),
        answers,
        objects[["film", "name", "kind", "area"]],
        np.unpackbits(packed, axis=-1, count=images.shape[-1]).astype(bool),
        evaluation.Effects(*measured, total),
    )


def causal_board(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O placar de quem ordena os objetos como a rede os usa.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    DataFrame
        Como o de `covidcam.evaluation.summarize`, com as medidas causal_pairs e causal_first entre
        todos os objetos, e lesion_pairs e lesion_first só entre as lesões. Os pares são de todos os
        filmes juntos; o intervalo sorteia pacientes.
    """

    def make(folder: Path) -> None:
        taken = retakes(settings, trained)
        maps = judged_maps(trained, taken)
        boards = [
            _board(maps, taken, "causal"),
            _board(maps, taken.only(taken.objects["kind"] == "lesão"), "lesion"),
        ]
        pd.concat(boards).to_csv(folder / "board.csv", index=False)

    parameters = {"model": trained.key, "data": identity(settings, raw_data(settings))}
    folder = store.keep(settings.cache, "placar-causal", parameters, CODE, make)
    return read_board(folder / "board.csv")


def judged_maps(
    trained: Trained, taken: Retakes, methods: Sequence[str] = JUDGED
) -> dict[str, np.ndarray]:
    """Os mapas do contraste da classe verdadeira com NORMAL, e os que não olham a rede.

    Parameters
    ----------
    trained : Trained
    taken : Retakes
    methods : sequence of str
        Nomes de `covidcam.cam.METHODS`; os oponentes entram sempre.

    Returns
    -------
    dict of str to ndarray, float32 (N, H, W), de 0 a 1
    """
    films = taken.films
    target = pd.Index(trained.classes).get_indexer(films.labels)
    healthy = trained.classes.index(HEALTHY)
    ask = partial(cam.explain, trained.model, films.images, target=target, against=healthy)
    made = ask(method=[name for name in methods if name not in SLOW])
    made |= {name: ask(method=name, **SLOW[name]) for name in methods if name in SLOW}
    maps = {name: each.values for name, each in made.items()}
    return maps | evaluation.opponents(films.images, films.lungs)


def _board(maps, taken, scope):
    """As duas medidas de um conjunto de objetos, por mapa."""
    names = evaluation.twins(maps)
    scores = {
        name: evaluation.densities(each, taken.masks, taken.effects.film)
        for name, each in maps.items()
        if names[name] == name
    }
    asked = np.isfinite(scores["grad-cam"])  # os menores podem cobrir inteiro um maior
    scores[SIZE] = np.where(asked, taken.objects["area"], np.nan)
    records = {"pairs": [], "first": []}
    for name in [*maps, SIZE]:
        same = names.get(name, name)
        found = evaluation.concordance(scores[same], taken.effects, LEAST)
        for metric, values in (("pairs", found.pairs), ("first", found.first)):
            records[metric].append(
                pd.DataFrame(
                    {
                        "method": name,
                        "kind": "método" if name in cam.METHODS else "oponente",
                        "metric": f"{scope}_{metric}",
                        "reference": "",
                        "same_as": same if same != name else "",
                        "film": np.arange(len(values)),
                        "value": values,
                    }
                )
            )
    patients = taken.films.patients
    boards = []
    for metric, groups in (("pairs", patients[found.film]), ("first", patients)):
        board = evaluation.summarize(pd.concat(records[metric]), groups)
        judged = found.film[np.isfinite(found.pairs)]
        boards.append(board.assign(images=len(np.unique(judged))))
    return pd.concat(boards)


def dial_retakes(settings: Settings) -> pd.DataFrame:
    """O que duas redes do botão dizem sem a lesão, e com o outro modo de radiografar.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, os filmes são os de `filmed_twice`.

    Returns
    -------
    DataFrame
        Uma linha por posição do botão (dial, 0 ou 1) e paciente de teste com COVID-19 (patient),
        com a probabilidade de COVID-19 no filme de adulto (whole), nele sem a lesão (empty), e no
        filme infantil, com ela (turned).
    """
    phantoms = settings.with_phantoms()

    def make(folder: Path) -> None:
        twice = filmed_twice(phantoms)
        sick = twice.pick(twice.test & (twice.labels == "COVID-19"))
        adult = sick.pick((sick.rows["modo"] == "adulto").to_numpy())
        child = sick.pick((sick.rows["modo"] == "infantil").to_numpy())
        empty = joblib.Parallel(n_jobs=2)(
            joblib.delayed(_emptied)(int(patient)) for patient in adult.patients
        )
        empty = datasets.three_channels(np.array(empty))
        films = {"whole": adult.images, "empty": empty, "turned": child.images}
        covid, tables = twice.classes.index("COVID-19"), []
        for dial in (0.0, 1.0):
            model = train(phantoms, turn_dial(twice, dial), 0)
            said = {name: models.predict(model, each)[:, covid] for name, each in films.items()}
            tables.append(pd.DataFrame({"dial": dial, "patient": adult.patients, **said}))
        pd.concat(tables).to_csv(folder / "dial.csv", index=False)

    code = ["cam", "datasets", "evaluation", "lungs", "models", "phantom", "seeding"]
    code += ["artefacts/data", "artefacts/features", "artefacts/films", "artefacts/interventions"]
    code += ["artefacts/networks", "artefacts/shortcuts"]
    parameters = {"source": phantoms.source}
    folder = store.keep(settings.cache, "botao-refilmado", parameters, code, make)
    return pd.read_csv(folder / "dial.csv")


def _emptied(patient):
    """O filme de adulto de um paciente de `filmed_twice`, sem as lesões."""
    cv2.setNumThreads(1)
    return phantom.formation(
        patient, "COVID-19", SIDE, look="adulto", patient=patient, lesions=False
    ).image


def filming(settings: Settings, rows: pd.DataFrame) -> list[tuple]:
    """Como cada fantoma do acervo foi radiografado.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    rows : DataFrame
        Linhas do catálogo.

    Returns
    -------
    list of tuple
        Semente, classe, forma (linhas e colunas), modo e paciente, como `phantom.formation` pede.
    """
    data = raw_data(settings)
    table = pd.read_csv(data / "phantom.csv").set_index("path")
    jobs = []
    for path in rows["path"]:
        film = table.loc[Path(path).relative_to(data).as_posix()]
        with Image.open(path) as picture:
            shape = picture.size[::-1]
        jobs.append((int(film["seed"]), film["label"], shape, film["look"], int(film["patient"])))
    return jobs


def _retake(seed, label, shape, look, patient):
    """As imagens de um filme, com e sem cada objeto, e as máscaras, no lado dos arrays."""
    cv2.setNumThreads(1)
    made = phantom.formation(seed, label, shape, look=look, patient=patient)
    parts = {name: each for name, each in phantom.inventory(made.scene).items() if each.mask.any()}
    lesions = [name for name, each in parts.items() if each.kind == "lesão"]
    union = np.any([parts[name].mask for name in lesions], axis=0)
    healthy = [name for name, each in parts.items() if each.kind == "parte sadia"]
    control = min(healthy, key=lambda name: abs(int(parts[name].mask.sum()) - int(union.sum())))
    without = {name: _small(phantom.refilm(made, (name,)).image) for name in parts}
    others = {name: [*lesions, name] for name in parts}  # o filme sem lesões, e também sem ele
    others |= {name: [other for other in lesions if other != name] for name in lesions}
    entered = [_small(phantom.refilm(made, gone).image) for gone in others.values()]
    empty, held = (phantom.refilm(made, lesions, hold_tone=hold).image for hold in (False, True))
    masks = [datasets.resample_mask(each.mask, datasets.SIDE) for each in parts.values()]
    return {
        "images": np.array([*map(_small, (made.image, empty, held)), without[control]]),
        "without": np.array(list(without.values())),
        "entered": np.array(entered),
        "lesions": len(lesions),
        "masks": np.array(masks),
        "names": list(parts),
        "kinds": [each.kind for each in parts.values()],
        "part": control,
        "lesion_area": float(union.mean()),
        "part_area": float(parts[control].mask.mean()),
    }


def _small(image):
    """Um filme no lado dos arrays."""
    return datasets.resample(image, (datasets.SIDE, datasets.SIDE))


def _facts(film):
    """O que se tirou de um filme, e quanto ele mudou."""
    whole, empty, _, control = film["images"].astype(int)
    return {
        **{name: film[name] for name in ("part", "lesion_area", "part_area")},
        "lesion_change": np.abs(whole - empty).mean(),
        "part_change": np.abs(whole - control).mean(),
    }


def _effects(model, film, target, against):
    """O efeito de cada objeto de um filme, tirado do completo e posto no que não tem lesões."""
    films = {name: datasets.three_channels(film[name]) for name in ("images", "without", "entered")}
    whole, empty = films["images"][:2, None]
    without, entered, sick = films["without"], films["entered"], film["lesions"]
    place = np.zeros(len(without), int)
    ask = partial(evaluation.effects, model, target=target, against=against)
    lesions = ask(whole, empty, without[:sick], place[:sick], alone=entered[:sick])
    others = ask(whole, empty, without[sick:], place[sick:])
    beneath = ask(empty, empty, entered[sick:], place[sick:])
    return pd.DataFrame(
        {
            "name": film["names"],
            "kind": film["kinds"],
            "area": film["masks"].mean(axis=(1, 2)),
            "removed": np.concatenate([lesions.removed, others.removed]),
            "added": np.concatenate([lesions.added, beneath.removed]),
            "total": lesions.total[0],
        }
    )
