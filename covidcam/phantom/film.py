"""Da cena ao filme: espalhamento, ruído, desfoque, resposta e acabamento."""

from dataclasses import dataclass
from numbers import Integral, Real

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.phantom import anatomy, looks, pathology
from covidcam.phantom.projection import smooth
from covidcam.phantom.scene import Scene, shrink, truth

LABELS = ("COVID-19", "NORMAL", "OUTRAS")

VISIBLE = 0.1
"""Limiar de visibilidade: a lesão conta como visível se em 2 % da área dos pulmões tira ao menos
um décimo da dose."""

ELECTRONIC = 4
"""Desvio do ruído eletrônico de cada pixel, em fótons."""

SPREAD = 0.35
"""Desvio do espalhado, em meias larguras do tórax."""


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
class Tone:
    """O que o processamento mede num filme antes de revelá-lo.

    Attributes
    ----------
    background : array (H, W)
        O sinal de larga escala, de que a equalização tira uma parte.
    low, high : float
        O sinal que vira preto e o que vira branco.
    """

    background: np.ndarray
    low: float
    high: float


@dataclass(frozen=True)
class Formation:
    """Como uma radiografia se formou, etapa por etapa.

    As grandezas da grade da câmera são mais finas que o filme; as do filme são (H, W).

    Attributes
    ----------
    scene : covidcam.phantom.scene.Scene
        O paciente diante do feixe, de que se pode tirar outro filme com `refilm`.
    without : tuple of str
        O que se tirou dele.
    shadow : covidcam.phantom.pathology.Shadow
        O que a lesão muda em cada raio, na grade da câmera.
    primary : array (H, W)
        Parte do feixe que atravessa sem interagir, de 0 a 1.
    dose : array float32 (H, W)
        O que o detector leu, como fração da exposição direta (ver `detect`).
    tone : Tone
        O que o processamento mediu no filme.
    developed : array uint8 (H, W)
        O filme depois do pós-processamento, antes da letra e da borda.
    image : array uint8 (H, W)
        O filme pronto, igual ao de `radiograph`.
    """

    scene: Scene
    without: tuple
    shadow: pathology.Shadow
    primary: np.ndarray
    dose: np.ndarray
    tone: Tone
    developed: np.ndarray
    image: np.ndarray

    @property
    def patient(self):
        """Quem é radiografado."""
        return self.scene.patient

    @property
    def acquisition(self):
        """Como foi radiografado."""
        return self.scene.acquisition

    @property
    def camera(self):
        """Onde estão fonte, paciente e detector."""
        return self.scene.camera

    @property
    def lungs(self):
        """O ar de cada raio, na grade da câmera."""
        return self.scene.lungs

    @property
    def unit(self):
        """Meia largura do tórax, em pixels do filme."""
        return self.scene.unit


def radiograph(
    seed,
    label,
    size=256,
    *,
    look=None,
    patient=None,
    without=(),
    lesion_scale=1.0,
    hold_tone=False,
):
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
    without : str or sequence of str
        Objetos a tirar antes de expor (os nomes são os de `objects`). O que fica é o mesmo: o
        paciente, o ruído, a letra, a borda.
    lesion_scale : float
        Quantas vezes o contraste das lesões, de 0 (não há lesão) em diante. A forma não muda.
    hold_tone : bool
        Se falso, o preto, o branco e o fundo da revelação são medidos neste filme, e tirar uma
        lesão clareia ou escurece o resto (o efeito total). Se verdadeiro, valem os do filme
        completo, e só muda o lugar do objeto (o efeito direto).

    Returns
    -------
    Radiograph

    Raises
    ------
    InputError
        Semente, classe, tamanho ou modo que não é aceito; objeto que o filme não tem; contraste
        negativo.

    Examples
    --------
    >>> film = radiograph(7, "COVID-19", size=128)
    >>> film.image.shape, film.image.dtype.name, bool(film.lesions.any())
    ((128, 128), 'uint8', True)
    >>> less = radiograph(7, "COVID-19", size=128, without="foco 1")
    >>> bool(film.thickness.sum() > less.thickness.sum() > 0)
    True
    """
    made = formation(
        seed,
        label,
        size,
        look=look,
        patient=patient,
        without=without,
        lesion_scale=lesion_scale,
        hold_tone=hold_tone,
    )
    return report(made, label)


def formation(
    seed,
    label,
    size=256,
    *,
    look=None,
    patient=None,
    lesions=True,
    without=(),
    lesion_scale=1.0,
    hold_tone=False,
):
    """As etapas por que passa o filme de `radiograph`, para quem quer vê-las.

    Parameters
    ----------
    seed, label, size, look, patient, without, lesion_scale, hold_tone
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
    scene = arrange(seed, label, size, look=look, patient=patient)
    without = _check_change(scene, without, lesion_scale)
    if not lesions:
        without = (*without, *scene.lesions)
    tone = expose(scene).tone if hold_tone else None
    return expose(scene, without, lesion_scale, tone)


