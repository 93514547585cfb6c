"""Matrizes que o TensorFlow usa sem copiar."""

import numpy as np

from covidcam.cam import tf

ALIGNMENT = 64


def tensor_of(array):
    """Devolve a matriz como tensor float32, com no máximo uma cópia (``tf.constant`` faz duas).

    O tensor pode usar a memória da matriz: quem a recebeu não escreve nela enquanto ele viver.
    """
    if array.ctypes.data % ALIGNMENT or array.dtype != np.float32 or not array.flags.carray:
        array, given = aligned(array.shape), array
        array[:] = given
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def aligned(shape):
    """Uma matriz float32 vazia que começa onde o TensorFlow exige para a usar sem cópia."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT // 4, np.float32)
    start = -memory.ctypes.data % ALIGNMENT // 4
    return memory[start : start + size].reshape(shape)
