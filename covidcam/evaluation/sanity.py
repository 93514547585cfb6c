"""O mapa perceberia a rede destruída? Testes que um mapa ligado a ela deve passar.

Eles eliminam, não ordenam: um mapa que não muda quando a rede é destruída não fala dela; um que
muda ainda pode estar errado. Mapas pouco informativos mudam muito e parecem bons aqui (Binder et
al., CVPR 2023, arXiv:2211.12486), e o resultado depende da tarefa (Yona e Greenfeld, 2021,
arXiv:2110.14297).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import pandas as pd

from covidcam import progress
from covidcam.errors import InputError
from covidcam.evaluation.checks import check_maps
from covidcam.seeding import seeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras


class Likeness(NamedTuple):
    """O quanto os mapas de uma série se parecem com os de outra, par a par.

    Attributes
    ----------
    spearman : ndarray, float64 (N,)
        A correlação da ordem dos pixels, de -1 a 1; NaN onde um dos mapas é plano.
    ssim : ndarray, float64 (N,)
        A semelhança estrutural, até 1; NaN onde um dos mapas é plano.
    """

    spearman: np.ndarray
    ssim: np.ndarray


def likeness(first: np.ndarray, second: np.ndarray) -> Likeness:
    """Compara os mapas de duas séries, cada um com o da mesma posição.

    Parameters
    ----------
    first, second : ndarray, float (N, H, W), de 0 a 1

    Returns
    -------
    Likeness

    Raises
    ------
    InputError
        Se as formas diferem ou um mapa não é aceito.

    Examples
    --------
    >>> maps = np.random.default_rng(0).random((1, 16, 16))
    >>> likeness(maps, 1 - maps).spearman.round(6).tolist()
    [-1.0]
    """
    first = check_maps(first)
    second = check_maps(second, first.shape)
    pairs = [_alike(*pair) for pair in zip(first, second, strict=True)]
    return Likeness(*np.array(pairs).reshape(-1, 2).T)


def strangers(groups: Sequence, seed: int = 0) -> np.ndarray:
    """Para cada imagem, a de outro paciente, sorteada: o par de que nada se espera.

    Parameters
    ----------
    groups : sequence (N,)
        O paciente de cada imagem.
    seed : int

    Returns
    -------
    ndarray, int (N,)

    Raises
    ------
    InputError
        Se há um paciente só.
    """
    groups = np.asarray(groups)
    if len(set(groups.tolist())) < 2:
        raise InputError("Só há um paciente; não há com quem o comparar.")
    generator = np.random.default_rng(seed)
    return np.array([generator.choice(np.flatnonzero(groups != group)) for group in groups])


def randomization_test(
    model, images, method="grad-cam", target=None, layer=None, seeds=(0,)
) -> pd.DataFrame:
    """Sorteia de novo os pesos da rede, do topo à base, e compara cada mapa com o original.

    Parameters
    ----------
    model : keras.Model
        Não é modificado.
    images : ndarray (N, H, W, C)
    method : str or sequence of str
        Um ou mais nomes de `covidcam.cam.METHODS`.
    target : int, ndarray (N,) ou None
        A classe explicada; None é a que a rede original prevê, a mesma em todas as etapas.
    layer : str, optional
        A camada do mapa.
    seeds : sequence of int
        Uma rede sorteada por semente: o que uma só mostra pode ser sorte.

    Returns
    -------
    DataFrame
        Uma linha por semente, camada sorteada (cumulativamente), método e imagem: seed, step,
        layer, method, image, spearman (de -1 a 1) e ssim (até 1) entre o mapa original e o novo;
        o passo 0 é a rede intacta. NaN onde um dos mapas é plano.

    Raises
    ------
    InputError
        Se a rede não tem pesos.

    References
    ----------
    Adebayo et al., NeurIPS 2018. arXiv:1810.03292.
    """
    from covidcam import cam

    methods = [method] if isinstance(method, str) else list(method)
    original = cam.explain(model, images, methods, target=target, layer=layer)
    target = next(iter(original.values())).target
    tables = []

    def compare(step, layer, maps, seeds):
        for name, heatmaps in maps.items():
            alike = likeness(original[name].values, heatmaps.values)
            for seed in seeds:
                row = {"seed": seed, "step": step, "layer": layer, "method": name}
                tables.append(pd.DataFrame(row | {"image": range(len(images))} | alike._asdict()))

    compare(0, "nenhuma", original, seeds)
    stages = progress.bar(_randomized(model, seeds), desc="Sorteando pesos", leave=False)
    for seed, step, name, damaged in stages:
        maps = cam.explain(damaged, images, methods, target=target, layer=layer)
        compare(step, name, maps, [seed])
    return pd.concat(tables).reset_index(drop=True)


def remains(test: pd.DataFrame, strangers: Mapping[str, Likeness]) -> pd.DataFrame:
    """Do mapa original, o que resta na rede toda sorteada, ao lado de dois pacientes quaisquer.

    Parameters
    ----------
    test : DataFrame
        O que `randomization_test` devolve.
    strangers : mapping of str to Likeness
        Nome do método e a semelhança dos seus mapas de pacientes diferentes, na rede intacta.

    Returns
    -------
    DataFrame, float
        Uma linha por método. Para cada medida, spearman e ssim: a média sobre as redes sorteadas, a
        menor e a maior (``_low`` e ``_high``), e a de pacientes diferentes (``_strangers``).
    """
    end = test[test["step"] == test["step"].max()]
    records = {}
    for method, part in end.groupby("method", sort=False):
        row = {}
        for measure in ("spearman", "ssim"):
            drawn = part.groupby("seed")[measure].mean()
            row |= {measure: drawn.mean(), f"{measure}_low": drawn.min()}
            row[f"{measure}_high"] = drawn.max()
            row[f"{measure}_strangers"] = np.nanmean(getattr(strangers[method], measure))
        records[method] = row
    return pd.DataFrame.from_dict(records, orient="index")


def random_maps(model, images, target, seeds, method="grad-cam") -> "Iterator[np.ndarray]":
    """Os mapas das mesmas imagens em redes inteiramente sorteadas, uma por semente.

    Parameters
    ----------
    model : keras.Model
        Não é modificado.
    images : ndarray (N, H, W, C)
    target : ndarray, int (N,)
        A classe explicada, a mesma em todas as redes; o que cada uma diz é também um sorteio.
    seeds : sequence of int
    method : str
        Um nome de `covidcam.cam.METHODS`.

    Yields
    ------
    ndarray, float32 (N, H, W), de 0 a 1
    """
    from covidcam import cam

    last = sum(bool(layer.weights) for layer in model.layers)
    for _, step, _, damaged in _randomized(model, seeds):
        if step == last:
            yield cam.explain(damaged, images, method, target=target).values


def randomize(model, seed=0) -> "keras.Model":
    """Uma cópia da rede com todos os pesos treinados sorteados de novo.

    Parameters
    ----------
    model : keras.Model
    seed : int

    Returns
    -------
    keras.Model
    """
    return list(_randomized(model, [seed]))[-1][-1]


def max_sensitivity(model, images, method="grad-cam", radius=2.0, samples=5, seed=0) -> np.ndarray:
    """Quanto o mapa muda, no pior de alguns sorteios, sob um ruído que o olho não vê.

    Parameters
    ----------
    model : keras.Model
    images : ndarray (N, H, W, C), de 0 a 255
    method : str
        Um nome de `covidcam.cam.METHODS`.
    radius : float
        O ruído é uniforme entre -radius e +radius níveis de cinza.
    samples : int
    seed : int

    Returns
    -------
    ndarray, float64 (N,)
        max ‖M − M'‖ / ‖M‖; 0 é um mapa que não muda (o que um mapa constante também faz); NaN
        onde o mapa original é todo zero.

    References
    ----------
    Yeh et al., NeurIPS 2019. arXiv:1901.09392.
    """
    from covidcam import cam

    images = np.asarray(images, np.float32)
    generator = np.random.default_rng(seed)
    original = cam.explain(model, images, method)
    norm = np.linalg.norm(original.values, axis=(1, 2))
    worst = np.zeros(len(images))
    for _ in range(samples):
        noise = generator.uniform(-radius, radius, images.shape).astype(np.float32)
        noisy = np.clip(images + noise, 0, 255)
        maps = cam.explain(model, noisy, method, target=original.target)
        change = np.linalg.norm(maps.values - original.values, axis=(1, 2))
        worst = np.maximum(worst, change)
    return np.divide(worst, norm, out=np.full(len(images), np.nan), where=norm > 0)


def sparseness(maps: np.ndarray) -> np.ndarray:
    """O índice de Gini de cada mapa: 0 se é todo igual, perto de 1 se é um ponto só.

    Parameters
    ----------
    maps : ndarray, float (N, H, W)

    Returns
    -------
    ndarray, float64 (N,)

    References
    ----------
    Chalasani et al., ICML 2020. arXiv:1810.06583.

    Examples
    --------
    >>> sparseness(np.array([[[1.0, 1.0]], [[0.0, 1.0]]])).tolist()
    [0.0, 0.5]
    """
    checked = check_maps(maps)
    values = np.sort(checked.reshape(len(checked), np.prod(checked.shape[1:])), axis=1)
    count = values.shape[1]
    weights = 2 * np.arange(1, count + 1) - count - 1
    total = count * values.sum(axis=1)
    return np.divide(values @ weights, total, out=np.zeros(len(maps)), where=total > 0)


def ssim(first: np.ndarray, second: np.ndarray, sigma: float = 1.5) -> float:
    """A semelhança estrutural de dois mapas de 0 a 1, com janela gaussiana.

    Parameters
    ----------
    first, second : ndarray, float (H, W), de 0 a 1
    sigma : float
        O desvio da janela, em pixels.

    Returns
    -------
    float
        Até 1, que são mapas iguais.

    References
    ----------
    Wang, Bovik, Sheikh e Simoncelli, IEEE TIP 13 (2004). 10.1109/TIP.2003.819861.

    Examples
    --------
    >>> ssim(np.eye(8), np.eye(8))
    1.0
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    side = 2 * int(3.5 * sigma + 0.5) + 1

    def blur(image):
        return cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REFLECT)

    mean1, mean2 = blur(first), blur(second)
    variance1 = blur(first**2) - mean1**2
    variance2 = blur(second**2) - mean2**2
    covariance = blur(first * second) - mean1 * mean2
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    return float((likeness / ((mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2))).mean())


def _alike(first, second):
    from scipy.stats import rankdata

    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan, np.nan
    ranks = rankdata(first), rankdata(second)
    return np.corrcoef(*ranks)[0, 1], ssim(first, second)


def _randomized(model, seeds):
    """Gera (semente, passo, camada, rede), com os pesos sorteados de novo do topo até a camada.

    A rede é uma só, que muda a cada passo: assim ninguém a prepara de novo.
    """
    import keras

    layers = [layer.name for layer in model.layers if layer.weights]
    if not layers:
        raise InputError(f"A rede {model.name} não tem pesos que se possam sortear.")
    with seeded(0):  # os pesos desta cópia são logo trocados
        damaged = keras.models.clone_model(model)
    for seed in seeds:
        # outra série: com a semente com que a rede nasceu, voltariam os pesos iniciais dela
        (own,) = np.random.SeedSequence([1810, seed]).generate_state(1)
        with seeded(int(own)):
            fresh = keras.models.clone_model(model)
        damaged.set_weights(model.get_weights())
        for step, name in enumerate(reversed(layers), start=1):
            damaged.get_layer(name).set_weights(fresh.get_layer(name).get_weights())
            yield seed, step, name, damaged
