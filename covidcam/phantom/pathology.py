"""A doença: lesões são ar trocado por tecido dentro do pulmão.

As frequências vêm da literatura e foram fixadas antes de treinar qualquer modelo; são escolha nossa
a parte de filmes quase normais e a divisão entre os lobos menos atingidos. Com a aparência foi
diferente: o tamanho, o número, o contorno e a densidade dos focos e das consolidações foram
ajustados depois, olhando filmes reais e os primeiros treinos. O alvo do ajuste, na COVID-19, é a
extensão das séries de internados (Brixia: mediana de 8 a 12 pontos em 18, Borghesi e Maroldi 2020,
doi:10.1007/s11547-020-01200-3).
"""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from covidcam.phantom.anatomy import cage_depth, cage_width, stream, vessels
from covidcam.phantom.projection import DENSITY, attenuation, network

AERATED = 0.2
"""Densidade do pulmão sadio inspirado, g/cm³."""

COVID = {
    "normal": 0.05,  # quase normais; séries publicadas têm menos que os 31 % de Wong 2020
    "bilateral": 0.64,  # 64,5 % (468 radiografias, Itália), 63,4 % (Singapura)
    "peripheral": 0.625,  # 62,5 % (Itália)
    "lower": 0.90,  # 90,2 % nas zonas inferiores (Singapura)
    "consolidation": 0.50,  # 47 % (Wong 2020) a 51 % (Singapura), junto do vidro fosco
    "effusion": 0.03,  # 3 % (Wong 2020)
}
"""Frequências da COVID-19: Wong et al. 2020, doi:10.1148/radiol.2020201160, e as séries da Itália
(PMC7243792) e de Singapura."""

OTHERS = {
    "viral": 0.35,  # 1 345 de 3 883 pneumonias (Kermany 2018)
    "effusion": 0.12,  # 12 % das bacterianas
    "multilobar": 0.18,
    "lobes": {"RLL": 0.35, "LLL": 0.22, "RUL": 0.17, "RML": 0.13, "LUL": 0.13},
}
"""Frequências das outras pneumonias: Kermany et al. 2018, doi:10.1016/j.cell.2018.02.010; Vilar
et al. 2004, Eur. J. Radiol. 51:102; série de 100 casos bacterianos (RLL 35, LLL 22; o restante
dividido entre os outros lobos)."""


@dataclass(frozen=True)
class Focus:
    """Um foco: elipsoide (cm), densidade, borda suave ou nítida, e os limites do seu lobo."""

    kind: str
    side: int
    centre: tuple
    radii: tuple
    density: float
    edge: float  # 1: some aos poucos do centro à borda; maior: platô com borda mais nítida
    patchy: float  # quanto a textura modula o foco
    lobe: str = ""
    angle: float = 0.0


@dataclass(frozen=True)
class Disease:
    """Todos os focos de um paciente e o resumo do que foi sorteado."""

    foci: tuple = ()
    facts: dict = field(default_factory=dict)
    cuffs: float = 0.0  # até onde, em meias larguras, as paredes dos brônquios engrossam


def place(patient, side, height, radial, around):
    """Ponto dentro do pulmão: altura 0–1, distância do mediastino 0–1, ângulo na seção."""
    p = patient
    y = height * p.height
    width, depth = float(cage_width(p, y)), float(cage_depth(p, y))
    m = 1.1 * p.mediastinum
    x = side * (m + (width - m) * radial * math.cos(around))
    return (x, y, 0.9 * depth * radial * math.sin(around) - 0.08 * p.depth)


def draw_disease(patient, label):
    """Sorteia a doença de um paciente segundo `COVID` e `OTHERS`."""
    rng = stream(patient.seed, "disease", label)
    if label == "NORMAL":
        return Disease((), {"pattern": "normal"})
    if label == "COVID-19":
        return _covid(rng, patient)
    return (_viral if rng.uniform() < OTHERS["viral"] else _bacterial)(rng, patient)


