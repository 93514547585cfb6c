"""Os artefatos que as páginas e o comando partilham, cada um guardado no depósito.

Aqui as salas se ligam: acervo -> arrays -> rede treinada -> mapas. Cada função devolve o que a
seguinte precisa, e o que já foi feito com os mesmos parâmetros e o mesmo código vem do depósito.
"""

from covidcam.artefacts.data import arrays, raw_data, selection
from covidcam.artefacts.maps import SAMPLES, Films, abnormal_films, board, lung_energy
from covidcam.artefacts.networks import (
    Trained,
    model_1,
    model_2,
    network,
    phantom_mistakes,
    shuffled_model_2,
    trained,
)
from covidcam.artefacts.novelty import usual_films

__all__ = [
    "SAMPLES",
    "Films",
    "Trained",
    "abnormal_films",
    "arrays",
    "board",
    "lung_energy",
    "model_1",
    "model_2",
    "network",
    "phantom_mistakes",
    "raw_data",
    "selection",
    "shuffled_model_2",
    "trained",
    "usual_films",
]
