"""A tabela de figuras de mérito: métodos e oponentes, com intervalos e diferenças pareadas."""

from collections.abc import Mapping, Sequence

import joblib
import numpy as np
import pandas as pd

from covidcam import progress
from covidcam.errors import InputError
from covidcam.evaluation import faithfulness, localization
from covidcam.evaluation.checks import check_masks
from covidcam.evaluation.intervals import bootstrap, interval
from covidcam.evaluation.opponents import opponents

WHERE = {
    "pointing_game": localization.pointing_game,
    "energy_inside": localization.energy_inside,
    "energy_ratio": localization.energy_ratio,
    "rank_accuracy": localization.rank_accuracy,
    "iou_otsu": localization.iou,
    "auprc": localization.auprc,
}
# As que põem alguma coisa no lugar do que apagam, e a que só troca pixels pelos vizinhos.
WITH_REFERENCE = {
    "deletion": lambda *arguments: faithfulness.deletion(*arguments).auc,
    "insertion": lambda *arguments: faithfulness.insertion(*arguments).auc,
    "average_drop": lambda *arguments: faithfulness.average_drop(*arguments)[0],
}
FAITHFUL = WITH_REFERENCE | {"road": faithfulness.road}
KIND = {"pointing_game": "proportion", "energy_ratio": "ratio"}  # as outras são médias
LOWER_IS_BETTER = {"deletion", "average_drop"}
SAME = 1e-4  # mapas que diferem menos do que isto em todo pixel são um só
THREADS = 2


def scoreboard(
    model,
    images: np.ndarray,
    masks: np.ndarray,
    groups: Sequence,
    methods: Sequence[str],
    lungs: np.ndarray | None = None,
    metrics: Sequence[str | tuple[str, str]] = tuple(WHERE),
    compare: str = "grad-cam",
    target=None,
    **options,
) -> pd.DataFrame:
    """Mede métodos e oponentes nas mesmas imagens.

    As medidas são tarefas do joblib: sob ``joblib.parallel_config(backend="dask")``, e com um
    cliente Dask aberto, quem as faz são os trabalhadores dele.

    Parameters
    ----------
    model, images, masks, methods, lungs, metrics, target, **options
        Como em `measure`.
    groups : sequence (N,)
        O paciente de cada imagem.
    compare : str
        O método ou oponente ao qual os outros são comparados, imagem a imagem.

    Returns
    -------
    DataFrame
        Como o de `summarize`.

    Raises
    ------
    InputError
        Como em `measure` e `summarize`.
    """
    groups = np.asarray(groups)
    if groups.shape != (len(images),):
        raise InputError(f"Há {len(images)} imagens e {groups.shape} pacientes; um para cada uma.")
    bootstrap(np.zeros(len(images)), groups, samples=1)  # recusa os pacientes antes do trabalho
    values = measure(model, images, masks, methods, lungs, metrics, target, **options)
    return summarize(values, groups, compare)


def measure(
    model,
    images: np.ndarray,
    masks: np.ndarray,
    methods: Sequence[str],
    lungs: np.ndarray | None = None,
    metrics: Sequence[str | tuple[str, str]] = tuple(WHERE),
    target=None,
    blind: bool = True,
    **options,
) -> pd.DataFrame:
    """A nota de cada mapa em cada imagem.

    Parameters
    ----------
    model : keras.Model
    images : ndarray (N, H, W, C)
    masks : ndarray, bool (N, H, W)
        Onde está a verdade.
    methods : sequence of str
        Nomes de `covidcam.cam.METHODS`.
    lungs : ndarray, bool (N, H, W), optional
        Máscaras dos pulmões, de que dois dos oponentes precisam; por padrão, a imagem inteira.
    metrics : sequence of str or tuple
        Nomes de `WHERE` (medidas contra a máscara) e de `FAITHFUL` (medidas contra a rede); ou
        pares de nome e referência, como ``("deletion", "mean")``.
    target : int, ndarray (N,) or None
        A classe explicada; None é a prevista.
    blind : bool
        Se entram os oponentes, os mapas que não olham a rede.
    **options
        Opções dos métodos, como em `covidcam.cam.explain`.

    Returns
    -------
    DataFrame
        Uma linha por mapa, medida e imagem: method, kind (``"método"`` ou ``"oponente"``), metric,
        reference (vazia onde não há), same_as, film (de 0 a N - 1), target e value. Dois mapas
        iguais em todas as imagens são medidos uma vez só, e same_as diz, no segundo, o nome do
        primeiro.

    Raises
    ------
    InputError
        Se uma medida ou referência não existe, ou as formas não combinam.
    """
    from covidcam import cam

    metrics = [_named(metric) for metric in metrics]
    masks = check_masks(masks)
    if masks.shape != np.shape(images)[:3]:
        raise InputError(f"As imagens têm a forma {np.shape(images)} e as máscaras, {masks.shape}.")
    explained = cam.explain(model, images, list(methods), target=target, **options)
    target = next(iter(explained.values())).target
    maps = {name: heatmaps.values for name, heatmaps in explained.items()}
    kinds = dict.fromkeys(maps, "método")
    if blind:
        drawn = opponents(images, np.ones_like(masks) if lungs is None else lungs)
        kinds |= dict.fromkeys(drawn, "oponente")
        maps |= drawn
    first = twins(maps)
    tasks = [(name, *metric) for metric in metrics for name in maps if first[name] == name]
    # em threads, porque o NumPy, o OpenCV e a rede soltam o interpretador; ou onde o joblib mandar
    measured = joblib.Parallel(THREADS, prefer="threads", return_as="generator")(
        joblib.delayed(_values)(model, images, masks, target, maps[task[0]], *task[1:])
        for task in tasks
    )
    measured = progress.bar(measured, "Medindo", len(tasks), leave=False)
    values = dict(zip(tasks, measured, strict=True))
    return pd.concat(
        pd.DataFrame(
            {
                "method": name,
                "kind": kinds[name],
                "metric": metric,
                "reference": reference,
                "same_as": first[name] if first[name] != name else "",
                "film": np.arange(len(masks)),
                "target": target,
                "value": values[first[name], metric, reference],
            }
        )
        for metric, reference in metrics
        for name in maps
    ).reset_index(drop=True)


