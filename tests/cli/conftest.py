"""O comando como quem o chama, com redes que não se treinam."""

import sys

import numpy as np
import pytest
from PIL import Image

from covidcam import batch, models, phantom
from covidcam.batch import job, record
from covidcam.cli import main

CLASSES = ("COVID-19", "NORMAL")


@pytest.fixture
def run(monkeypatch, capfd):
    """O comando: devolve o código de saída, o que foi dito e as reclamações."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["covidcam", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return (end.value.code or 0, *capfd.readouterr())

    return call


@pytest.fixture
def fake_eyes(monkeypatch):
    """Pulmões e estranheza sem treinar nada."""

    def tools(model, file, settings):
        class Lungs:
            confidence = 0.9
            mask = np.tri(32, dtype=bool)

        calm, seen = (lambda images: np.zeros(len(images))), record.seen(file)
        return batch.Tools(model, lambda image: Lungs, calm, seen)

    monkeypatch.setattr(job, "tools_for", tools)


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modelos")
    model = models.build("mini-vgg", CLASSES, input_shape=(32, 32, 3))
    for source in ("real", "fantoma"):
        models.save(models.describe(model, CLASSES, source), folder / f"{source}.keras")
    model.save(folder / "sem-anotações.keras")
    return folder


@pytest.fixture
def films(tmp_path):
    (tmp_path / "f").mkdir()
    for k in range(3):
        Image.fromarray(phantom.radiograph(k, "NORMAL", 64).image).save(tmp_path / f"f/{k}.png")
    return tmp_path / "f"
