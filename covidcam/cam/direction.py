"""O que se explica: uma direção no espaço dos logits.

Explicar uma classe é a direção que vale 1 nela e 0 nas outras; explicar uma classe e não outra é
a diferença de duas. A prevista e a sua rival só se conhecem depois de a rede correr: um pedido
guarda, ao lado dos coeficientes das classes, o coeficiente de cada uma delas.
"""

from typing import NamedTuple

import numpy as np

from covidcam.cam import tf
from covidcam.errors import InputError

PREDICTED, RIVAL = 0, 1  # as duas colunas depois das classes
UNKNOWN = -1  # a classe prevista, antes de a rede correr; depois, uma direção sem classe
ACCEPTED = (
    "aceita-se None, uma classe (um inteiro), uma por imagem ou uma direção de reais sobre as "
    "classes"
)


class Question(NamedTuple):
    """O que se pede de N imagens.

    Attributes
    ----------
    coefficients : ndarray of float32, shape (N, classes + 2)
        Os coeficientes das classes, o da classe prevista e o da sua rival.
    target : ndarray of int32, shape (N,)
        A classe explicada, ou -1 onde é a prevista ou onde a direção não é de uma classe.
    """

    coefficients: np.ndarray
    target: np.ndarray

    def part(self, start, stop):
        """Devolve as perguntas de ``start`` a ``stop``."""
        return Question(self.coefficients[start:stop], self.target[start:stop])

    def answered(self, logits):
        """Devolve a classe explicada em cada imagem, int32 (N,), agora que há logits."""
        predicted = self.coefficients[:, logits.shape[1] + PREDICTED] > 0
        return np.where(predicted, logits.argmax(axis=1), self.target).astype(np.int32)


def ask(target, against, count, classes):
    """Confere ``target`` e ``against`` e devolve a pergunta sobre ``count`` imagens."""
    wanted, known = weights_of("target", target, count, classes)
    if target is None:
        wanted[:, classes + PREDICTED] = 1
    if isinstance(against, str) and against == "second":
        if (known == UNKNOWN).any() and target is not None:
            raise InputError(
                "against='second' compara uma classe com a sua rival; com uma direção em target, "
                "dê em against outra direção ou uma classe."
            )
        wanted[:, classes + RIVAL] = -1
    elif against is not None:
        other, _ = weights_of("against", against, count, classes)
        wanted -= other
        if target is not None and not wanted.any(axis=1).all():
            raise InputError(
                "target e against são a mesma coisa: a diferença é zero e nada há a explicar; "
                "aceitam-se duas classes ou direções diferentes."
            )
    return Question(wanted, known)


def weights_of(name, value, count, classes):
    """Devolve os coeficientes (N, classes + 2) e a classe (N,) de um argumento."""
    found = np.zeros((count, classes + 2), np.float32)
    if value is None:
        return found, np.full(count, UNKNOWN, np.int32)
    try:
        value = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name} é uma lista irregular; {ACCEPTED}.") from error
    if value.dtype.kind not in "uif" or (value.dtype.kind == "f" and not value.ndim):
        raise InputError(f"{name} tem tipo {value.dtype}; {ACCEPTED}.")
    if value.shape == (count, classes) or (value.dtype.kind == "f" and value.shape == (classes,)):
        if not np.isfinite(value).all():
            raise InputError(f"{name} tem valores NaN ou infinitos; {ACCEPTED}.")
        found[:, :classes] = value
        return found, np.full(count, UNKNOWN, np.int32)
    if value.dtype.kind == "f" or value.shape not in {(), (count,)}:
        raise InputError(
            f"{name} tem forma {value.shape} para {count} imagens e {classes} classes; aceita-se "
            f"um inteiro, ({count},) inteiros, ou uma direção de reais, ({classes},) ou "
            f"({count}, {classes})."
        )
    wrong = value[(value < 0) | (value >= classes)]
    if wrong.size:
        raise InputError(
            f"a classe {wrong.flat[0]} não existe: o modelo tem {classes}, de 0 a {classes - 1}."
        )
    found[np.arange(count), value] = 1
    return found, np.broadcast_to(value, (count,)).astype(np.int32)


def explained(asked, logits):
    """A direção (N, classes) de cada imagem: a prevista e a sua rival já têm nome."""
    classes = logits.shape[1]
    predicted = tf.one_hot(tf.argmax(logits, axis=1), classes)
    direction = asked[:, :classes] + asked[:, classes + PREDICTED, None] * predicted
    others = tf.where(direction > 0, -np.inf, logits)
    rival = tf.one_hot(tf.argmax(others, axis=1), classes)
    return direction + asked[:, classes + RIVAL, None] * rival


def contrast(logits, direction):
    """O y (N,): os logits (N, …, classes) somados ao longo da direção."""
    return tf.reduce_sum(logits * direction, axis=-1)