def _covid(rng, p):
    """Focos de vidro fosco, alguns já consolidados, em faixas que acompanham a pleura."""
    draw = dict(zip(COVID, rng.uniform(size=len(COVID)).tolist(), strict=True))
    has = {name: draw[name] < share for name, share in COVID.items()}
    mild, severity = has["normal"], rng.beta(2, 2)
    sides = (-1, 1) if has["bilateral"] else (int(rng.choice((-1, 1))),)
    foci = []
    for side in sides:
        count = 1 if mild else int(rng.integers(4, 7) + 4 * severity)
        for k in range(count):
            height = 0.28 + 0.68 * (rng.beta(3.2, 1.5) if has["lower"] else rng.uniform())
            radial = rng.uniform(0.72, 0.98) if has["peripheral"] else rng.uniform(0.25, 0.9)
            around = float(np.clip(rng.normal(-0.2, 0.6), -1.3, 1.3))
            size = p.width * rng.uniform(0.13, 0.27) * (0.5 if mild else 0.85 + 0.5 * severity)
            solid = has["consolidation"] and k % 3 == 0 and not mild
            thin, glass, dense = rng.uniform((0.3, 0.5, 0.85), (0.4, 0.75, 1.0)).tolist()
            foci.append(
                Focus(
                    kind="consolidação" if solid else "vidro fosco",
                    side=side,
                    centre=place(p, side, height, radial, around),
                    radii=(0.8 * size, 1.25 * size, 1.9 * size),
                    density=dense if solid else thin if mild else glass,
                    edge=1.6,
                    patchy=0.3,
                    angle=side * rng.uniform(-0.2, 0.5),
                )
            )
    if has["effusion"]:
        foci.append(_effusion(rng, p, int(rng.choice(sides))))
    facts = {name: has[name] for name in COVID if name != "normal"}
    return Disease(tuple(foci), {"pattern": "covid", "mild": mild, **facts})


def _effusion(rng, p, side):
    level = p.height * rng.uniform(0.78, 0.92)
    return Focus("derrame", side, (0, level, 0), (1, 1, 1), density=1.0, edge=1.0, patchy=0.0)


LOBES = {  # lado; altura, profundidade e semieixos do centro, relativos ao tórax
    "RUL": (-1, 0.30, 0.0, (0.60, 0.30, 1.6)),
    "RML": (-1, 0.74, 0.3, (0.52, 0.28, 1.6)),
    "RLL": (-1, 0.80, -0.3, (0.60, 0.36, 1.6)),
    "LUL": (1, 0.42, 0.2, (0.56, 0.36, 1.6)),
    "LLL": (1, 0.80, -0.3, (0.60, 0.36, 1.6)),
}


def _bacterial(rng, p):
    """Consolidação homogênea que enche um lobo, às vezes dois, às vezes com derrame."""
    names, shares = zip(*OTHERS["lobes"].items(), strict=True)
    several = rng.uniform() < OTHERS["multilobar"]
    chosen = rng.choice(names, size=1 + several, replace=False, p=np.array(shares)).tolist()
    foci = []
    for name in chosen:
        side, height, z, (wide, tall, deep) = LOBES[name]
        grow, across, down = rng.uniform((0.85, 0.42, -0.06), (1.2, 0.62, 0.06)).tolist()
        foci.append(
            Focus(
                kind="consolidação",
                side=side,
                centre=(side * across * p.width, (height + down) * p.height, z * p.depth),
                radii=(wide * p.width * grow, tall * p.height * grow, deep * p.depth * grow),
                density=DENSITY["consolidation"],
                edge=3.5,
                patchy=0.1,
                lobe=name,
                angle=rng.uniform(-0.2, 0.2),
            )
        )
    effusion = rng.uniform() < OTHERS["effusion"]
    if effusion:
        foci.append(_effusion(rng, p, foci[0].side))
    facts = {"lobes": "+".join(chosen), "multilobar": several, "effusion": effusion}
    return Disease(tuple(foci), {"pattern": "bacteriana", **facts})


