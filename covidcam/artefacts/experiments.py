"""As experiências do laboratório em todos os filmes de teste, para pôr ao lado das do leitor."""

import json
from pathlib import Path

import numpy as np

from covidcam import cam, evaluation, live, models, store
from covidcam.artefacts.interventions import retakes
from covidcam.artefacts.networks import model_2
from covidcam.artefacts.shortcuts.films import LOOKS, filmed_twice, turn_dial
from covidcam.artefacts.shortcuts.networks import network_file
from covidcam.artefacts.shortcuts.tables import dial_experiment
from covidcam.settings import Settings

MARKS = {"letter": live.letter, "border": live.border}
ENDS = (0.0, 1.0)  # o botão da rede que viu os dois modos e o da que só viu o atalho


def experiments(settings: Settings) -> dict:
    """O que cada estação do laboratório mede, em todos os filmes de teste.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, tudo aqui é de fantomas.

    Returns
    -------
    dict
        hide: films (os com lesão que a rede acerta), lesion e without (em quantos a resposta muda
        quando se esconde a lesão, ou quando o filme é refeito sem ela), fits (em quantos a forma da
        lesão cabe em outro lugar) e elsewhere (em quantos desses a resposta muda, escondida ali).
        guess: films, map e centre (em quantos o ponto mais quente, ou o centro, cai na lesão).
        plant: uma linha por marca e rede, com mark, dial, films e changed (em quantos a resposta
        muda); com ``"mode"``, o mesmo paciente radiografado do outro modo, contam-se os pacientes.
        broken: camada -> likeness (Spearman entre os mapas) e changed (parte das respostas).
        dial: uma linha por posição do botão, com dial, confounded, unconfounded e energy.
    """
    phantoms = settings.with_phantoms()
    trained = model_2(phantoms)
    taken = retakes(phantoms, trained)
    films, without = taken.films, taken.seen("held")
    twice = filmed_twice(phantoms)
    ends = {dial: network_file(phantoms, turn_dial(twice, dial)) for dial in ENDS}
    dial = dial_experiment(phantoms).groupby("dial", as_index=False).mean()

    def make(folder: Path) -> None:
        measured = {
            "hide": hide(trained.model, films, without, trained.classes),
            "guess": guess(trained.model, films),
            "plant": [
                record | {"dial": end}
                for end, file in ends.items()
                for record in plant(models.load(file), twice.pick(twice.test).images)
            ],
            "broken": shuffle(trained.model, films.images),
        }
        (folder / "measured.json").write_text(json.dumps(measured), "utf-8")

    parameters = {
        "trained": trained.key,
        "twice": store.content(twice.images),
        "taken": store.content(films.images, without),
        "looks": LOOKS,
        "ends": {str(end): file.parent.name for end, file in ends.items()},
    }
    code = ["cam", "datasets", "evaluation", "live", "models"]
    code += [f"artefacts/{name}" for name in ("experiments", "films", "trained")]
    folder = store.keep(settings.cache, "experiencias", parameters, code, make)
    dial = dial.rename(columns={"grad-cam": "energy"})
    columns = ["dial", "confounded", "unconfounded", "energy"]
    measured = json.loads((folder / "measured.json").read_text("utf-8"))
    return measured | {"dial": dial[columns].to_dict("records")}


def hide(model, films, without, classes) -> dict[str, int]:
    """Quantas respostas certas se perdem sem a lesão, e sem a mesma forma em outro lugar."""
    truth = np.array([classes.index(label) for label in films.labels])
    right = np.flatnonzero(_answers(model, films.images) == truth)
    places = {"lesion": films.lesions}
    moved = zip(films.lesions, films.lungs, strict=True)
    places["elsewhere"] = np.array([live.elsewhere(*pair) for pair in moved])
    blurred = np.array([evaluation.REFERENCES["blur"](image) for image in films.images[right]])
    lost = {
        name: _answers(model, np.where(masks[right, ..., None], blurred, films.images[right]))
        for name, masks in places.items()
    }
    lost["without"] = _answers(model, without[right])
    # a máscara vazia, da lesão que não cabe em outro lugar, nada esconde: não é um controle
    fits = int(places["elsewhere"][right].any(axis=(1, 2)).sum())
    return {"films": len(right), "fits": fits} | {
        name: int((found != truth[right]).sum()) for name, found in lost.items()
    }


def guess(model, films) -> dict[str, int]:
    """Em quantos filmes o ponto mais quente cai na lesão, e em quantos cairia o centro."""
    maps = {
        "map": cam.explain(model, films.images).values,
        "centre": evaluation.OPPONENTS["centro"](films.images, films.lungs),
    }
    hits = {
        name: float(evaluation.pointing_game(found, films.lesions).sum())
        for name, found in maps.items()
    }
    return {"films": len(films.images)} | hits


def plant(model, images) -> list[dict]:
    """Em quantos filmes cada marca muda a resposta de uma rede, e em quantos pacientes, o modo.

    Os filmes vêm aos pares, o mesmo paciente nos dois modos.
    """
    before, side = _answers(model, images), images.shape[1]
    marked = {
        mark: np.array([live.stamp(image, draw(side)) for image in images])
        for mark, draw in MARKS.items()
    }
    counted = [
        {
            "mark": mark,
            "films": len(images),
            "changed": int((_answers(model, found) != before).sum()),
        }
        for mark, found in marked.items()
    ]
    first, second = before.reshape(-1, len(LOOKS)).T
    turned = {"mark": "mode", "films": len(first), "changed": int((first != second).sum())}
    return [*counted, turned]


def shuffle(model, images) -> dict[str, dict[str, float]]:
    """O que muda quando os pesos de cada camada são embaralhados em cada canal de saída."""
    intact = cam.explain(model, images)
    said, found = intact.scores.argmax(axis=1), {}
    random = np.random.default_rng(0)
    for layer in model.layers:
        if not hasattr(layer, "kernel"):
            continue
        kept = layer.get_weights()
        taps = kept[0].reshape(-1, kept[0].shape[-1])
        layer.set_weights([random.permuted(taps, axis=0).reshape(kept[0].shape), *kept[1:]])
        broken = cam.explain(model, images, target=intact.target)
        layer.set_weights(kept)
        alike = evaluation.likeness(intact.values, broken.values).spearman
        found[layer.name] = {
            "likeness": float(np.nanmean(alike)) if np.isfinite(alike).any() else 0.0,
            "changed": float((broken.scores.argmax(axis=1) != said).mean()),
        }
    return found


def _answers(model, images):
    return models.predict(model, images).argmax(axis=1)
