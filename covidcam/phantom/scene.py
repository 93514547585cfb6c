"""A cena: um paciente diante do feixe, e o que cada objeto acrescenta ao caminho de cada raio.

Nada aqui é filme ainda. Projetar o paciente é o que custa; de uma cena se fazem quantos filmes
forem precisos, com e sem cada objeto.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np

from covidcam.phantom import anatomy, looks, pathology
from covidcam.phantom.projection import (
    Camera,
    attenuation,
    chord,
    coarse,
    enlarge,
    network,
    resample,
    spline,
    tube,
)

FAINT = 1e-3
"""Menor acréscimo ao expoente que conta como sombra de um objeto sadio: um milésimo da dose."""

AIRLESS = attenuation("soft") - attenuation("lung", pathology.AERATED)
"""O que um centímetro de pulmão ganha de expoente ao virar tecido sem ar, em 1/cm."""


@dataclass(frozen=True)
class Scene:
    """Um paciente diante do feixe.

    As grandezas da grade da câmera são mais finas que o filme; as do filme são (H, W). Cada assunto
    sorteado (textura, fios, ruído, letra, borda) tem o seu gerador: tirar um objeto não muda os
    outros.

    Attributes
    ----------
    seed : int
        Semente do filme.
    patient : covidcam.phantom.anatomy.Patient
        Quem é radiografado.
    disease : covidcam.phantom.pathology.Disease
        O que tem.
    acquisition : covidcam.phantom.looks.Acquisition
        Como é radiografado.
    shape : tuple of int
        Linhas e colunas do filme.
    """

    seed: int
    patient: anatomy.Patient
    disease: pathology.Disease
    acquisition: looks.Acquisition
    shape: tuple

    def stream(self, subject):
        """O gerador de um assunto deste filme."""
        return anatomy.stream(self.seed, subject, self.patient.seed)

    @cached_property
    def camera(self):
        """Onde estão fonte, paciente e detector."""
        return aim(self.patient, self.acquisition, self.shape)

    @property
    def unit(self):
        """Meia largura do tórax, em pixels do filme."""
        return self.patient.width / self.camera.pitch * self.shape[0] / self.camera.shape[0]

    @cached_property
    def lungs(self):
        """O ar de cada raio, na grade da câmera."""
        return anatomy.lungs(self.patient, self.camera, self.acquisition.inspiration)

    @cached_property
    def air(self):
        """Centímetros de pulmão em cada raio, na grade da câmera."""
        return self.lungs.length()

    # Os objetos ------------------------------

    @cached_property
    def lesions(self):
        """As lesões, pelo nome, em grade grosseira (ver `pathology.pieces`)."""
        sparse, rough = self.lungs.crop(np.s_[::2, ::2]), coarse(self.camera)
        return pathology.pieces(self.patient, self.disease, sparse, rough, self.stream("lesions"))

    @cached_property
    def healthy(self):
        """O que é do paciente sadio e se pode tirar: nome e a função que dá o seu expoente."""
        p, camera = self.patient, self.camera
        parts = {}
        for side, word in zip(anatomy.SIDES, ("direita", "esquerda"), strict=True):
            parts[f"clavícula {word}"] = partial(anatomy.clavicles, p, camera, (side,))
            parts[f"escápula {word}"] = partial(anatomy.scapulae, p, camera, self.aside, (side,))
            parts[f"costelas {word}s"] = partial(anatomy.ribs, p, camera, (side,))
        if p.breast:
            parts["mamas"] = partial(self._soft, anatomy.breasts)
        parts["bolha gástrica"] = self._bubble
        return parts

    @cached_property
    def gadgets(self):
        """Expoente de cada fio (com o seu eletrodo) e do tubo traqueal, pelo nome."""
        return gadgets(self.patient, self.camera, self.acquisition, self.stream("gadgets"))

    @cached_property
    def marks(self):
        """O que se desenha sobre o filme pronto: a letra, o texto e a borda, pelo nome."""
        names = tuple(looks.named(text) for text in self.acquisition.texts)
        return names + (("borda",) if self.acquisition.border != "none" else ())

    @property
    def names(self):
        """Os nomes de todos os objetos: lesões, partes sadias, aparelhos e marcas."""
        return (*self.lesions, *self.healthy, *self.gadgets, *self.marks)

    def silhouette(self, name):
        """O expoente de uma parte sadia ou aparelho; zero onde a sombra mal existe."""
        part = self.gadgets[name] if name in self.gadgets else self.healthy[name]()
        return np.where(np.abs(part) > FAINT, part, np.float32(0))

    def shadow(self, without=(), scale=1.0):
        """O que as lesões que ficam mudam em cada raio; `scale` multiplica o contraste delas."""
        kept = [each for name, each in self.lesions.items() if name not in without and scale > 0]
        rough = pathology.cast(kept, self.air[::2, ::2])
        thickness, excess = (
            enlarge(rough.thickness, self.camera),
            enlarge(rough.excess, self.camera),
        )
        fit = np.minimum(1, self.air / np.maximum(thickness, 1e-6)) * (thickness >= 0.12)
        return pathology.Shadow(thickness * fit, excess * fit * np.float32(scale))

    # O caminho do raio ------------------------------

    def path(self, shadow, without=()):
        """Expoente de Beer–Lambert de cada raio: soma de coeficiente × centímetros."""
        parts = (added for _, added in self.organs(shadow))
        path = np.array(next(parts))
        for added in parts:
            path += added
        for name in self.healthy:
            if name in without:
                path -= self.silhouette(name)
        path = np.maximum(path, 0)
        for name, added in self.gadgets.items():
            path += added
            if name in without:
                path -= self.silhouette(name)
        return path

    def organs(self, shadow):
        """Nome e parcela do expoente de cada parte do corpo, do tronco ao gás."""
        yield "tronco", self.trunk
        yield "lesão", shadow.excess
        filled = np.minimum(shadow.excess / np.maximum(self.air * AIRLESS, 1e-3), 1)
        yield "vasos", self.vessels * (1 - filled)
        if filled.max() > 0.5:  # broncograma aéreo: o brônquio só aparece onde o pulmão encheu
            yield "brônquios", self.bronchi * np.clip(2 * filled - 0.8, 0, 1)
        yield "textura", self.texture
        yield "ossos", self.bones
        yield "músculos, mamas e vias aéreas", self.flesh
        yield "gás", self.gas

    @cached_property
    def trunk(self):
        """Expoente do tronco, com os pulmões cheios de ar."""
        return trunk(self.layers, self.air)

    @cached_property
    def layers(self):
        """Centímetros de corpo em cada raio, com e sem a camada de gordura."""
        p, rough = self.patient, coarse(self.camera)
        return [enlarge(anatomy.body(p, rough, layer), self.camera) for layer in (0, p.fat)]

    @cached_property
    def vessels(self):
        """Expoente dos vasos, num pulmão sadio."""
        inside = np.clip(self.air / (0.1 * self.patient.depth), 0, 1)
        return AIRLESS * network(self.camera, *self.tree) * inside

    @cached_property
    def tree(self):
        """Começo, fim e raio de cada segmento de vaso."""
        return anatomy.vessels(self.patient)

    @cached_property
    def bronchi(self):
        """Expoente do ar dos brônquios grandes, onde o pulmão em volta deixou de ter ar."""
        start, end, radius = self.tree
        large, beside = radius > np.quantile(radius, 0.75), 0.02 * self.patient.depth
        tubes = start[large] + beside, end[large] + beside, 0.8 * radius[large]
        return -attenuation("soft") * network(self.camera, *tubes)

    @cached_property
    def texture(self):
        """Expoente da trama fina do pulmão."""
        rough = 0.05 * self.patient.width / self.camera.pitch
        grain = pathology.fractal(self.stream("texture"), self.camera.shape, rough, 4, 0.8)
        return 0.011 * grain * np.sqrt(self.air)

    @cached_property
    def bones(self):
        """Expoente de todos os ossos, além das partes moles."""
        return anatomy.skeleton(self.patient, self.camera, self.aside)

    @property
    def aside(self):
        """Quanto as escápulas saem de cima dos pulmões: em PA, os ombros vêm para a frente."""
        if self.acquisition.view == "PA":
            return 1.0
        return 0.25 if self.patient.adult else 0.6

    @cached_property
    def flesh(self):
        """Expoente de peitorais e mamas, menos o do ar da traqueia e dos brônquios principais."""
        return self._soft(
            lambda p, camera: (
                anatomy.muscles(p, camera)
                - anatomy.airways(p, camera)
                + (anatomy.breasts(p, camera) if p.breast else 0)
            )
        )

    def _soft(self, lengths):
        """Expoente de centímetros de partes moles calculados em grade grosseira."""
        rough = coarse(self.camera)
        return attenuation("soft") * enlarge(lengths(self.patient, rough), self.camera)

    @cached_property
    def gas(self):
        """Expoente (negativo) de todo o gás do abdome."""
        return self._gas()

    def _bubble(self):
        return self.gas - self._gas(bubble=False)

    def _gas(self, bubble=True):
        """Expoente (negativo) do gás do abdome, com ou sem a bolha do estômago."""
        rough, inspiration = coarse(self.camera), self.acquisition.inspiration
        gas = enlarge(anatomy.bowel_gas(self.patient, rough, inspiration, bubble), self.camera)
        return -attenuation("soft") * np.minimum(gas, 0.5 * self.layers[0])


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


def truth(patient, camera, inspiration, lungs):
    """Máscaras dos campos pulmonares visíveis e do coração, na grade da câmera."""
    heart = chord(anatomy.heart(patient, camera, inspiration)) > 0
    thin = 0.1 * patient.depth
    clear = (chord(lungs.abdomen) < thin) & (chord(lungs.heart) < thin) & ~heart
    return (lungs.length() > thin) & clear, heart


def trunk(layers, air):
    """Expoente do tronco, dadas as `Scene.layers` e os centímetros de pulmão de cada raio."""
    whole, lean = layers
    soft, lung = attenuation("soft"), attenuation("lung", pathology.AERATED)
    # a parede nunca é mais fina que 0,5 de expoente: a pele não encosta no pulmão
    path = np.maximum(soft * lean - (soft - lung) * air, 0.5 * (air > 0))
    return path + attenuation("fat") * np.maximum(whole - lean, 0)


def gadgets(patient, camera, acquisition, rng):
    """Expoente de cada fio e do tubo traqueal, pelo nome."""
    p = patient
    made = {}
    front = p.depth + p.wall
    for number in range(acquisition.wires):
        a = np.array([rng.uniform(-1, 1) * p.width, rng.uniform(0.05, 1.0) * p.height, front])
        b = np.array([rng.choice([-1.3, 1.3]) * p.width, rng.uniform(-0.3, 1.4) * p.height, front])
        bow = np.array([rng.normal(0, 0.15) * p.width, rng.normal(0, 0.2) * p.height, 0])
        points, ds = resample(spline([a, a * 0.6 + b * 0.4 + bow, b]), camera.pitch)
        wire = 1.2 * tube(camera, points, ds, 0.11)
        turn = np.linspace(0, 2 * np.pi, 30)
        ring = a + np.stack([0.55 * np.cos(turn), 0.5 * np.sin(turn), 0 * turn], axis=1)
        points, ds = resample(ring, camera.pitch)
        made[f"fio {number + 1}"] = wire + 2.5 * tube(camera, points, ds, 0.16)
    if acquisition.tube:
        end = np.array([0.0, rng.uniform(0.14, 0.24) * p.height, 0])
        points, ds = resample(
            spline([(0.02 * p.width, -0.5 * p.height, 1), (0, -0.1 * p.height, 0), end]),
            camera.pitch,
        )
        r = 0.5 if p.adult else 0.25
        wall = 0.5 * (tube(camera, points, ds, r) - tube(camera, points, ds, 0.75 * r))
        stripe = 2.0 * tube(camera, points + np.array([0.8 * r, 0, 0]), ds, 0.06)
        made["tubo"] = wall + stripe
    return made
