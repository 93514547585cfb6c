"""O vazamento aparece onde foi posto, e só ali."""

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.evaluation import nearest, split_gap
from covidcam.evaluation.leakage import BY_CHANCE


def films(copies, signal, seed=0):
    """Quarenta pacientes, cada um com as suas cópias quase iguais; o sinal separa as classes."""
    random = np.random.default_rng(seed)
    patients = np.repeat(np.arange(40), copies)
    labels = patients % 2
    faces = random.normal(size=(40, 60))
    noise = 0.01 * random.normal(size=(len(patients), 60))
    return faces[patients] + noise + signal * labels[:, None], labels, patients


def test_only_knowing_the_patient_helps_only_the_random_split():
    gap = split_gap(*films(copies=4, signal=0), seeds=range(3))
    assert gap["random"].mean() > 0.95
    assert gap["by_patient"].mean() < 0.75


def test_without_copies_the_two_splits_agree():
    gap = split_gap(*films(copies=1, signal=0.3), seeds=range(5))
    assert abs((gap["random"] - gap["by_patient"]).mean()) < 0.1


def test_what_separates_the_classes_survives_both():
    gap = split_gap(*films(copies=4, signal=5), seeds=range(2))
    assert (gap == 1).all(axis=None)


def test_the_nearest_is_the_copy():
    x, _, patients = films(copies=2, signal=0)
    train, test = np.arange(0, 80, 2), np.arange(1, 80, 2)
    pairs = nearest(x, patients, train, test)
    assert (pairs["train"] == pairs["test"] - 1).all()
    assert pairs["same_patient"].all() and pairs["near_duplicate"].all()
    assert (pairs["similarity"] > 0.99).all()


def test_without_copies_as_many_pass_as_chance_says():
    """Ruído: a mais parecida de muitas é sempre parecida, e quase nenhuma passa por cópia."""
    random = np.random.default_rng(0)
    shares = []
    for _ in range(20):
        x = random.normal(size=(400, 8))
        pairs = nearest(x, np.arange(400), np.arange(300), np.arange(300, 400))
        shares.append(pairs["near_duplicate"].mean())
    assert np.mean(shares) == pytest.approx(BY_CHANCE, abs=0.01)


def test_copies_among_strangers_are_seen():
    """Metade do teste é cópia de filmes do treino, de quem os dados dizem ser outra pessoa."""
    x = np.random.default_rng(0).normal(size=(80, 30))
    x[60:70] = x[:10] + 1e-3
    pairs = nearest(x, np.arange(80), np.arange(60), np.arange(60, 80))
    assert pairs["near_duplicate"][:10].all() and not pairs["same_patient"].any()
    assert pairs["near_duplicate"][10:].sum() <= 1


def test_refusals():
    x, labels, patients = films(copies=1, signal=0)
    with pytest.raises(InputError, match=r"\(40, 60\) características, 39 rótulos"):
        split_gap(x, labels[:-1], patients)
    with pytest.raises(InputError, match="tem 4 pacientes; são precisos 5"):
        split_gap(x[:9], np.arange(9) % 2, patients[:9])


def test_one_patient_has_nobody_to_be_compared_with():
    with pytest.raises(InputError, match="um só paciente"):
        nearest(np.eye(3), np.zeros(3), [0, 1], [2])
