"""O que as últimas páginas vão pedir, feito enquanto as primeiras são executadas.

    python -m covidcam.artefacts.ahead

Uma página usa quase sempre um núcleo só; o outro pode treinar. Nada depende de isto ter rodado: o
que faltar, a página faz, e o cadeado do depósito impede que os dois façam o mesmo.
"""

from covidcam import settings
from covidcam.artefacts.alarm import alarm
from covidcam.artefacts.comparison import families
from covidcam.artefacts.fresh import interval_coverage
from covidcam.artefacts.implants import implants_asked
from covidcam.artefacts.interventions import causal_board
from covidcam.artefacts.maps import faithful_board, predicted_maps, where_board
from covidcam.artefacts.networks import honest_twin, memorizer, model_1, model_2
from covidcam.artefacts.psychometric import visibility
from covidcam.artefacts.reproducibility import redone
from covidcam.artefacts.shortcuts import before_and_after, dial_experiment
from covidcam.settings import Settings


def ahead(chosen: Settings) -> None:
    """Faz os artefatos das páginas que o Sphinx lê por último.

    Parameters
    ----------
    chosen : Settings
    """
    predicted_maps(chosen, model_2(chosen))
    families(chosen)
    model_1(chosen)
    phantoms = chosen.with_phantoms()
    trained = model_2(phantoms)
    faithful_board(phantoms, trained)
    where_board(phantoms, trained)
    if chosen.source == "real":
        implants_asked(chosen)
    causal_board(phantoms, trained)
    memorizer(phantoms)
    honest_twin(phantoms)
    dial_experiment(chosen)
    before_and_after(chosen)
    interval_coverage(phantoms, trained)
    visibility(phantoms, trained)
    redone(phantoms)
    alarm(chosen)


if __name__ == "__main__":
    ahead(settings.read())
