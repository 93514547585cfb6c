"""Do expoente de Beer–Lambert ao filme: espalhamento, ruído, desfoque, resposta e acabamento."""

from dataclasses import dataclass
from numbers import Integral

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.phantom import anatomy, looks, pathology
from covidcam.phantom.projection import (
    Camera,
    attenuation,
    chord,
    coarse,
    enlarge,
    network,
    resample,
    smooth,
    spline,
    tube,
)

LABELS = ("COVID-19", "NORMAL", "OUTRAS")

VISIBLE = 0.1
"""Limiar de visibilidade: a lesão conta como visível se em 2 % da área dos pulmões tira ao menos
um décimo da dose, o contraste de uma costela fina."""


@dataclass(frozen=True)
class Radiograph:
    """Uma radiografia sintética e a verdade sobre ela.

    Attributes
    ----------
    image : array uint8 (H, W)
        O filme; osso claro.
    lungs : array bool (H, W)
        Campos pulmonares visíveis: ar sem o coração na frente e acima das cúpulas.
    heart : array bool (H, W)
        O coração.
    lesions : array bool (H, W)
        Onde algum tecido do pulmão foi trocado; pode passar por trás do coração e do diafragma.
    thickness : array float32 (H, W)
        Centímetros de lesão ao longo do raio.
    label : str
        "COVID-19", "NORMAL" ou "OUTRAS".
    facts : dict
        Tudo o que foi sorteado: idade, sexo, incidência, lesões, índice cardiotorácico…
    """

    image: np.ndarray
    lungs: np.ndarray
    heart: np.ndarray
    lesions: np.ndarray
    thickness: np.ndarray
    label: str
    facts: dict


@dataclass(frozen=True)
class Formation:
    """Como uma radiografia se formou, etapa por etapa.

    As grandezas da grade da câmera são mais finas que o filme; as do filme são (H, W).

    Attributes
    ----------
    patient : covidcam.phantom.anatomy.Patient
        Quem é radiografado.
    disease : covidcam.phantom.pathology.Disease
        O que tem.
    acquisition : covidcam.phantom.looks.Acquisition
        Como foi radiografado.
    camera : covidcam.phantom.projection.Camera
        Onde estão fonte, paciente e detector.
    lungs : covidcam.phantom.anatomy.Lungs
        O ar de cada raio, na grade da câmera.
    shadow : covidcam.phantom.pathology.Shadow
        O que a lesão muda em cada raio, na grade da câmera.
    unit : float
        Meia largura do tórax, em pixels do filme.
    primary : array (H, W)
        Parte do feixe que atravessa sem interagir, de 0 a 1.
    dose : array float32 (H, W)
        O que o detector leu, como fração da exposição direta (ver `detect`).
    developed : array uint8 (H, W)
        O filme depois do pós-processamento, antes da letra e da borda.
    image : array uint8 (H, W)
        O filme pronto, igual ao de `radiograph`.
    """

    patient: anatomy.Patient
    disease: pathology.Disease
    acquisition: looks.Acquisition
    camera: Camera
    lungs: anatomy.Lungs
    shadow: pathology.Shadow
    unit: float
    primary: np.ndarray
    dose: np.ndarray
    developed: np.ndarray
    image: np.ndarray


def radiograph(seed, label, size=256, *, look=None, patient=None):
    """Uma radiografia de tórax sintética com a sua verdade.

    Parameters
    ----------
    seed : int
        Semente do filme: a mesma semente, o mesmo filme.
    label : str
        "COVID-19", "NORMAL" ou "OUTRAS".
    size : int or tuple of int
        Lado do filme quadrado, ou (linhas, colunas), em pixels. O paciente não depende dele; a
        textura fina das lesões e o ruído, sim.
    look : str, optional
        "infantil" ou "adulto"; por padrão, sorteado pela semente, sem olhar a classe.
    patient : int, optional
        Semente do paciente, por padrão a do filme. Filmes do mesmo paciente têm a mesma anatomia
        e as mesmas lesões. Com outro `look`, os mesmos quantis (largura, coração, vasos, posição
        das lesões) viram centímetros em outra idade.

    Returns
    -------
    Radiograph

    Raises
    ------
    InputError
        Semente, classe, tamanho ou modo que não é aceito.

    Examples
    --------
    >>> film = radiograph(7, "COVID-19", size=128)
    >>> film.image.shape, film.image.dtype.name, bool(film.lesions.any())
    ((128, 128), 'uint8', True)
    """
    return report(formation(seed, label, size, look=look, patient=patient), seed, label)


