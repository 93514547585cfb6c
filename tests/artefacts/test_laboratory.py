"""O que o laboratório faz com uma rede e com os filmes que leva para a página."""

import numpy as np

from covidcam import models
from covidcam.artefacts.experiments import hide, plant, shuffle
from covidcam.artefacts.laboratory import described, healthy


def test_shuffling_leaves_the_network_as_it_was(trained):
    before = trained.model.get_weights()
    shuffle(trained.model, np.array(trained.data.X[trained.test[:2]]))
    after = trained.model.get_weights()
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


def test_a_healthy_film_has_nothing_to_hide(trained):
    films = healthy(trained)
    for film in described(films):
        assert film["truth"] == "NORMAL"
        assert film["lesions"] == film["elsewhere"] == film["without"] == ""


class Films:
    """Dois filmes: num a lesão cabe em outro lugar do pulmão, no outro ela o toma todo."""

    def __init__(self):
        self.images = np.full((2, 64, 64, 3), 60, np.uint8)
        self.lungs = np.zeros((2, 64, 64), bool)
        self.lungs[:, :, 8:56] = True
        self.lesions = np.zeros((2, 64, 64), bool)
        self.lesions[0, 8:16, 12:20] = self.lesions[1, :, 4:60] = True
        self.labels = ["COVID-19", "COVID-19"]


def test_a_shape_that_fits_nowhere_else_is_no_control(monkeypatch):
    monkeypatch.setattr(
        models, "predict", lambda model, images: np.eye(2)[np.zeros(len(images), int)]
    )
    films = Films()
    found = hide(None, films, films.images, ["COVID-19", "NORMAL"])
    assert found == {"films": 2, "fits": 1, "lesion": 0, "elsewhere": 0, "without": 0}


def test_the_mode_counts_each_patient_once(monkeypatch):
    def predict(model, images):
        return np.eye(2)[(images.mean(axis=(1, 2, 3)) > 100).astype(int)]

    monkeypatch.setattr(models, "predict", predict)
    images = np.zeros((6, 64, 64, 3), np.uint8)
    images[1] = images[4] = images[5] = 200  # só o primeiro paciente muda com o modo
    counted = {record["mark"]: record for record in plant(None, images)}
    assert counted["mode"] == {"mark": "mode", "films": 3, "changed": 1}
    assert counted["letter"]["films"] == counted["border"]["films"] == 6
