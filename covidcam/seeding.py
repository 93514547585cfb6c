"""Sortear com uma semente sem mexer nos sorteios de quem chama."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Semeia o Keras, o NumPy e o Python, e devolve aos dois últimos o estado em que estavam.

    O Keras tira do Python as sementes dos pesos iniciais; a semente global do TensorFlow fica.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> random.seed(1)
    >>> before = random.getstate()
    >>> with seeded(2):
    ...     _ = random.random()
    >>> random.getstate() == before
    True
    """
    import keras

    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
