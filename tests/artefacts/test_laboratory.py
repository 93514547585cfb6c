"""O que o laboratório faz com uma rede e com os filmes que leva para a página."""

import numpy as np

from covidcam.artefacts.experiments import shuffle
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
