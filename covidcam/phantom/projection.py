"""Da geometria ao expoente de Beer–Lambert: quantos centímetros de quê cada raio atravessa.

Eixos do paciente, em centímetros: x cresce para a esquerda dele (direita da imagem), y para os
pés, z para a frente. Um raio anda ao longo de z; cada órgão é ampliado segundo a profundidade do
seu centro (tubos, ponto a ponto), de modo que as cordas continuam tendo forma fechada.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

ENERGY = 65
"""Energia efetiva do feixe, em keV (cerca de 110–125 kVp filtrados)."""

MASS_ATTENUATION = {"soft": 0.1976, "lung": 0.1980, "bone": 0.2818, "fat": 0.1920}
"""Coeficiente de atenuação em massa a 65 keV, em cm²/g: tecidos da ICRU-44 nas tabelas de Elam
(biblioteca xraydb); as tabelas do NIST, SRD 126, doi:10.18434/T4D01F, dizem o mesmo."""

DENSITY = {"soft": 1.06, "bone": 1.92, "fat": 0.95, "spongy": 1.18, "consolidation": 1.04}
"""Densidade em g/cm³ (ICRU-44); a do osso esponjoso é a do corpo vertebral com medula."""


def attenuation(tissue, density=None):
    """Coeficiente de atenuação linear a 65 keV, em 1/cm.

    Parameters
    ----------
    tissue : str
        Uma chave de `MASS_ATTENUATION`.
    density : float, optional
        Densidade em g/cm³; por padrão, a de `DENSITY`.

    Examples
    --------
    >>> round(attenuation("soft"), 3), round(attenuation("lung", 0.2), 4)
    (0.209, 0.0396)
    """
    return MASS_ATTENUATION[tissue] * (DENSITY[tissue] if density is None else density)


@dataclass(frozen=True)
class Camera:
    """Onde estão fonte, paciente e detector, e em que grade o detector lê.

    Attributes
    ----------
    shape : tuple of int
        Linhas e colunas da grade.
    pitch : float
        Lado de um pixel no detector, em cm.
    sid : float
        Distância da fonte ao detector, em cm.
    detector : float
        Posição z do detector: positiva em PA (peito encostado nele), negativa em AP.
    centre : tuple of float
        Ponto (x, y) do paciente no meio da imagem.
    tilt, rotation : float
        Inclinação no plano da imagem e giro em torno do eixo do corpo, em radianos.
    """

    shape: tuple
    pitch: float
    sid: float
    detector: float
    centre: tuple
    tilt: float = 0.0
    rotation: float = 0.0

    def magnification(self, z):
        """Ampliação de um ponto à profundidade z: distância fonte–detector / fonte–objeto."""
        return self.sid / (self.sid - np.abs(self.detector - z))

    @cached_property
    def _plane(self):
        rows, columns = self.shape
        u = (np.arange(columns, dtype=np.float32) - (columns - 1) / 2) * np.float32(self.pitch)
        v = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2) * np.float32(self.pitch)
        cos, sin = np.float32(np.cos(self.tilt)), np.float32(np.sin(self.tilt))
        return u[None] * cos + v[:, None] * sin, v[:, None] * cos - u[None] * sin

    def grid(self, z=0.0):
        """Coordenadas x e y do paciente, à profundidade z, vistas por cada pixel."""
        scale = np.float32(1 / self.magnification(z))
        shift = np.float32(self.centre[0] - z * self.rotation)
        u, v = self._plane
        return u * scale + shift, v * scale + np.float32(self.centre[1])

    def project(self, points):
        """Coluna e linha, em pixels, dos pontos (N, 3)."""
        x, y, z = np.asarray(points).T
        m = self.magnification(z)
        u, v = (x - self.centre[0] + z * self.rotation) * m, (y - self.centre[1]) * m
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        rows, columns = self.shape
        return (
            (u * cos - v * sin) / self.pitch + (columns - 1) / 2,
            (u * sin + v * cos) / self.pitch + (rows - 1) / 2,
        )


def coarse(camera, factor=2):
    """A mesma câmera com pixels maiores, para o que não tem detalhe fino."""
    shape = tuple(-(-side // factor) for side in camera.shape)  # arredonda para cima
    return replace(camera, shape=shape, pitch=camera.pitch * camera.shape[1] / shape[1])


def enlarge(image, camera):
    """Uma imagem da câmera grosseira na grade de `camera`."""
    return cv2.resize(image, camera.shape[::-1], interpolation=cv2.INTER_LINEAR)


def smooth(image, sigma):
    """Desfoque gaussiano largo, feito numa cópia reduzida."""
    step = max(1, int(sigma / 4))
    size = (max(image.shape[1] // step, 1), max(image.shape[0] // step, 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)


def ellipsoid(camera, centre, radii, angle=0.0):
    """Trecho (início, fim) em z que cada raio percorre dentro de um elipsoide.

    Fora dele o trecho tem comprimento zero. `angle` gira o elipsoide no plano da imagem.
    """
    centre, radii = [float(c) for c in centre], [float(r) for r in radii]
    x, y = camera.grid(centre[2])
    x, y = x - centre[0], y - centre[1]
    if angle:
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        x, y = x * cos + y * sin, y * cos - x * sin
    inside = 1 - (x / radii[0]) ** 2 - (y / radii[1]) ** 2
    half = np.float32(radii[2]) * np.sqrt(np.maximum(inside, 0))
    return centre[2] - half, centre[2] + half


def chord(interval):
    """Comprimento de um trecho; zero se ele é vazio."""
    return np.maximum(interval[1] - interval[0], 0)


def intersect(a, b):
    """Interseção de dois trechos (vazia quando o fim vem antes do início)."""
    return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def hull(a, b):
    """O menor trecho que contém os dois; um trecho vazio não conta."""
    empty_a, empty_b = a[1] <= a[0], b[1] <= b[0]
    low = np.where(empty_a, b[0], np.where(empty_b, a[0], np.minimum(a[0], b[0])))
    high = np.where(empty_a, b[1], np.where(empty_b, a[1], np.maximum(a[1], b[1])))
    return low, high


def capsule(camera, start, end, radii):
    """Corda de um cone arredondado reto entre dois pontos, com um raio em cada ponta."""
    start, end = [float(c) for c in start], [float(c) for c in end]
    x, y = camera.grid((start[2] + end[2]) / 2)
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    radius = radii[0] + along * np.float32(radii[1] - radii[0])
    distance = (x - start[0] - along * dx) ** 2 + (y - start[1] - along * dy) ** 2
    return 2 * np.sqrt(np.maximum(radius * radius - distance, 0))


def disc(radius):
    """Núcleo de um disco de `radius` pixels, com borda suave e soma igual à sua área."""
    half = int(np.ceil(radius + 0.5))
    axis = np.arange(-half, half + 1)
    kernel = np.clip(radius + 0.5 - np.hypot(axis[:, None], axis[None]), 0, 1)
    return (kernel * (np.pi * radius**2 / kernel.sum())).astype(np.float32)


def tube(camera, points, lengths, radius):
    """Corda de tubos de mesmo raio ao longo de curvas no espaço.

    Um tubo é a soma, ao longo do seu eixo, de discos vistos de frente: integrar ds sobre os
    pontos do eixo a menos de um raio do pixel dá 2√(r² − d²) para o tubo deitado na imagem, isso
    dividido pelo seno da inclinação para o inclinado, e o comprimento inteiro para o que corre
    ao longo do raio. Basta depositar os ds numa grade e convolvê-la com um disco.

    Parameters
    ----------
    points : array (N, 3)
        Pontos do eixo, mais próximos entre si que um pixel.
    lengths : array (N,)
        Comprimento ds que cada ponto representa, em cm (zero onde o tubo não conta).
    """
    rows, columns = camera.shape
    column, row = camera.project(points)
    left, top = np.floor(column), np.floor(row)
    fx, fy = column - left, row - top
    corners = (
        (0, 0, (1 - fx) * (1 - fy)),
        (1, 0, fx * (1 - fy)),
        (0, 1, (1 - fx) * fy),
        (1, 1, fx * fy),
    )
    x = np.concatenate([left + dx for dx, _, _ in corners]).astype(np.int64)
    y = np.concatenate([top + dy for _, dy, _ in corners]).astype(np.int64)
    weight = np.concatenate([lengths * share for _, _, share in corners])
    keep = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    image = np.bincount(y[keep] * columns + x[keep], weight[keep], minlength=rows * columns)
    image = image.reshape(rows, columns).astype(np.float32)
    scale = camera.magnification(float(np.mean(points[:, 2]))) / camera.pitch
    return cv2.filter2D(image, -1, disc(radius * scale), borderType=cv2.BORDER_CONSTANT)


def resample(points, step):
    """Pontos a cada `step` cm ao longo de uma poligonal (N, 3), e o comprimento de cada um."""
    points = np.asarray(points, dtype=float)
    travelled = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    count = max(int(np.ceil(travelled[-1] / step)), 1)
    where = (np.arange(count) + 0.5) * travelled[-1] / count
    fine = np.stack([np.interp(where, travelled, axis) for axis in points.T], axis=1)
    return fine, np.full(count, travelled[-1] / count)


def spline(points, count=40):
    """Curva suave (Catmull–Rom) por pontos de controle (N, 3)."""
    points = np.asarray(points, dtype=float)
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, len(points) - 1, count)
    i = np.minimum(t.astype(int), len(points) - 2)
    f = (t - i)[:, None]
    a, b, c, d = padded[i], padded[i + 1], padded[i + 2], padded[i + 3]
    return 0.5 * (
        2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3
    )


def network(camera, start, end, radius, visible=None):
    """Corda de uma rede de segmentos de raios diversos (árvores de vasos ou brônquios).

    `visible(points)` diz, de 0 a 1, quanto de cada ponto conta; por padrão, tudo.
    """
    length = np.linalg.norm(end - start, axis=1)
    count = np.maximum(np.ceil(length / camera.pitch).astype(int), 1)
    index = np.repeat(np.arange(len(count)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    along = ((np.arange(len(index)) - first) + 0.5) / count[index]
    points = start[index] + along[:, None] * (end - start)[index]
    weight = (length / count)[index]
    if visible is not None:
        weight = weight * visible(points)
    image = np.zeros(camera.shape, np.float32)
    edges = np.geomspace(radius.min() * 0.999, radius.max() * 1.001, 6)
    bins = np.digitize(radius, edges)[index]
    for k in np.unique(bins):
        chosen = bins == k
        size = float(np.mean(radius[index[chosen]]))
        image += tube(camera, points[chosen], weight[chosen], size)
    return image