def summarize(
    values: pd.DataFrame,
    groups: Sequence,
    compare: str = "grad-cam",
) -> pd.DataFrame:
    """De uma nota por imagem a uma por mapa, com o intervalo e a diferença para um deles.

    Parameters
    ----------
    values : DataFrame
        O que `measure` devolve, ou vários desses um depois do outro: um mapa pode ter sido medido
        em parte das imagens, e é comparado nelas.
    groups : sequence (N,)
        O paciente de cada imagem.
    compare : str
        O método ou oponente ao qual os outros são comparados, imagem a imagem.

    Returns
    -------
    DataFrame
        Uma linha por método e medida: method, kind, metric, reference, same_as, mean, low e high
        (`covidcam.evaluation.interval`, por paciente), difference, difference_low e
        difference_high (contra `compare`, pareada), images e patients.

    Raises
    ------
    InputError
        Se `compare` não foi medido, ou os pacientes não são um por imagem.
    """
    groups = np.asarray(groups)
    records = []
    for (metric, reference), part in values.groupby(["metric", "reference"], sort=False):
        films = part.pivot(index="method", columns="film", values="value")
        films = films.reindex(columns=range(len(groups)))
        if compare not in films.index:
            raise InputError(f"Não há {compare!r} a que comparar; há {list(films.index)}.")
        other = films.loc[compare].to_numpy(float)
        for row in part.drop_duplicates("method").itertuples():
            own = films.loc[row.method].to_numpy(float)
            mean, low, high = interval(own, groups, KIND.get(metric, "mean"))
            change = interval(own - other, groups)
            present = np.isfinite(own)
            records.append(
                {
                    "method": row.method,
                    "kind": row.kind,
                    "metric": metric,
                    "reference": reference,
                    "same_as": row.same_as,
                    "mean": mean,
                    "low": low,
                    "high": high,
                    "difference": change.mean,
                    "difference_low": change.low,
                    "difference_high": change.high,
                    "images": int(present.sum()),
                    "patients": len(set(groups[present])),
                }
            )
    return pd.DataFrame(records)


def twins(maps: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Para cada nome, o primeiro cujo mapa é o mesmo em todas as imagens.

    Parameters
    ----------
    maps : mapping of str to ndarray, float (N, H, W), de 0 a 1

    Returns
    -------
    dict of str to str
        O Grad-CAM, que todos conhecem, é o primeiro entre os que lhe são iguais.

    Examples
    --------
    >>> ones = np.ones((1, 2, 2))
    >>> twins({"cam": ones, "grad-cam": ones, "outro": 0 * ones})
    {'grad-cam': 'grad-cam', 'cam': 'grad-cam', 'outro': 'outro'}
    """
    first = {}
    for name in sorted(maps, key=lambda name: name != "grad-cam"):
        equal = (k for k, v in first.items() if k == v and _same(maps[k], maps[name]))
        first[name] = next(equal, name)
    return first


def _named(metric):
    """A medida e a sua referência, vazia onde não há."""
    name, reference = (metric, None) if isinstance(metric, str) else metric
    if name not in WHERE and name not in FAITHFUL:
        raise InputError(f"Não há a medida {name!r}; há {[*WHERE, *FAITHFUL]}.")
    if name not in WITH_REFERENCE:
        if reference:
            raise InputError(f"A medida {name!r} não tem referência; recebeu {reference!r}.")
        return name, ""
    reference = reference or faithfulness.REFERENCE
    if reference not in faithfulness.REFERENCES:
        known = list(faithfulness.REFERENCES)
        raise InputError(f"A referência {reference!r} não existe; há {known}.")
    return name, reference


def _same(one, other):
    return np.abs(one[0] - other[0]).max() < SAME and np.abs(one - other).max() < SAME


def _values(model, images, masks, target, maps, metric, reference):
    if metric in WHERE:
        return WHERE[metric](maps, masks)
    return FAITHFUL[metric](model, images, maps, target, *([reference] if reference else []))