def refilm(made, without=(), lesion_scale=1.0, hold_tone=False, dose=1.0):
    """Outro filme da mesma cena, sem projetar o paciente de novo.

    Parameters
    ----------
    made : Formation
        O filme completo.
    without, lesion_scale, hold_tone
        Os de `radiograph`; com `hold_tone`, vale a revelação de `made`.
    dose : float
        Que parte dos fótons da aquisição chega ao paciente. O quantil do ruído de cada pixel é o
        mesmo em qualquer dose.

    Returns
    -------
    Formation

    Raises
    ------
    InputError
        Objeto que o filme não tem, contraste negativo, ou dose que não é positiva.

    Examples
    --------
    >>> made = formation(7, "COVID-19", size=128)
    >>> healthy = refilm(made, without=made.scene.lesions)
    >>> bool((healthy.image == formation(7, "COVID-19", size=128, lesions=False).image).all())
    True
    """
    without = _check_change(made.scene, without, lesion_scale)
    if not _is_number(dose) or not 0 < dose < np.inf:
        raise InputError(f"dose é {dose!r}; aceita-se um número maior que zero.")
    return expose(made.scene, without, lesion_scale, made.tone if hold_tone else None, dose)


def arrange(seed, label, size=256, *, look=None, patient=None):
    """A cena de um filme: o paciente, a doença e o modo de radiografar, sorteados.

    Parameters
    ----------
    seed, label, size, look, patient
        Os de `radiograph`.

    Returns
    -------
    covidcam.phantom.scene.Scene

    Raises
    ------
    InputError
        Como `radiograph`.
    """
    shape = _check(seed, label, size, look, patient)
    patient = seed if patient is None else patient
    if look is None:
        look = looks.LOOKS[int(anatomy.stream(patient, "look").uniform() < 0.5)]
    person = anatomy.draw_patient(patient, look == "adulto")
    acquisition = looks.draw_acquisition(anatomy.stream(seed, "film", patient), look)
    person = anatomy.breathe(person, acquisition.inspiration)
    return Scene(seed, person, pathology.draw_disease(person, label), acquisition, shape)


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


def _check_change(scene, without, lesion_scale):
    names = (without,) if isinstance(without, str) else tuple(without)
    for name in names:
        if name not in scene.names:
            raise InputError(f"O filme não tem {name!r}; tem {', '.join(scene.names)}.")
    if not _is_number(lesion_scale) or not 0 <= lesion_scale < np.inf:
        raise InputError(f"lesion_scale é {lesion_scale!r}; aceita-se um número de 0 em diante.")
    return names


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def expose(scene, without=(), lesion_scale=1.0, tone=None, dose=1.0):
    """Faz um filme da cena, guardando as etapas; `tone`, se dado, é a revelação a manter."""
    a, shape = scene.acquisition, scene.shape
    shadow = scene.shadow(without, lesion_scale)
    primary = shrink(np.exp(-scene.path(shadow, without)), shape)
    spread, noise = SPREAD * scene.unit, scene.stream("noise")
    read = detect(primary, dose * a.photons, a.scatter, spread, a.blur, noise)
    if tone is None:
        tone = meter(read, a, scene.unit, shrink(scene.air, shape) > 0.15 * scene.patient.depth)
    developed = develop(read, a, scene.unit, tone)
    image = looks.annotate(developed.copy(), a, scene.stream("letters"), without)
    if "borda" not in without:
        image = looks.frame(image, a, scene.stream("border"))
    image = looks.recompress(image, a.jpeg)
    return Formation(scene, tuple(without), shadow, primary, read, tone, developed, image)


