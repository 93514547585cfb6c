"""O que o laboratório leva para a página: redes e filmes, como scripts, guardados no depósito."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np

from covidcam import datasets, live, models, store
from covidcam.artefacts.data import arrays
from covidcam.artefacts.experiments import experiments
from covidcam.artefacts.films import Films
from covidcam.artefacts.interventions import retakes
from covidcam.artefacts.networks import model_2
from covidcam.artefacts.novelty import usual_films
from covidcam.artefacts.shortcuts.films import LOOKS, SIDE, filmed_twice, turn_dial
from covidcam.artefacts.shortcuts.networks import network_file
from covidcam.artefacts.shortcuts.tables import DIALS
from covidcam.artefacts.trained import Trained
from covidcam.figures.films import COLORMAP
from covidcam.lungs.finder import FILE, network_folder
from covidcam.settings import Settings

ABNORMAL, NORMAL = 6, 2  # os filmes em que se experimenta
PAIRS = 6  # pacientes radiografados dos dois modos


def laboratory(settings: Settings) -> Path:
    """As redes e os filmes do laboratório, cada um num script que a página carrega.

    Parameters
    ----------
    settings : Settings
        Qualquer que seja a fonte, tudo aqui é de fantomas.

    Returns
    -------
    Path
        Uma pasta com ``modelo-2.js``, ``pulmoes.js``, ``estranheza.js``, ``filmes.js``,
        ``cores.js``, ``medidas.js``, ``botao-0.js`` … ``botao-100.js`` e ``filmes-botao.js``.
    """
    phantoms = settings.with_phantoms()
    trained = model_2(phantoms)
    lungs = network_folder(phantoms)
    twice = filmed_twice(phantoms)
    dials = {
        f"botao-{100 * dial:.0f}": network_file(phantoms, turn_dial(twice, dial)) for dial in DIALS
    }

    measured, taken = experiments(phantoms), retakes(phantoms, trained)
    chosen = np.linspace(0, len(taken.films.rows) - 1, ABNORMAL).round().astype(int)
    sick, held = taken.films.pick(chosen), taken.seen("held")[chosen]

    def make(folder: Path) -> None:
        import keras

        def write(name, text):
            (folder / f"{name}.js").write_text(text, "utf-8")

        finder = keras.saving.load_model(lungs / FILE, compile=False)
        write("modelo-2", live.network_script("modelo-2", trained.model, trained.classes))
        write("pulmoes", live.network_script("pulmoes", finder))
        write("estranheza", live.score_script("estranheza", usual_films(phantoms)))
        for name, file in dials.items():
            model = models.load(file)
            write(name, live.network_script(name, model, model.covidcam.classes))
        films = [*described(sick, held), *described(healthy(trained))]
        last = twice.pick(np.arange(len(twice.rows)) >= len(twice.rows) - len(LOOKS) * PAIRS)
        write("medidas", live.script("medidas", measured))
        write("cores", live.script("cores", colours()))
        write("filmes", films_script("filmes", films, datasets.SIDE))
        write("filmes-botao", films_script("filmes-botao", list(described(last)), SIDE))

    parameters = {
        "trained": trained.key,
        "lungs": lungs.name,
        "usual": arrays(phantoms).key,
        "dials": {name: file.parent.name for name, file in dials.items()},
        "twice": store.content(twice.images),
        "measured": measured,
        "sick": store.content(sick.images, held),
    }
    code = ["cam", "datasets", "evaluation", "live", "models", "novelty", "phantom"]
    code += ["figures/films", "lungs/finder", "artefacts/shortcuts/films"]
    code += [f"artefacts/{name}" for name in ("data", "films", "laboratory", "novelty", "trained")]
    return store.keep(settings.cache, "laboratorio", parameters, code, make)


def healthy(trained: Trained) -> Films:
    """Os primeiros fantomas de teste sem lesão.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    Films
    """
    chosen = np.flatnonzero(trained.truth == trained.classes.index("NORMAL"))[:NORMAL]
    rows = trained.rows.iloc[chosen].reset_index(drop=True)
    return Films(
        images=np.array(trained.data.X[trained.test[chosen]]),
        lungs=datasets.read_masks(rows, "lungs"),
        lesions=datasets.read_masks(rows, "lesions"),
        rows=rows,
    )


def described(films: Films, without: np.ndarray | None = None) -> Iterator[dict]:
    """Cada filme como a página o recebe: a imagem, a verdade, a lesão e a mesma forma noutro lugar.

    Parameters
    ----------
    films : Films
        De fantomas, cujos três canais são iguais.
    without : ndarray, uint8 (N, H, W, 3), optional
        Os mesmos filmes refeitos sem a lesão.

    Yields
    ------
    dict
    """
    modes = films.rows["modo"] if "modo" in films.rows else [""] * len(films.rows)
    everything = zip(films.images, films.lungs, films.lesions, films.labels, modes, strict=True)
    for index, (image, lungs, lesions, label, mode) in enumerate(everything):
        moved = live.elsewhere(lesions, lungs)
        yield {
            "truth": label,
            "mode": mode,
            "image": live.picture(image[..., 0]),
            "without": "" if without is None else live.picture(without[index][..., 0]),
            "lesions": live.picture(lesions) if lesions.any() else "",
            "elsewhere": live.picture(moved) if moved.any() else "",
        }


def colours() -> list[list[int]]:
    """As cores dos mapas do livro, do nada ao máximo.

    Returns
    -------
    list of list of int
        256 cores: vermelho, verde e azul, de 0 a 255.
    """
    return mpl.colormaps[COLORMAP](np.linspace(0, 1, 256), bytes=True)[:, :3].tolist()


def films_script(name: str, films: list[dict], side: int) -> str:
    """O script que entrega filmes à página, com as marcas que neles se plantam.

    Parameters
    ----------
    name : str
    films : list of dict
        O que `described` diz de cada um.
    side : int
        O lado deles, em pixels.

    Returns
    -------
    str
    """
    marks = {"letter": live.letter(side), "border": live.border(side)}
    value = {
        "side": side,
        "films": films,
        "marks": {mark: live.picture(ink) for mark, ink in marks.items()},
    }
    return live.script(name, value)
