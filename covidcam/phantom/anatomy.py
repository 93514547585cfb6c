"""O paciente: geometria em centímetros, sorteada por paciente, e a corda de cada órgão.

O mesmo paciente pode ser radiografado criança ou adulto: os sorteios são quantis (quão largo, quão
alto, onde o vaso bifurca) e só depois viram centímetros na idade pedida.
"""

import zlib
from dataclasses import dataclass, replace

import cv2
import numpy as np

from covidcam.phantom.projection import (
    DENSITY,
    attenuation,
    capsule,
    chord,
    coarse,
    ellipsoid,
    enlarge,
    hull,
    intersect,
    resample,
    spline,
    tube,
)

SIDES = (-1, 1)  # −1 é o lado direito do paciente, à esquerda na imagem


def stream(seed, *names):
    """Gerador próprio de um assunto: mexer em um sorteio não desloca os outros."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


@dataclass(frozen=True)
class Patient:
    """Medidas de um paciente, em cm (ver `draw_patient` para as distribuições)."""

    seed: int
    adult: bool
    sex: str
    age: int
    height: float  # do ápice do pulmão ao topo da cúpula direita
    width: float  # meia largura interna da caixa torácica
    depth: float  # meia profundidade interna
    wall: float  # espessura da parede, do pulmão à pele
    fat: float  # gordura sob a pele
    ratio: float  # índice cardiotorácico
    mediastinum: float  # meia largura do mediastino
    slope: float  # quanto as costelas descem
    dome: float  # quanto a cúpula direita é mais alta que a esquerda
    clavicle: float  # altura das clavículas
    arms: float  # ângulo dos braços: 0 ao lado do corpo, 1 erguidos
    aorta: float  # tamanho do botão aórtico
    curve: float  # desvio lateral da coluna
    breast: float  # raio das mamas, zero se não há
    thymus: float  # quanto o timo alarga o mediastino

    @property
    def vertebra(self):
        """Altura de uma vértebra com o seu disco."""
        return self.height / 9.3


def draw_patient(seed, adult):
    """Sorteia um paciente.

    Adultos: altura pulmonar 22,5 ± 1,4 cm (homens; mulheres 2 cm menos), meia largura
    14,2 ± 0,8 cm, profundidade : largura de cerca de 5 : 7, índice cardiotorácico 0,45 ± 0,04.
    Crianças de 1 a 5 anos: medidas que crescem com a idade, tórax mais redondo, costelas mais
    horizontais e coração relativamente maior.
    """
    rng = stream(seed, "patient")
    n = np.clip(rng.standard_normal(16), -2, 2).tolist()
    u = rng.uniform(size=8).tolist()
    sex = "F" if u[0] < 0.4 else "M"
    female = sex == "F"
    if adult:
        age = int(np.clip(54 + 17 * n[0], 20, 89))
        height, width, depth = 22.5 - 2 * female + 1.4 * n[1], 14.2 - 1.2 * female + 0.8 * n[2], 9.4
        wall, fat = 3.3 + 0.7 * n[4], max(1.0 + 0.5 * n[5], 0.3)
        ratio, mediastinum = 0.45 + 0.04 * n[6], 2.2 + 0.22 * n[7]
        slope, breast = 1 + 0.12 * n[8], (5.2 + 1.3 * n[9]) * female
        clavicle, arms = 0.5 + 0.8 * n[10], 0.1 * u[1]
        aorta = 1.15 + 0.012 * (age - 50) + 0.15 * n[11]
    else:
        age = 1 + int(5 * u[2])
        growth = age - 1 + u[3]
        height, width = 9.6 + 0.65 * growth + 0.6 * n[1], 7.0 + 0.45 * growth + 0.35 * n[2]
        depth, wall, fat = 5.0 + 0.28 * growth, 1.3 + 0.2 * n[4], max(0.35 + 0.12 * n[5], 0.15)
        ratio, mediastinum = 0.52 + 0.035 * n[6], 1.22 + 0.12 * n[7]
        slope, breast = 0.72 + 0.1 * n[8], 0.0
        clavicle, arms = 0.4 * n[10], 0.25 + 0.75 * u[1]
        aorta = 0.55 + 0.08 * n[11]
    return Patient(
        seed=seed,
        adult=adult,
        sex=sex,
        age=age,
        height=height,
        width=width,
        depth=depth * (1 + 0.06 * n[3]),
        wall=wall,
        fat=fat,
        ratio=ratio,
        mediastinum=mediastinum,
        slope=slope,
        dome=height * (0.06 + 0.015 * n[12]),
        clavicle=clavicle,
        arms=arms,
        aorta=aorta,
        curve=0.03 * width * n[13],
        breast=breast,
        thymus=0.0 if adult else 0.7 * u[4] ** 3,
    )


def breathe(patient, inspiration):
    """O mesmo paciente com outra inspiração: só as cúpulas sobem e o coração alarga um pouco."""
    return replace(patient, ratio=patient.ratio * (1 + 0.25 * (1 - inspiration)))


# A caixa torácica ---------------------------------------------------------------------------


def cage_width(patient, y):
    """Meia largura interna da caixa torácica à altura y (zero acima do ápice)."""
    t = np.clip(y / (0.82 * patient.height), 0, 1)
    apex = 0.26 * patient.width
    dome = np.sqrt(1 - (1 - t) ** 2.3)
    flare = 1 + 0.05 * np.clip(y / patient.height - 0.55, 0, 1)
    return (apex + (patient.width - apex) * dome) * flare * (y > 0)


def cage_depth(patient, y):
    """Meia profundidade interna da caixa torácica à altura y."""
    t = np.clip(y / (0.62 * patient.height), 0, 1)
    return patient.depth * np.sqrt(1 - (1 - t) ** 2.4)


def spine_x(patient, y):
    """Desvio lateral da coluna à altura y."""
    return patient.curve * np.sin(np.pi * np.clip(y / (1.2 * patient.height), -0.2, 1.2))


def mediastinal_edge(patient, y, side):
    """Meia largura do mediastino de um lado: cava à direita; botão aórtico e tronco à esquerda."""
    h, m = patient.height, patient.mediastinum
    edge = 1 + 0.75 * np.exp(-np.maximum(y, 0) / (0.045 * h))
    if side < 0:
        edge = edge + 0.12 * np.clip((y - 0.1 * h) / (0.25 * h), 0, 1)
    else:
        edge = edge + patient.aorta / m * 0.55 * np.exp(-(((y - 0.215 * h) / (0.052 * h)) ** 2))
        edge = edge + 0.42 * np.exp(-(((y - 0.40 * h) / (0.09 * h)) ** 2))
    edge = edge + patient.thymus * np.exp(-(((y - 0.25 * h) / (0.15 * h)) ** 2))
    return m * edge


def cavity(patient, camera):
    """Trecho de cada raio dentro das duas pleuras, sem o mediastino nem o que há abaixo."""
    p = patient
    x, y = camera.grid()
    rows = y if camera.tilt else y[:, :1]
    width, depth = cage_width(p, rows), cage_depth(p, rows)
    section = np.minimum(np.abs(x) / np.maximum(width, 1e-3), 1)
    half = depth * np.sqrt(1 - section**2.4)
    off = x - spine_x(p, rows)
    soft_edge = p.mediastinum * (0.8 + 0.5 * np.clip((rows / p.height - 0.3) / 0.4, 0, 1))
    for side in SIDES:  # a face medial é arredondada: a pleura contorna o mediastino
        edge = mediastinal_edge(p, rows, side)
        inward = np.clip((off * side - edge) / soft_edge, 0, 1)
        rounded = np.sqrt(1 - (1 - inward) ** 2.5)
        half = np.where(off * side > 0, half * rounded, half)
    # o fundo do seio costofrênico posterior
    half = half * np.sqrt(np.clip((1.40 * p.height - rows) / (0.1 * p.height), 0, 1))
    shift = np.float32(-0.08 * p.depth)
    return shift - half, shift + half


def dome_top(patient, side, inspiration):
    """Altura y do topo da cúpula de um lado (a direita, −1, é a mais alta)."""
    return patient.height * inspiration + (patient.dome if side > 0 else 0)


def abdomen(patient, camera, inspiration):
    """Trecho de cada raio abaixo das cúpulas do diafragma (as duas, como um só trecho)."""
    parts = []
    for side in SIDES:
        centre = side * 0.5 * patient.width
        rise = 0.27 * patient.height
        top = dome_top(patient, side, inspiration)
        z = 0.12 * patient.depth
        x, y = camera.grid(z)
        up = np.maximum(top + rise - y, 0) / rise
        outward = (x - centre) * side
        reach = np.where(outward > 0, 0.56, 0.62).astype(np.float32) * np.float32(patient.width)
        inside = 1 - up**2 - (np.abs(x - centre) / reach) ** 2.3
        half = np.float32(1.02 * patient.depth) * np.sqrt(np.maximum(inside, 0))
        parts.append((z - half, z + half))
    return hull(*parts)


def heart_shape(patient, inspiration):
    """Centro, raios e ângulo do elipsoide do coração."""
    half = patient.ratio * patient.width
    base = dome_top(patient, 1, inspiration)
    tall = half * (0.86 if patient.adult else 0.95)
    angle = 0.68
    # meia largura pedida -> semieixo maior do elipsoide inclinado
    c, s = np.cos(angle), np.sin(angle)
    minor = 0.84 * half
    major = np.sqrt(max(half**2 - (minor * s) ** 2, 1e-3)) / c
    centre = (0.36 * half, base - 0.62 * tall, 0.08 * patient.depth)
    return centre, (float(major), float(minor), 0.84 * patient.depth), angle


def heart(patient, camera, inspiration):
    """Trecho de cada raio dentro do coração."""
    centre, radii, angle = heart_shape(patient, inspiration)
    return ellipsoid(camera, centre, radii, angle)


def heart_base(patient, camera, inspiration):
    """Raiz dos grandes vasos: o que liga o coração ao mediastino, acima dele."""
    centre, radii, _ = heart_shape(patient, inspiration)
    top = 0.3 * patient.height
    middle = (0.1 * radii[0], 0.5 * (centre[1] + top), 0.1 * patient.depth)
    tall = 0.62 * (centre[1] - top) + 0.2 * radii[1]
    return ellipsoid(camera, middle, (0.64 * radii[0], tall, 0.5 * patient.depth), -0.2)


@dataclass(frozen=True)
class Lungs:
    """O pulmão de cada raio: um trecho da cavidade menos o que a ocupa.

    `cavity`, `heart` (com a raiz dos grandes vasos) e `abdomen` são trechos; o ar é a cavidade
    menos a união dos outros dois; `both` é a interseção deles.
    """

    cavity: tuple
    heart: tuple
    abdomen: tuple
    both: tuple

    def integrate(self, primitive):
        """Integral ao longo do ar de um raio, dada a primitiva em z do integrando."""
        total = 0
        for sign, (low, high) in (
            (1, self.cavity),
            (-1, self.heart),
            (-1, self.abdomen),
            (1, self.both),
        ):
            total = total + sign * (primitive(np.maximum(high, low)) - primitive(low))
        return total

    def crop(self, window):
        """O mesmo, num recorte da grade."""
        parts = (self.cavity, self.heart, self.abdomen, self.both)
        return Lungs(*(tuple(edge[window] for edge in part) for part in parts))

    def length(self):
        """Comprimento de pulmão em cada raio, em cm."""
        return np.maximum(self.integrate(lambda z: z), 0)


def lungs(patient, camera, inspiration):
    """Os dois pulmões vistos pela câmera."""
    space = cavity(patient, camera)
    core = hull(heart(patient, camera, inspiration), heart_base(patient, camera, inspiration))
    inner = intersect(core, space)
    below = intersect(abdomen(patient, camera, inspiration), space)
    return Lungs(space, inner, below, intersect(inner, below))


# Partes moles -------------------------------------------------------------------------------


def body(patient, camera, shrink=0.0):
    """Corda do corpo (tronco, pescoço, ombros e braços); `shrink` tira a camada de gordura."""
    p, h, w = patient, patient.height, patient.width
    x, y = camera.grid()
    half_width, half_depth = w + p.wall - shrink, p.depth + 0.7 * p.wall - shrink
    rows = y if camera.tilt else y[:, :1]
    top = np.float32(0.42 * h)
    bullet = np.sqrt(np.maximum(1 - (np.maximum(top - rows, 0) / (0.56 * h - shrink)) ** 2, 0))
    taper = 1 - 0.06 * np.clip((rows - 0.7 * h) / (0.5 * h), 0, 1)
    section = np.minimum(np.abs(x) / np.maximum(half_width * bullet * taper, 1e-3), 1)
    thin = 0.78 + 0.22 * np.clip(rows / (0.45 * h), 0, 1)
    parts = [2 * half_depth * thin * bullet * np.sqrt(1 - section**2.6)]
    neck = 0.38 * w - shrink
    parts.append(capsule(camera, (0, -0.9 * h, 0), (0, 0.1 * h, 0), (neck, 1.1 * neck)))
    if not p.adult:  # queixo
        parts.append(
            chord(ellipsoid(camera, (0, -0.6 * h, 0.3 * w), (0.75 * w, 0.36 * h, 0.7 * w)))
        )
    for side in SIDES:
        shoulder, elbow = arm(p, side)
        r = (0.35 if p.adult else 0.33) * w - shrink
        trunk = (side * 0.16 * w, -0.1 * h, -1.0)
        parts.append(capsule(camera, trunk, shoulder, (0.8 * r, r)))
        nape = (side * 0.1 * w, -0.38 * h, -1.0)  # trapézio
        parts.append(capsule(camera, nape, shoulder, (0.25 * w - shrink, 0.8 * r)))
        parts.append(capsule(camera, shoulder, elbow, (r, 0.8 * r)))
        chest = (side * 0.75 * w, 0.38 * h, 0.0)  # prega da axila
        parts.append(capsule(camera, shoulder, chest, (0.9 * r, 0.9 * r)))
    # união suave: as partes se sobrepõem, não se somam
    total = 0
    for part in parts:
        part = part * part
        total = total + part * part
    return np.sqrt(np.sqrt(total))


def arm(patient, side):
    """Centro do ombro e do cotovelo."""
    p = patient
    shoulder = (side * 1.1 * p.width, (0.09 - 0.14 * p.arms) * p.height, 0.0)
    angle = np.deg2rad((80 if p.adult else 72) - 125 * p.arms)
    reach = 1.6 * p.width
    elbow = (shoulder[0] + side * reach * np.cos(angle), shoulder[1] + reach * np.sin(angle), 0.0)
    return shoulder, elbow


def breasts(patient, camera):
    """Corda das mamas: meio elipsoide de cada lado, mais denso embaixo."""
    total = 0
    for side in SIDES:
        r = patient.breast
        centre = (side * 0.55 * patient.width, 0.78 * patient.height, patient.depth + patient.wall)
        x, y = camera.grid(centre[2])
        x, y = (x - centre[0]) / (1.2 * r), (y - centre[1]) / (1.5 * r)
        y = np.where(y > 0, 1.6 * y, y)  # sobe aos poucos, termina em dobra embaixo
        total = total + 0.4 * r * np.maximum(1 - x * x - y * y, 0)
    return total


def muscles(patient, camera):
    """Peitorais: uma faixa extra de tecido no alto e fora."""
    total = 0
    for side in SIDES:
        p = patient
        centre = (side * 0.72 * p.width, 0.28 * p.height, p.depth)
        total = total + chord(
            ellipsoid(camera, centre, (0.5 * p.width, 0.26 * p.height, 0.06 * p.width), side * 0.5)
        )
    return total


def airways(patient, camera):
    """Coluna de ar da traqueia e dos brônquios principais, em cm."""
    p, h = patient, patient.height
    step = camera.pitch
    carina = (spine_x(p, 0.3 * h) - 0.02 * p.width, 0.29 * h, -0.15 * p.depth)
    radius = 0.85 if p.adult else 0.36
    trachea, ds = resample(
        spline([(0, -0.35 * h, 0.1), (0.02 * p.width, 0.05 * h, -0.1), carina]), step
    )
    air = tube(camera, trachea, ds, radius)
    for side in SIDES:
        end = (
            side * (0.21 if side < 0 else 0.26) * p.width,
            (0.38 if side < 0 else 0.40) * h,
            -0.2 * p.depth,
        )
        points, ds = resample(
            spline([carina, ((carina[0] + end[0]) / 2, 0.34 * h, -0.15 * p.depth), end]), step
        )
        air = air + tube(camera, points, ds, 0.62 * radius)
    return air


def bowel_gas(patient, camera, inspiration, bubble=True):
    """Bolha do estômago sob a cúpula esquerda e um pouco de gás no cólon, em cm."""
    rng = stream(patient.seed, "gas")
    p = patient
    top = dome_top(p, 1, inspiration)
    size = p.width * rng.uniform(0.08, 0.26)
    centre = (0.45 * p.width, top + 0.6 * size + 0.05 * p.width, 0.3 * p.depth)
    stomach = ellipsoid(camera, centre, (size, 0.55 * size, 0.6 * size), rng.uniform(-0.3, 0.3))
    gas = chord(stomach) * np.float32(bubble)
    for _ in range(rng.integers(2, 9)):
        r = p.width * rng.uniform(0.04, 0.12)
        c = (rng.uniform(-0.3, 0.8) * p.width, top + p.width * rng.uniform(0.3, 0.8), 0.4 * p.depth)
        gas = gas + chord(ellipsoid(camera, c, (r, r * rng.uniform(0.5, 1), r), rng.uniform(0, 3)))
    return 0.7 * cv2.GaussianBlur(gas, (0, 0), 0.02 * p.width / camera.pitch)


BONE = attenuation("bone") - attenuation("soft")
SPONGY = attenuation("bone", DENSITY["spongy"]) - attenuation("soft")

# Ossos: cada função devolve quanto o osso acrescenta ao expoente, além das partes moles ---------


def bony(camera, points, lengths, radius, cortex, flat=1.0):
    """Acréscimo de tubos de osso: casca cortical, miolo esponjoso; `flat` achata o tubo."""
    outer = tube(camera, points, lengths, radius)
    inner = tube(camera, points, lengths, max(radius - cortex, 0.2 * radius))
    return np.float32(flat) * (BONE * (outer - inner) + SPONGY * inner)


def plank(camera, points, lengths, height, thickness, cortex, contrast):
    """Acréscimo de ossos chatos em pé, como as costelas: fileiras de tubos finos.

    De frente, um platô com as duas bordas corticais mais claras; de perfil, uma lâmina estreita.
    """
    radius, rows = thickness / 2, 7
    offsets = np.linspace(-1, 1, rows) * (height / 2 - radius)
    stacked = np.concatenate([points + np.array([0, offset, 0]) for offset in offsets])
    share = thickness * height / (rows * np.pi * radius**2)
    core = tube(camera, stacked, np.tile(lengths, rows) * share, radius)
    rim = (height - cortex) / 2
    edges = np.concatenate([points + np.array([0, offset, 0]) for offset in (-rim, rim)])
    cortical = tube(camera, edges, np.tile(lengths, 2), 0.6 * cortex)
    return np.float32(contrast) * (SPONGY * core + 0.4 * BONE * cortical)


def rib_arc(patient, number, side):
    """Eixo da costela `number` (1 a 12), da coluna para a frente."""
    p = patient
    start = (number - 1) * p.vertebra - 0.02 * p.height
    drop = min(1.1 + 0.6 * number, 4.6) * p.vertebra * p.slope
    end = {1: 62, 11: 12, 12: -20}.get(number, 56 if p.adult else 50)
    angle = np.deg2rad(np.linspace(-84, end, 90))
    g = ((angle - angle[0]) / np.deg2rad(146)) ** 1.1
    y = start + drop * g
    out = 0.13 * p.vertebra
    width = cage_width(p, np.maximum(y, 0.045 * p.height * (1 + number / 3))) + out
    if number > 8:  # as últimas não acompanham mais a cavidade, que se fecha
        width = np.minimum(width, (1.0 - 0.03 * (number - 8)) * p.width * 1.06)
    width = np.minimum(width, {1: 0.55, 2: 0.76}.get(number, 2) * p.width)
    depth = cage_depth(p, np.maximum(y, 0.08 * p.height)) + out
    x = side * width * np.cos(angle) ** 0.9
    return np.stack([x + spine_x(p, start), y, depth * np.sin(angle) - 0.08 * p.depth], axis=1)


def ribs(patient, camera, sides=SIDES):
    """Doze costelas de cada lado."""
    arcs = []
    for number in range(1, 13):
        for side in sides:
            points, lengths = resample(rib_arc(patient, number, side), 1.5 * camera.pitch)
            sideways = np.abs(np.gradient(points[:, 2])) / lengths
            arcs.append((points, lengths * (1 - 0.75 * np.minimum(sideways, 1) ** 2)))
    points, lengths = (np.concatenate(part) for part in zip(*arcs, strict=True))
    height = (0.46 if patient.adult else 0.5) * patient.vertebra
    cortex = 0.12 if patient.adult else 0.09
    # a criança é radiografada com menos tensão (60–70 kVp), que dá mais contraste ao osso
    contrast = 2.6 if patient.adult else 3.6
    return plank(camera, points, lengths, height, 0.36 * height, cortex, contrast)


def clavicles(patient, camera, sides=SIDES):
    """As clavículas, em S suave."""
    p = patient
    curves = []
    for side in sides:
        inner = np.array([side * 0.14 * p.width, 0.13 * p.height + p.clavicle, 0.75 * p.depth])
        rise = -(0.02 + 0.06 * p.arms) * p.height + 0.4 * p.clavicle
        outer = np.array([side * 1.1 * p.width, rise, 0.1 * p.depth])
        bow, way = np.array([0, 0.025 * p.height, 0]), outer - inner
        bent = spline([inner, inner + 0.3 * way + bow, inner + 0.68 * way - bow, outer])
        curves.append(resample(bent, camera.pitch))
    points, lengths = (np.concatenate(part) for part in zip(*curves, strict=True))
    radius, cortex = (0.6, 0.16) if p.adult else (0.34, 0.1)
    return bony(camera, points, lengths, radius, cortex, flat=1.1)


def spine(patient, camera):
    """Corpos vertebrais com discos, placas terminais, pedículos e processos espinhosos."""
    p = patient
    z, unit = -0.82 * p.depth, p.vertebra
    image = np.zeros(camera.shape, np.float32)
    reach = 1.4 * p.mediastinum
    ends = [
        (side * reach + spine_x(p, y), y, z) for side in SIDES for y in (-p.height, 2 * p.height)
    ]
    column = camera.project(ends)[0]
    window = np.s_[:, max(int(column.min()), 0) : max(int(column.max()), 1)]
    x, y = (plane[window] for plane in camera.grid(z))
    level = (y + 0.02 * p.height) / unit
    phase = np.abs(level - np.round(level)) * 2  # 0 no meio do corpo, 1 no meio do disco
    half = p.mediastinum * (0.56 + 0.012 * np.clip(level, -3, 14)) * (1 - 0.1 * (1 - phase) ** 2)
    across = (x - spine_x(p, y)) / half
    edge = np.clip((1 - np.abs(across)) * half / 0.12 + 0.5, 0, 1)
    disc_gap = np.clip((phase - 0.8) / 0.08, 0, 1)
    plate = np.exp(-(((phase - 0.74) / 0.07) ** 2))
    wall = np.exp(-(((np.abs(across) - 0.94) / 0.06) ** 2))
    spongy = 0.9 * SPONGY * p.mediastinum * np.sqrt(np.maximum(1 - 0.7 * across**2, 0))
    cortical = BONE * (0.09 if p.adult else 0.13) * p.mediastinum
    image[window] = edge * (
        spongy * (1 - 0.85 * disc_gap) + cortical * (plate + 0.6 * wall * (1 - disc_gap))
    )
    points, lengths = [], []
    turn = np.linspace(0, 2 * np.pi, 24)
    for n in range(-3, 14):
        cy = n * unit - 0.02 * p.height
        cx = spine_x(p, cy)
        for side in SIDES:  # pedículos: anéis
            ring = np.stack(
                [
                    cx + side * 0.36 * p.mediastinum + 0.085 * p.mediastinum * np.cos(turn),
                    cy - 0.08 * unit + 0.13 * unit * np.sin(turn),
                    np.full(24, z - 1),
                ],
                axis=1,
            )
            points.append(ring)
            transverse = np.array(
                [
                    (cx + side * 0.5 * p.mediastinum, cy - 0.05 * unit, z - 1),
                    (cx + side * 0.98 * p.mediastinum, cy - 0.22 * unit, z - 1.5),
                ]
            )
            points.append(transverse)
        points.append(np.array([(cx, cy + 0.2 * unit, z - 2), (cx, cy + 0.55 * unit, z - 3)]))
    fine = [resample(curve, camera.pitch) for curve in points]
    points, lengths = (np.concatenate(part) for part in zip(*fine, strict=True))
    image += bony(camera, points, lengths, 0.085 * p.mediastinum, 0.03 * p.mediastinum, flat=1.3)
    return image


def scapulae(patient, camera, lateral, sides=SIDES):
    """Escápulas: lâmina triangular fina com bordas espessas; `lateral` as afasta do pulmão."""
    p = patient
    w, h = p.width, p.height
    total = np.zeros(camera.shape, np.float32)
    curves = []
    for side in sides:
        shift = lateral * 0.22 * w
        corner = np.array(
            [
                (0.66 * w + shift, 0.08 * h),
                (1.06 * w + 0.3 * shift, 0.1 * h),
                (1.02 * w + 0.6 * shift, 0.2 * h),
                (0.84 * w + shift, 0.55 * h),
                (0.72 * w + shift, 0.47 * h),
            ]
        )
        corner = np.c_[corner[:, 0] * side, corner[:, 1], np.full(5, -p.depth)]
        column, row = camera.project(corner)
        polygon = np.round(np.stack([column, row], 1) * 16).astype(np.int32)
        plate = np.zeros(camera.shape, np.float32)
        cv2.fillPoly(plate, [polygon], 1.0, cv2.LINE_AA, 4)
        total += plate
        spine_of = np.array([corner[0] + (corner[4] - corner[0]) * 0.35, corner[1] * [1, 0.8, 1]])
        curves += [spline(corner[[1, 2, 3]], 30), spline(corner[[3, 4, 0]], 30), spine_of]
    total = cv2.GaussianBlur(total, (0, 0), 0.01 * w / camera.pitch)
    fine = [resample(curve, camera.pitch) for curve in curves]
    points, lengths = (np.concatenate(part) for part in zip(*fine, strict=True))
    thick = 0.026 * w
    return 0.024 * w * BONE * total + bony(camera, points, lengths, thick, 0.5 * thick, flat=0.65)


def humeri(patient, camera):
    """Cabeça e diáfise dos úmeros; na criança, a placa de crescimento as separa."""
    p = patient
    total = 0
    for side in SIDES:
        shoulder, elbow = (np.array(point) for point in arm(p, side))
        along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
        r = (0.15 if p.adult else 0.115) * p.width
        neck = shoulder + along * (0.6 if p.adult else 1.5) * r
        waist = shoulder + along * 3.2 * r
        head = chord(ellipsoid(camera, shoulder, (r, 0.9 * r, r)))
        flare = capsule(camera, neck, waist, ((0.8 if p.adult else 0.75) * r, 0.5 * r))
        shaft = capsule(camera, waist, elbow, (0.5 * r, 0.5 * r))
        marrow = capsule(camera, waist, elbow, (0.3 * r, 0.3 * r))
        spongy = SPONGY * np.maximum(head, flare)
        total = total + np.maximum(spongy, 0.7 * BONE * (shaft - marrow))
    return total


def skeleton(patient, camera, lateral):
    """Todo o osso: acréscimo ao expoente."""
    return (
        ribs(patient, camera)
        + clavicles(patient, camera)
        + spine(patient, camera)
        + scapulae(patient, camera, lateral)
        + enlarge(humeri(patient, coarse(camera)), camera)
    )


# Vasos --------------------------------------------------------------------------------------


def vessel_tree(patient, side, kind, count=130):
    """Árvore de artérias ou veias de um pulmão: começo, fim e raio de cada segmento.

    Alvos sorteados no volume do pulmão são ligados, do mais próximo do hilo ao mais distante, ao
    nó que já existe e desvia menos; os raios seguem a lei de Murray (r³ do tronco é a soma dos r³
    dos ramos).
    """
    p = patient
    rng = stream(p.seed, kind, side)
    low = 0.06 if kind == "veins" else 0.0  # as veias chegam mais baixo, no átrio
    hilum = np.array(
        [side * 1.15 * p.mediastinum, (0.43 + low - 0.015 * side) * p.height, -0.05 * p.depth]
    )
    u = rng.uniform(size=(count, 3))
    y = p.height * (0.05 + 1.12 * u[:, 0])
    top = dome_top(p, side, 1.0)
    y = np.where(y > top, 0.35 * p.height + 0.6 * (y - 0.35 * p.height), y)
    width = cage_width(p, y)
    x = side * (1.1 * p.mediastinum + (0.95 * width - 1.1 * p.mediastinum) * np.sqrt(u[:, 1]))
    reach = cage_depth(p, y) * np.sqrt(np.maximum(1 - (np.abs(x) / (width + 1e-6)) ** 2.4, 0))
    z = (2 * u[:, 2] - 1) * 0.85 * reach - 0.08 * p.depth
    targets = np.stack([x, y, z], axis=1)
    targets = targets[np.argsort(np.linalg.norm(targets - hilum, axis=1))]
    total = 3 * count + 1
    nodes, parents = np.empty((total, 3)), np.arange(-1, total - 1)
    reachable = np.zeros(total)
    nodes[0] = hilum
    share = np.array([[1 / 3], [2 / 3], [1]])  # cada ramo em três pedaços, e os nós do meio tremem
    bends = rng.normal(0, 0.05, (count, 3, 3)) * (share < 1)
    for k, target in enumerate(targets):
        new = 3 * k + 1
        gap = np.linalg.norm(nodes[:new] - target, axis=1)
        parent = int(np.argmin(gap + 0.35 * reachable[:new]))
        nodes[new : new + 3] = nodes[parent] * (1 - share) + target * share + bends[k] * gap[parent]
        parents[new] = parent
        reachable[new : new + 3] = reachable[parent] + share[:, 0] * gap[parent]
    power = np.zeros(total)
    leaf = np.ones(total, bool)
    leaf[parents[1:]] = False
    power[leaf] = (0.0046 * p.height) ** 2.4
    for i in range(total - 1, 0, -1):
        power[parents[i]] += power[i]
    radius = np.minimum(power ** (1 / 2.4), 0.028 * p.height)
    return nodes[parents[1:]], nodes[1:], radius[1:]


def vessels(patient):
    """Os vasos dos dois pulmões: começo, fim e raio de cada segmento."""
    trees = [vessel_tree(patient, side, kind) for kind in ("arteries", "veins") for side in SIDES]
    return tuple(np.concatenate(part) for part in zip(*trees, strict=True))