def _viral(rng, p):
    """Difusa, dos dois lados, em torno dos hilos: véu intersticial e paredes espessas."""
    foci = []
    for side in (-1, 1):
        for _ in range(int(rng.integers(4, 7))):
            centre = place(
                p, side, rng.uniform(0.25, 0.78), rng.uniform(0.05, 0.5), rng.normal(0, 0.6)
            )
            size = p.width * rng.uniform(0.22, 0.36)
            radii, density = (size, 1.1 * size, size), rng.uniform(0.5, 0.7)
            foci.append(Focus("intersticial", side, centre, radii, density, 1.0, 0.35))
    return Disease(tuple(foci), {"pattern": "viral"}, cuffs=rng.uniform(0.4, 0.65))


# Projeção da doença -------------------------------------------------------------------------


def fractal(rng, shape, coarse, octaves=5, gain=0.62):
    """Ruído fractal de média 0 e desvio 1: oitavas a partir de `coarse` pixels."""
    image = np.zeros(shape, np.float32)
    size, weight = coarse, 1.0
    for _ in range(octaves):
        grid = rng.standard_normal(
            (int(shape[0] / size) + 3, int(shape[1] / size) + 3), dtype=np.float32
        )
        image += weight * cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
        size, weight = max(size / 2, 1), weight * gain
    return image / image.std()


@dataclass(frozen=True)
class Shadow:
    """O que a doença muda em cada raio: centímetros de lesão e acréscimo ao expoente."""

    thickness: np.ndarray
    excess: np.ndarray


def _window(camera, focus, margin):
    """Recorte da grade que contém o foco."""
    reach = max(focus.radii[:2]) + margin
    x, y, z = focus.centre
    corners = [(x + a * reach, y + b * reach, z) for a in (-1, 1) for b in (-1, 1)]
    column, row = camera.project(corners)
    rows, columns = camera.shape
    return (
        slice(max(int(row.min()), 0), min(max(int(row.max()) + 2, 1), rows)),
        slice(max(int(column.min()), 0), min(max(int(column.max()) + 2, 1), columns)),
    )


def primitive(inside, edge, t):
    """Integral em t, a partir de 0, de min(1, edge · (inside − t²)): platô com borda em declive."""
    plateau = np.sqrt(np.maximum(inside - 1 / edge, 0))
    t = np.clip(t, -np.sqrt(inside), np.sqrt(inside))
    core = np.clip(t, -plateau, plateau)
    cubes, sloping = np.zeros_like(t), t != core  # só na borda: o cubo custa mais que todo o resto
    cubes[sloping] = t[sloping] ** 3 - core[sloping] ** 3
    return core + edge * (inside * (t - core) - cubes / 3)


def _focus_length(patient, focus, lungs, camera, bend, window):
    """Centímetros de um foco ao longo de cada raio do recorte, só onde há ar e o lobo é o seu."""
    p = patient
    x, y = (plane[window] for plane in camera.grid(focus.centre[2]))
    warp = np.float32(0.05 * p.width)
    dx = x + warp * bend[0][window] - focus.centre[0]
    dy = y + warp * bend[1][window] - focus.centre[1]
    cos, sin = np.float32(np.cos(focus.angle)), np.float32(np.sin(focus.angle))
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    inside = np.maximum(1 - (u / focus.radii[0]) ** 2 - (v / focus.radii[1]) ** 2, 0)
    low, high = _lobe_limits(focus, p, y)
    depth = np.float32(focus.radii[2])
    cm = depth * lungs.crop(window).integrate(
        lambda z: primitive(inside, focus.edge, (np.clip(z, low, high) - focus.centre[2]) / depth)
    )
    horizontal = (y - 0.02 * x - 0.50 * p.height) / (0.01 * p.height)
    if focus.lobe == "RUL":
        cm = cm * np.clip(-horizontal, 0, 1)
    if focus.lobe == "RML":
        cm = cm * np.clip(horizontal, 0, 1)
    return cm * (x * focus.side > 0)


