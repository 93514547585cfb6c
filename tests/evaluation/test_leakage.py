"""O vazamento aparece onde foi posto, e só ali."""

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.evaluation import nearest, split_gap


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


def test_a_split_by_patient_has_no_near_duplicates():
    x, _, patients = films(copies=2, signal=0)
    pairs = nearest(x, patients, np.arange(40), np.arange(40, 80))
    assert not pairs["same_patient"].any()
    assert pairs["near_duplicate"].mean() < 0.1


def test_refusals():
    x, labels, patients = films(copies=1, signal=0)
    with pytest.raises(InputError, match=r"\(40, 60\) características, 39 rótulos"):
        split_gap(x, labels[:-1], patients)
    with pytest.raises(InputError, match="tem 4 pacientes; são precisos 5"):
        split_gap(x[:9], np.arange(9) % 2, patients[:9])


def test_one_patient_has_nobody_to_be_compared_with():
    with pytest.raises(InputError, match="um só paciente"):
        nearest(np.eye(3), np.zeros(3), [0, 1], [2])
