"""Um acervo de trinta e dois fantomas e uma rede de uma época, feitos uma vez para todos."""

import dataclasses

import pytest

from covidcam import artefacts, models, settings
from covidcam.artefacts import data

COUNTS = {"COVID-19": 12, "NORMAL": 10, "OUTRAS": 10}
QUICK = {"epochs": 1, "learning_rate": 2e-3, "seed": 0}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """O livro inteiro com poucos filmes e receitas de uma época."""
    monkeypatch.setattr(data, "COUNTS_2020", COUNTS)
    quick = {
        name: dataclasses.replace(each, recipes=dict.fromkeys(each.recipes, QUICK))
        for name, each in models.ARCHITECTURES.items()
    }
    monkeypatch.setattr(models, "ARCHITECTURES", quick)


@pytest.fixture
def chosen(tmp_path_factory):
    """As escolhas, com um depósito que os processos da suíte partilham."""
    shared = tmp_path_factory.getbasetemp().parent / "depósito"
    return settings.read({"COVIDCAM_CACHE": str(shared)})


@pytest.fixture
def trained(chosen):
    return artefacts.model_2(chosen)