def _lobe_limits(focus, patient, y):
    """Trecho em z que pertence ao lobo do foco, separado pela fissura oblíqua."""
    fissure = (-0.9 + 1.75 * (y / patient.height - 0.2) / 0.85) * patient.depth
    if focus.lobe in ("RLL", "LLL"):
        return np.float32(-99), fissure
    return (fissure if focus.lobe else np.float32(-99)), np.float32(99)


@dataclass(frozen=True)
class Piece:
    """Uma lesão vista pela câmera: centímetros num recorte da grade, e a densidade dela."""

    window: tuple
    cm: np.ndarray
    density: float


def pieces(patient, disease, lungs, camera, film):
    """As lesões de um paciente, uma por uma, sem olhar quanto ar sobra para as outras.

    Parameters
    ----------
    lungs : covidcam.phantom.anatomy.Lungs
        O ar de cada raio de `camera`.
    film : numpy.random.Generator
        Sorteios da textura.

    Returns
    -------
    dict of str to Piece
        "foco 1", "foco 2"…, e, se há, "derrame" e "manguitos".
    """
    if not disease.foci:
        return {}
    p, made, everywhere = patient, {}, np.s_[:, :]
    unit = p.width / camera.pitch  # a meia largura do tórax, em pixels
    texture = fractal(film, camera.shape, 0.2 * unit, gain=0.55)
    bend = [fractal(film, camera.shape, 0.4 * unit, 5, 0.45) for _ in range(2)]
    for focus in disease.foci:
        if focus.kind == "derrame":
            cm = effusion(p, focus, lungs.length(), *camera.grid())
            made["derrame"] = Piece(everywhere, cm, focus.density)
            continue
        window = _window(camera, focus, 0.25 * p.width)
        cm = _focus_length(p, focus, lungs, camera, bend, window)
        cm = cm * np.clip(1 - focus.patchy + focus.patchy * texture[window], 0, 1.3)
        made[f"foco {len(made) + 1}"] = Piece(window, cm, focus.density)
    if disease.cuffs:
        made["manguitos"] = Piece(everywhere, cuffs(p, disease, camera), DENSITY["soft"])
    return made


def cast(lesions, air):
    """A sombra de várias lesões juntas: onde não cabem no ar do raio, encolhem por igual.

    Parameters
    ----------
    lesions : sequence of Piece
    air : array (H, W)
        Centímetros de pulmão de cada raio, na grade das lesões.

    Returns
    -------
    Shadow
    """
    total, weighted = np.zeros_like(air, np.float32), np.zeros_like(air, np.float32)
    for piece in lesions:
        total[piece.window] += piece.cm
        weighted[piece.window] += piece.cm * np.float32(piece.density)
    fit = np.minimum(1, air / np.maximum(total, 1e-6))
    density = weighted / np.maximum(total, 1e-6)
    thickness = total * fit
    excess = thickness * (density - np.float32(AERATED)) * np.float32(attenuation("lung", 1))
    return Shadow(thickness, excess)


def cuffs(patient, disease, camera):
    """Manguitos em torno de vasos e brônquios perto dos hilos: as linhas da pneumonia viral."""
    p = patient
    start, end, radius = vessels(p)
    hilum = np.array([1.1 * p.mediastinum, 0.43 * p.height, 0])
    near = np.linalg.norm(np.abs(end) * [1, 1, 0] - hilum, axis=1) < disease.cuffs * p.width
    thick = np.minimum(0.35 * radius[near] + 0.006 * p.height, 0.016 * p.height)
    outer = network(camera, start[near], end[near], radius[near] + thick)
    cm = outer - network(camera, start[near], end[near], radius[near])
    return np.where(cm > 0.01, cm, np.float32(0))  # o resto é arredondamento


def effusion(p, focus, air, x, y):
    """Derrame com menisco: o nível sobe em direção à parede."""
    width = cage_width(p, y)
    from_wall = np.clip((width - x * focus.side) / (0.25 * p.width), 0, 4)
    surface = focus.centre[1] - 0.16 * p.height * np.exp(-from_wall * 2)
    fill = np.clip((y - surface) / (0.07 * p.height), 0, 1)
    return air * fill**1.5 * (x * focus.side > 0)