def report(made, label):
    """A radiografia de uma `Formation`, com as máscaras e a tabela do que foi sorteado."""
    scene, patient, acquisition = made.scene, made.patient, made.acquisition
    shape = made.image.shape
    thickness = np.round(shrink(made.shadow.thickness, shape), 3)  # a precisão em que é gravada
    masks = truth(patient, made.camera, acquisition.inspiration, made.lungs)
    visible, heart = (shrink(mask.astype(np.float32), shape) > 0.5 for mask in masks)
    excess = shrink(made.shadow.excess, shape)
    kept = set(scene.lesions) - set(made.without)
    facts = {
        "seed": int(scene.seed),
        "patient": int(patient.seed),
        "label": label,
        "look": acquisition.look,
        "view": acquisition.view,
        "sex": patient.sex,
        "age": patient.age,
        "cardiothoracic": measure_ratio(visible, heart),
        "foci": sum(name.startswith("foco") for name in kept),
        "lesion_area": float((thickness > 0).mean()),
        "lesion_peak_cm": float(thickness.max()),
        "contrast": float(np.percentile(excess[thickness > 0], 95)) if thickness.any() else 0.0,
        "visible": label == "NORMAL" or bool((excess > VISIBLE).sum() > 0.02 * visible.sum()),
        "inspiration": float(acquisition.inspiration),
        **scene.disease.facts,
    }
    return Radiograph(made.image, visible, heart, thickness > 0, thickness, label, facts)


def measure_ratio(lungs, heart):
    """Índice cardiotorácico medido nas máscaras: coração / maior largura dos pulmões."""
    thorax = np.flatnonzero(lungs.any(axis=0))
    inside = np.flatnonzero(heart.any(axis=0))
    if thorax.size == 0 or inside.size == 0:
        return float("nan")
    return float((np.ptp(inside) + 1) / (np.ptp(thorax) + 1))


def detect(primary, photons, scatter, spread, blur, rng):
    """Fótons por pixel, como fração da exposição direta: espalhamento, ruído e desfoque.

    A contagem é de Poisson, mais o ruído eletrônico, e o detector desfoca o conjunto.

    Cada pixel tem um quantil z fixo, e a contagem é o quantil da distribuição de Poisson na
    expansão de Cornish e Fisher, λ + z√λ + (z² − 1)/6, que tem a média e a assimetria dela. Os
    sorteios não dependem da dose: dois filmes que só diferem numa lesão têm os mesmos z.
    """
    quantile, electronic = rng.standard_normal((2, *primary.shape))
    expected = photons * exposure(primary, scatter, spread)
    counts = expected + quantile * np.sqrt(expected) + (quantile**2 - 1) / 6
    counts += ELECTRONIC * electronic
    return cv2.GaussianBlur(counts.astype(np.float32), (0, 0), blur) / np.float32(photons)


def exposure(primary, scatter, spread):
    """O que chega a cada pixel, em média: o feixe primário e o espalhado.

    O espalhado é uma versão larga do primário (Floyd et al. 1992,
    doi:10.1148/radiology.183.3.1584947), limitada fora do corpo, onde quase não há.
    """
    return primary + scatter * np.minimum(smooth(primary, spread), 0.15)


def meter(dose, acquisition, unit, lungs):
    """O que o processamento mede no filme; `lungs` diz onde procurar o cinza mais escuro."""
    raw = logarithm(dose)
    background = smooth(raw, 0.22 * unit)
    signal = enhance(raw, background, acquisition, unit)
    dark, bright = acquisition.window
    return Tone(background, np.percentile(signal[lungs], dark), np.percentile(signal, bright))


def develop(dose, acquisition, unit, tone):
    """Da dose ao filme de 8 bits: logaritmo, equalização, realces e curva de contraste.

    Parameters
    ----------
    dose : array (H, W)
        O que `detect` devolve.
    unit : float
        Meia largura do tórax, em pixels.
    tone : Tone
        O que `meter` mediu, neste filme ou em outro.
    """
    a, raw = acquisition, logarithm(dose)
    signal = enhance(raw, tone.background, a, unit)
    value = np.clip((signal - tone.low) / (tone.high - tone.low) * a.top + a.floor, 0, 1)
    value = value * np.clip(raw / 0.5 - 0.3, 0, 1)  # exposição direta: preto
    return (value**a.gamma * 255).astype(np.uint8)


def logarithm(dose):
    """O expoente aparente: −log da dose."""
    return -np.log(np.maximum(dose, 1e-5))


def enhance(raw, background, acquisition, unit):
    """Equalização e realces do expoente aparente."""
    signal = raw - acquisition.equalise * background
    signal += acquisition.sharpen * (signal - cv2.GaussianBlur(signal, (0, 0), 0.02 * unit))
    return signal + acquisition.edges * (signal - cv2.GaussianBlur(signal, (0, 0), 1.0))