def formation(seed, label, size=256, *, look=None, patient=None, lesions=True):
    """As etapas por que passa o filme de `radiograph`, para quem quer vê-las.

    Parameters
    ----------
    seed, label, size, look, patient
        Os de `radiograph`.
    lesions : bool
        Se falso, o mesmo paciente, do mesmo modo, com o pulmão sadio.

    Returns
    -------
    Formation

    Raises
    ------
    InputError
        Como `radiograph`.

    Examples
    --------
    >>> made = formation(7, "COVID-19", size=128)
    >>> bool((made.image == radiograph(7, "COVID-19", size=128).image).all())
    True
    """
    shape = _check(seed, label, size, look, patient)
    patient = seed if patient is None else patient
    if look is None:
        look = looks.LOOKS[int(anatomy.stream(patient, "look").uniform() < 0.5)]
    person = anatomy.draw_patient(patient, look == "adulto")
    rng = anatomy.stream(seed, "film", patient)
    acquisition = looks.draw_acquisition(rng, look)
    person = anatomy.breathe(person, acquisition.inspiration)
    disease = pathology.draw_disease(person, label)
    return expose(person, disease, acquisition, shape, rng, lesions)


def _check(seed, label, size, look, patient):
    for name, value in (("seed", seed), ("patient", 0 if patient is None else patient)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
            raise InputError(f"{name} é {value!r}; aceita-se um inteiro maior ou igual a zero.")
    if label not in LABELS:
        raise InputError(f"A classe {label!r} não existe; aceitam-se {', '.join(LABELS)}.")
    if look is not None and look not in looks.LOOKS:
        raise InputError(f"O modo {look!r} não existe; aceitam-se {', '.join(looks.LOOKS)}.")
    shape = size if isinstance(size, tuple) else (size, size)
    if len(shape) != 2 or not all(isinstance(s, Integral) and 64 <= s <= 2048 for s in shape):
        raise InputError(f"size é {size!r}; aceita-se um inteiro ou dois, de 64 a 2048 pixels.")
    return tuple(int(s) for s in shape)


def aim(patient, acquisition, shape):
    """A câmera que enquadra o tórax desse paciente, na grade fina do cálculo."""
    p = patient
    wide = 2 * (p.width + (0.35 if p.adult else 0.9) * p.wall) * acquisition.zoom
    tall = 1.42 * p.height * acquisition.zoom
    pitch = max(wide / shape[1], tall / shape[0])
    fine = max(1.0, 448 / max(shape))
    grid = tuple(round(s * fine) for s in shape)
    detector = (p.depth + p.wall + 2) * (1 if acquisition.view == "PA" else -1)
    centre = (acquisition.offset[0] * p.width, 0.55 * p.height + acquisition.offset[1] * p.height)
    pitch = pitch / fine * acquisition.sid / (acquisition.sid - abs(detector))
    return Camera(
        grid, pitch, acquisition.sid, detector, centre, acquisition.tilt, acquisition.rotation
    )


def shrink(image, shape):
    """Uma imagem da grade da câmera no tamanho do filme, pela média dos pixels."""
    return cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)


def expose(patient, disease, acquisition, shape, rng, lesions=True):
    """Projeta o paciente e faz o filme, guardando as etapas."""
    camera = aim(patient, acquisition, shape)
    lungs = anatomy.lungs(patient, camera, acquisition.inspiration)
    air = lungs.length()
    shadow = diseased(patient, disease, camera, lungs, air, rng)
    if not lesions:  # depois do sorteio da textura, para que os sorteios seguintes sejam os mesmos
        shadow = pathology.Shadow(0 * shadow.thickness, 0 * shadow.excess)
    path = exponent(patient, camera, acquisition, air, shadow, rng)
    path += gadgets(patient, camera, acquisition, rng)
    primary = shrink(np.exp(-path), shape)
    unit = patient.width / camera.pitch * shape[0] / camera.shape[0]
    dose = detect(
        primary, acquisition.photons, acquisition.scatter, 0.35 * unit, acquisition.blur, rng
    )
    developed = develop(dose, acquisition, unit, shrink(air, shape) > 0.15 * patient.depth)
    image = looks.annotate(developed.copy(), acquisition, rng)
    image = looks.recompress(looks.frame(image, acquisition, rng), acquisition.jpeg)
    return Formation(
        patient,
        disease,
        acquisition,
        camera,
        lungs,
        shadow,
        unit,
        primary,
        dose,
        developed,
        image,
    )


