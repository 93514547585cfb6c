"""De que um filme é feito: cada objeto com o seu lugar e os seus centímetros."""

from dataclasses import dataclass

import numpy as np

from covidcam.phantom import looks
from covidcam.phantom.film import arrange
from covidcam.phantom.projection import attenuation, enlarge
from covidcam.phantom.scene import shrink

KINDS = ("lesão", "parte sadia", "aparelho", "marca")


@dataclass(frozen=True)
class Object:
    """Um objeto de um filme.

    Attributes
    ----------
    name : str
        "foco 1", "derrame", "clavícula direita", "fio 1", "letra", "borda"… Direita é a do
        paciente, à esquerda da imagem.
    kind : str
        "lesão", "parte sadia", "aparelho" ou "marca" (o que se escreve no filme pronto).
    mask : array bool (H, W)
        Onde o objeto muda o feixe ou, se é uma marca, o filme. Objetos podem sobrepor-se.
    centimetres : array float32 (H, W)
        Centímetros ao longo do raio: de lesão, se coubesse inteira no ar; de gás; de partes moles,
        nas mamas; nos ossos e aparelhos, do osso compacto que faria a mesma sombra. Zero nas
        marcas.
    """

    name: str
    kind: str
    mask: np.ndarray
    centimetres: np.ndarray


def objects(seed, label, size=256, *, look=None, patient=None):
    """De que um filme é feito.

    Parameters
    ----------
    seed, label, size, look, patient
        Os de `covidcam.phantom.radiograph`.

    Returns
    -------
    dict of str to Object
        As lesões, as partes sadias que se podem tirar, os aparelhos e as marcas, nesta ordem.

    Raises
    ------
    InputError
        Como `covidcam.phantom.radiograph`.

    Examples
    --------
    >>> made = objects(7, "NORMAL", size=128)
    >>> made["clavícula direita"].kind, bool(made["clavícula direita"].mask.any())
    ('parte sadia', True)
    """
    return inventory(arrange(seed, label, size, look=look, patient=patient))


def inventory(scene):
    """Os objetos de uma cena, como `objects`.

    Parameters
    ----------
    scene : covidcam.phantom.scene.Scene

    Returns
    -------
    dict of str to Object
    """
    made = {}
    for name, piece in scene.lesions.items():
        cm = np.zeros_like(scene.air[::2, ::2])
        cm[piece.window] = piece.cm
        made[name] = _shape(scene, name, KINDS[0], enlarge(cm, scene.camera) * (scene.air > 0))
    for kind, names in ((KINDS[1], scene.healthy), (KINDS[2], scene.gadgets)):
        for name in names:
            cm = np.abs(scene.silhouette(name)) / _attenuation(name)
            made[name] = _shape(scene, name, kind, cm)
    for name in scene.marks:
        blank = np.full(scene.shape, 1, np.uint8)
        drawn = _draw(scene, blank.copy(), name) != blank
        made[name] = Object(name, KINDS[3], drawn, np.zeros(scene.shape, np.float32))
    return made


def _shape(scene, name, kind, cm):
    cm = cm.astype(np.float32)
    touched = shrink((cm != 0).astype(np.float32), scene.shape) > 0
    return Object(name, kind, touched, shrink(cm, scene.shape))


def _attenuation(name):
    """De um centímetro do que é feito o objeto, em vez do que há em volta, em 1/cm."""
    if name in ("mamas", "bolha gástrica"):
        return attenuation("soft")
    return attenuation("bone") - attenuation("soft")


def _draw(scene, image, name):
    if name == "borda":
        return looks.frame(image, scene.acquisition, scene.stream("border"))
    others = {"letra", "texto"} - {name}
    return looks.annotate(image, scene.acquisition, scene.stream("letters"), others)
