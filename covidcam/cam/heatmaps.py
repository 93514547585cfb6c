"""De um mapa bruto, com sinal e na resolução da camada, a um mapa de calor em [0, 1]."""

from dataclasses import dataclass, fields

import cv2
import numpy as np

from covidcam.cam.registration import Registration, weights

# Produtos até aqui a BLAS não divide em fios, que numa máquina ocupada esperam uns pelos outros.
ONE_THREAD = 2**18


@dataclass(frozen=True, eq=False)
class Heatmaps:
    """Mapas de calor de N imagens.

    Attributes
    ----------
    values : ndarray of float32, shape (N, H, W)
        O mapa de cada imagem em [0, 1], dividido pelo seu próprio máximo. Os métodos pedidos
        juntos dividem um bloco de memória: quem guarda um só a libera com uma cópia.
    raw : ndarray of float32, shape (N, h, w) or (N, H, W)
        O mapa com sinal, antes de retificar e escalar: na resolução da camada ou, nos métodos
        de pixel, na da imagem.
    peak : ndarray of float32, shape (N,)
        O máximo do mapa retificado e ampliado, pelo qual ``values`` foi dividido.
    target : ndarray of int32, shape (N,)
        A classe explicada em cada imagem; -1 onde se explica uma direção sem classe.
    logits : ndarray of float32, shape (N, classes)
        A saída do modelo antes de softmax ou sigmoide.
    scores : ndarray of float32, shape (N, classes)
        A saída do modelo; uma única sigmoide p conta como duas classes, (1 - p, p).
    layer : str
        O nome da camada usada, ou da entrada nos métodos de pixel.
    registration : Registration or None
        Onde, na imagem, está cada célula de ``raw``; é com ela que ``values`` foi ampliado. None
        supõe que as células a ladrilham por igual.
    """

    values: np.ndarray
    raw: np.ndarray
    peak: np.ndarray
    target: np.ndarray
    logits: np.ndarray
    scores: np.ndarray
    layer: str
    registration: Registration | None = None

    @property
    def flat(self):
        """Onde nada positivo foi encontrado e o mapa é todo zero, bool (N,)."""
        return self.peak <= 0

    def shared(self):
        """Devolve (N, H, W) em [0, 1] divididos pelo máximo comum: comparáveis entre imagens."""
        top = self.peak.max()
        return self.values * (self.peak / top if top > 0 else self.peak)[:, None, None]

    def __len__(self):
        return len(self.values)


def join(parts):
    """Junta os mapas de vários lotes em um só objeto."""
    if len(parts) == 1:
        return parts[0]
    common = {name: getattr(parts[0], name) for name in ("layer", "registration")}
    arrays = [field.name for field in fields(Heatmaps) if field.name not in common]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return Heatmaps(**joined, **common)


def upsample(maps, size, out=None, registration=None):
    """Amplia mapas (N, h, w) para ``size``, em ``out`` se dado, cada célula posta no seu lugar.

    Bilinear entre os centros das células; além das últimas, o valor delas, e zero onde a rede não
    vê. Sem ``registration``, as células ladrilham a imagem por igual (centros de meio pixel).
    """
    out = np.empty((len(maps), *size), np.float32) if out is None else out
    if registration is None or registration.even(size):
        for source, destination in zip(maps, out, strict=True):
            cv2.resize(source, size[::-1], dst=destination, interpolation=cv2.INTER_LINEAR)
        return out
    down, across = (weights(*pair) for pair in zip(registration[:2], size, strict=True))
    wide = maps @ across.T
    rows = max(1, ONE_THREAD // wide[0].size)
    for start in range(0, size[0], rows):
        np.matmul(down[start : start + rows], wide, out=out[:, start : start + rows])
    return out


def rectify(raw, size, out=None, registration=None):
    """Retifica, amplia para ``size`` e divide cada mapa pelo seu próprio máximo.

    Nenhum épsilon entra na conta: o menor máximo positivo ainda vale 1, e um mapa sem nada
    positivo fica todo zero.

    Parameters
    ----------
    raw : ndarray of float32, shape (N, h, w)
    size : (int, int)
    out : ndarray of float32, shape (N, H, W), or None
        Onde escrever os mapas.
    registration : Registration or None
        Onde estão as células na imagem, como em ``upsample``.

    Returns
    -------
    values : ndarray of float32, shape (N, H, W)
    peak : ndarray of float32, shape (N,)
    """
    values = upsample(np.maximum(raw, 0), size, out, registration)
    peak = values.max(axis=(1, 2))
    values /= np.where(peak > 0, peak, 1)[:, None, None]
    return values, peak