def report(made, seed, label):
    """A radiografia de uma `Formation`, com as máscaras e a tabela do que foi sorteado."""
    patient, disease, acquisition = made.patient, made.disease, made.acquisition
    shape = made.image.shape
    thickness = np.round(shrink(made.shadow.thickness, shape), 3)  # a precisão em que é gravada
    masks = truth(patient, made.camera, acquisition.inspiration, made.lungs)
    visible, heart = (shrink(mask.astype(np.float32), shape) > 0.5 for mask in masks)
    excess = shrink(made.shadow.excess, shape)
    facts = {
        "seed": int(seed),
        "patient": int(patient.seed),
        "label": label,
        "look": acquisition.look,
        "view": acquisition.view,
        "sex": patient.sex,
        "age": patient.age,
        "cardiothoracic": measure_ratio(visible, heart),
        "foci": len(disease.foci),
        "lesion_area": float((thickness > 0).mean()),
        "lesion_peak_cm": float(thickness.max()),
        "contrast": float(np.percentile(excess, 99.5)),
        "visible": label == "NORMAL" or bool((excess > VISIBLE).sum() > 0.02 * visible.sum()),
        "inspiration": float(acquisition.inspiration),
        **disease.facts,
    }
    return Radiograph(made.image, visible, heart, thickness > 0, thickness, label, facts)


def truth(patient, camera, inspiration, lungs):
    """Máscaras dos campos pulmonares visíveis e do coração, na grade da câmera."""
    heart = chord(anatomy.heart(patient, camera, inspiration)) > 0
    thin = 0.1 * patient.depth
    clear = (chord(lungs.abdomen) < thin) & (chord(lungs.heart) < thin) & ~heart
    return (lungs.length() > thin) & clear, heart


def diseased(patient, disease, camera, lungs, air, rng):
    """A sombra da doença, calculada em grade grosseira e presa ao ar da fina."""
    sparse = lungs.crop(np.s_[::2, ::2])
    shadow = pathology.project_disease(patient, disease, sparse, coarse(camera), rng)
    thickness, excess = enlarge(shadow.thickness, camera), enlarge(shadow.excess, camera)
    keep = np.minimum(1, air / np.maximum(thickness, 1e-6)) * (thickness >= 0.12)
    return pathology.Shadow(thickness * keep, excess * keep)


def measure_ratio(lungs, heart):
    """Índice cardiotorácico medido nas máscaras: coração / maior largura dos pulmões."""
    thorax = np.flatnonzero(lungs.any(axis=0))
    inside = np.flatnonzero(heart.any(axis=0))
    if thorax.size == 0 or inside.size == 0:
        return float("nan")
    return float((np.ptp(inside) + 1) / (np.ptp(thorax) + 1))


def exponent(patient, camera, acquisition, air, shadow, rng):
    """Expoente de Beer–Lambert de cada raio: soma de coeficiente × centímetros."""
    parts = (added for _, added in organs(patient, camera, acquisition, air, shadow, rng))
    path = next(parts)
    for added in parts:
        path += added
    return np.maximum(path, 0)


def organs(patient, camera, acquisition, air, shadow, rng):
    """Nome e parcela do expoente de cada parte do corpo, uma por vez, do tronco ao gás."""
    p = patient
    soft, lung = attenuation("soft"), attenuation("lung", pathology.AERATED)
    rough = coarse(camera)
    whole, lean = trunk(p, camera)
    # a parede nunca é mais fina que 0,5 de expoente: a pele não encosta no pulmão
    path = np.maximum(soft * lean - (soft - lung) * air, 0.5 * (air > 0))
    yield "tronco", path + attenuation("fat") * np.maximum(whole - lean, 0)
    yield "lesão", shadow.excess
    start, end, radius = anatomy.vessels(p)
    filled = np.minimum(shadow.excess / np.maximum(air * (soft - lung), 1e-3), 1)
    inside = np.clip(air / (0.1 * p.depth), 0, 1)
    yield "vasos", (soft - lung) * network(camera, start, end, radius) * (1 - filled) * inside
    if filled.max() > 0.5:  # broncograma aéreo: o brônquio só aparece onde o pulmão encheu
        large, beside = radius > np.quantile(radius, 0.75), 0.02 * p.depth
        bronchi = network(camera, start[large] + beside, end[large] + beside, 0.8 * radius[large])
        yield "brônquios", -soft * bronchi * np.clip(2 * filled - 0.8, 0, 1)
    grain = pathology.fractal(rng, camera.shape, 0.05 * p.width / camera.pitch, 4, 0.8)
    yield "textura", 0.011 * grain * np.sqrt(air)
    # em PA os ombros para a frente tiram as escápulas dos pulmões
    aside = 1.0 if acquisition.view == "PA" else 0.25 if p.adult else 0.6
    yield "ossos", anatomy.skeleton(p, camera, aside)
    shapes = anatomy.muscles(p, rough) - anatomy.airways(p, rough)
    shapes = shapes + (anatomy.breasts(p, rough) if p.breast else 0)
    yield "músculos, mamas e vias aéreas", soft * enlarge(shapes, camera)
    gas = enlarge(anatomy.bowel_gas(p, rough, acquisition.inspiration), camera)
    yield "gás", -soft * np.minimum(gas, 0.5 * whole)


