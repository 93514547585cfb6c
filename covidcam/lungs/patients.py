"""Quem se radiografa de verdade: pulmões brancos, derrames, pouca inspiração, tórax girado.

São fantomas de treino, mais doentes e mais mal posicionados que os dos acervos do livro. As
distribuições são escolha nossa e cobrem, com folga, o que se vê em leitos.
"""

from dataclasses import replace

import cv2
import numpy as np

from covidcam import phantom
from covidcam.phantom import anatomy, others, pathology
from covidcam.phantom.film import arrange, expose, report
from covidcam.phantom.scene import Scene, shrink

# Nenhum acervo de fantomas tem pacientes daqui em diante: a rede não viu nenhum deles no treino.
FIRST_PATIENT = 2**30


def film(number: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Um fantoma de treino e os seus pulmões.

    Um em dez é um perfil ou uma tomografia, onde não há pulmões a achar; dos outros, metade é como
    os dos acervos e metade foi radiografada como se pôde.

    Parameters
    ----------
    number : int
    size : int
        Lado, em pixels.

    Returns
    -------
    image : ndarray, uint8 (size, size)
    lungs : ndarray, uint8 (size, size, 2)
        0 ou 1; o pulmão à esquerda e o à direita na imagem.
    """
    cv2.setNumThreads(1)
    seed, shape = FIRST_PATIENT + number, (size, size)
    if number % 10 == 9:
        draw = others.lateral if number % 20 == 9 else others.axial
        image = draw(anatomy.draw_patient(seed, number % 3 > 0), shape, seed)
        return image, np.zeros((*shape, 2), np.uint8)
    label = phantom.LABELS[number % 3]
    scene = arrange(seed, label, size)
    if number % 2:
        scene = in_bed(scene)
    made = report(expose(scene), label)
    x = shrink(scene.camera.grid()[0], shape)
    return made.image, np.stack([made.lungs & (x < 0), made.lungs & (x > 0)], -1).astype(np.uint8)


def in_bed(scene: Scene) -> Scene:
    """A mesma pessoa radiografada como se pôde, e talvez mais doente.

    Inspiração de 70 % a 100 % da cheia, giro e inclinação com desvios de 5° e 3°, coração até um
    quarto maior, parede até o dobro, e mais fios. Em metade, um derrame ou uma opacidade que sobe
    da base a qualquer altura, até o pulmão branco; num quinto destas, dos dois lados.

    Parameters
    ----------
    scene : covidcam.phantom.scene.Scene

    Returns
    -------
    covidcam.phantom.scene.Scene
    """
    rng = scene.stream("in bed")
    person, acquisition, disease = scene.patient, scene.acquisition, scene.disease
    inspiration = acquisition.inspiration * rng.uniform(0.7, 1)
    person = replace(
        anatomy.breathe(person, inspiration / acquisition.inspiration),
        wall=person.wall * rng.uniform(0.9, 2.0),
    )
    person = replace(person, ratio=min(person.ratio * rng.uniform(1, 1.25), 0.62))
    acquisition = replace(
        acquisition,
        inspiration=inspiration,
        rotation=acquisition.rotation + rng.normal(0, 0.09),
        tilt=acquisition.tilt + rng.normal(0, 0.05),
        wires=acquisition.wires + int(rng.poisson(1.5)),
        tube=acquisition.tube or rng.uniform() < 0.3,
    )
    if rng.uniform() < 0.5:
        sides = anatomy.SIDES if rng.uniform() < 0.2 else (rng.choice(anatomy.SIDES),)
        disease = replace(disease, foci=(*disease.foci, *(_fluid(person, s, rng) for s in sides)))
    return replace(scene, patient=person, acquisition=acquisition, disease=disease)


def _fluid(person, side, rng):
    level = person.height * rng.uniform(-0.2, 0.9)
    shape = (0, level, 0), (1, 1, 1)
    return pathology.Focus(
        "derrame", int(side), *shape, density=rng.uniform(0.6, 1), edge=1, patchy=0
    )
