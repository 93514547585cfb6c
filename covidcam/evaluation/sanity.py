"""O mapa perceberia? Testes que um mapa ligado à rede deve passar.

Eles eliminam, não ordenam: um mapa que não muda quando a rede é destruída não fala dela; um que
muda ainda pode estar errado. Mapas pouco informativos mudam muito e parecem bons aqui (Binder et
al., CVPR 2023, arXiv:2211.12486), e o resultado depende da tarefa (Yona e Greenfeld, 2021,
arXiv:2110.14297).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_maps
from covidcam.seeding import seeded

if TYPE_CHECKING:
    import keras


def randomization_test(
    model, images, method="grad-cam", target=None, layer=None, seed=0
) -> pd.DataFrame:
    """Sorteia de novo os pesos da rede, do topo à base, e compara cada mapa com o original.

    Parameters
    ----------
    model : keras.Model
        Não é modificado.
    images : ndarray (N, H, W, C)
    method : str
        Um nome de `covidcam.cam.METHODS`.
    target : int, ndarray (N,) ou None
        A classe explicada; None é a que a rede original prevê, a mesma em todas as etapas.
    layer : str, optional
        A camada do mapa.
    seed : int

    Returns
    -------
    DataFrame
        Uma linha por camada sorteada (cumulativamente) e imagem: step, layer, image, spearman
        (de -1 a 1) e ssim (até 1) entre o mapa original e o novo; o passo 0 é a rede intacta. NaN
        onde um dos mapas é chato.

    Raises
    ------
    InputError
        Se a rede não tem pesos.

    References
    ----------
    Adebayo et al., NeurIPS 2018. arXiv:1810.03292.
    """
    from covidcam import cam

    original = cam.explain(model, images, method, target=target, layer=layer)
    records = _compare(original.values, original.values, 0, "nenhuma")
    stages = tqdm(_randomized(model, seed), desc="Sorteando pesos", leave=False, disable=None)
    for step, (name, damaged) in enumerate(stages, start=1):
        maps = cam.explain(
            damaged, images, method, target=original.target, layer=layer and original.layer
        )
        records += _compare(original.values, maps.values, step, name)
    return pd.DataFrame(records)


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
    return list(_randomized(model, seed))[-1][1]


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
    from scipy.ndimage import gaussian_filter

    first, second = np.asarray(first, float), np.asarray(second, float)

    def blur(image):
        return gaussian_filter(image, sigma, truncate=3.5)

    mean1, mean2 = blur(first), blur(second)
    variance1 = blur(first**2) - mean1**2
    variance2 = blur(second**2) - mean2**2
    covariance = blur(first * second) - mean1 * mean2
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    return float((likeness / ((mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2))).mean())


def _compare(original, maps, step, layer):
    from scipy.stats import spearmanr

    records = []
    for image, (first, second) in enumerate(zip(original, maps, strict=True)):
        flat = np.ptp(first) == 0 or np.ptp(second) == 0
        records.append(
            {
                "step": step,
                "layer": layer,
                "image": image,
                "spearman": np.nan if flat else spearmanr(first.ravel(), second.ravel()).statistic,
                "ssim": np.nan if flat else ssim(first, second),
            }
        )
    return records


def _randomized(model, seed):
    """Gera (camada, rede) com os pesos sorteados de novo do topo até essa camada."""
    import keras

    layers = [layer.name for layer in model.layers if layer.weights]
    if not layers:
        raise InputError(f"A rede {model.name} não tem pesos que se possam sortear.")
    with seeded(seed):
        damaged, fresh = keras.models.clone_model(model), keras.models.clone_model(model)
    damaged.set_weights(model.get_weights())
    for name in reversed(layers):
        damaged.get_layer(name).set_weights(fresh.get_layer(name).get_weights())
        yield name, damaged