def trunk(patient, camera):
    """Centímetros de corpo em cada raio, com e sem a camada de gordura."""
    rough = coarse(camera)
    return [enlarge(anatomy.body(patient, rough, layer), camera) for layer in (0, patient.fat)]


def gadgets(patient, camera, acquisition, rng):
    """Expoente de fios, eletrodos e tubo traqueal."""
    p = patient
    extra = np.zeros(camera.shape, np.float32)
    front = p.depth + p.wall
    for _ in range(acquisition.wires):
        a = np.array([rng.uniform(-1, 1) * p.width, rng.uniform(0.05, 1.0) * p.height, front])
        b = np.array([rng.choice([-1.3, 1.3]) * p.width, rng.uniform(-0.3, 1.4) * p.height, front])
        bow = np.array([rng.normal(0, 0.15) * p.width, rng.normal(0, 0.2) * p.height, 0])
        points, ds = resample(spline([a, a * 0.6 + b * 0.4 + bow, b]), camera.pitch)
        extra += 1.2 * tube(camera, points, ds, 0.11)
        turn = np.linspace(0, 2 * np.pi, 30)
        ring = a + np.stack([0.55 * np.cos(turn), 0.5 * np.sin(turn), 0 * turn], axis=1)
        points, ds = resample(ring, camera.pitch)
        extra += 2.5 * tube(camera, points, ds, 0.16)
    if acquisition.tube:
        end = np.array([0.0, rng.uniform(0.14, 0.24) * p.height, 0])
        points, ds = resample(
            spline([(0.02 * p.width, -0.5 * p.height, 1), (0, -0.1 * p.height, 0), end]),
            camera.pitch,
        )
        r = 0.5 if p.adult else 0.25
        extra += 0.5 * (tube(camera, points, ds, r) - tube(camera, points, ds, 0.75 * r))
        extra += 2.0 * tube(camera, points + np.array([0.8 * r, 0, 0]), ds, 0.06)
    return extra


def detect(primary, photons, scatter, spread, blur, rng):
    """Fótons por pixel, como fração da exposição direta: espalhamento, ruído e desfoque.

    O espalhado é uma versão larga do feixe primário (Floyd et al. 1992,
    doi:10.1148/radiology.183.3.1584947), limitada fora do corpo, onde quase não há; a contagem é
    de Poisson, com um ruído eletrônico de 4 fótons, e o detector desfoca o conjunto.
    """
    exposure = primary + scatter * np.minimum(smooth(primary, spread), 0.15)
    counts = rng.poisson(photons * exposure) + rng.normal(0, 4, primary.shape)
    return cv2.GaussianBlur(counts.astype(np.float32), (0, 0), blur) / np.float32(photons)


def develop(dose, acquisition, unit, lungs):
    """Da dose ao filme de 8 bits: logaritmo, equalização, realces e curva de contraste.

    Parameters
    ----------
    dose : array (H, W)
        O que `detect` devolve.
    unit : float
        Meia largura do tórax, em pixels.
    lungs : array bool (H, W)
        Onde se mede o cinza mais escuro da janela.
    """
    a = acquisition
    raw = -np.log(np.maximum(dose, 1e-5))
    signal = raw - a.equalise * smooth(raw, 0.22 * unit)
    signal += a.sharpen * (signal - cv2.GaussianBlur(signal, (0, 0), 0.02 * unit))
    signal += a.edges * (signal - cv2.GaussianBlur(signal, (0, 0), 1.0))
    low, high = np.percentile(signal[lungs], a.window[0]), np.percentile(signal, a.window[1])
    value = np.clip((signal - low) / (high - low) * a.top + a.floor, 0, 1)
    value = value * np.clip(raw / 0.5 - 0.3, 0, 1)  # exposição direta: preto
    return (value**a.gamma * 255).astype(np.uint8)
