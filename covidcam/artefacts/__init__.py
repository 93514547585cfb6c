"""Os artefatos que as páginas e o comando partilham, cada um guardado no depósito.

Aqui as salas se ligam: acervo -> arrays -> rede treinada -> mapas. Cada função devolve o que a
seguinte precisa, e o que já foi feito com os mesmos parâmetros e o mesmo código vem do depósito.
"""

from covidcam.artefacts.cards import annotated, by_group, count, layers, left_out, people, recipe
from covidcam.artefacts.comparison import (
    Families,
    beside_2020,
    families,
    near_duplicates,
    pairs,
    part_of,
    partition,
    plain_features,
    split_comparison,
)
from covidcam.artefacts.data import arrays, raw_data, selection
from covidcam.artefacts.experiments import experiments
from covidcam.artefacts.explorer import exploration
from covidcam.artefacts.features import frozen_features
from covidcam.artefacts.films import Films, abnormal_films
from covidcam.artefacts.fresh import CANDIDATES, MEASURES, fresh_films, interval_coverage
from covidcam.artefacts.implants import implants, implants_asked
from covidcam.artefacts.interventions import (
    Retakes,
    causal_board,
    dial_retakes,
    judged_maps,
    retakes,
)
from covidcam.artefacts.laboratory import laboratory
from covidcam.artefacts.maps import (
    DELETIONS,
    FEW,
    GRADIENT_FAMILY,
    SAMPLES,
    faithful_board,
    faithful_values,
    lung_energy,
    measured,
    predicted_maps,
    tuned_overlap,
    where_board,
)
from covidcam.artefacts.networks import (
    choose,
    honest_twin,
    learned,
    memorizer,
    missing_weights,
    model_1,
    model_2,
    phantom_mistakes,
    trained,
)
from covidcam.artefacts.novelty import usual_films
from covidcam.artefacts.trained import Trained

__all__ = [
    "CANDIDATES",
    "DELETIONS",
    "FEW",
    "GRADIENT_FAMILY",
    "MEASURES",
    "SAMPLES",
    "Families",
    "Films",
    "Retakes",
    "Trained",
    "abnormal_films",
    "annotated",
    "arrays",
    "beside_2020",
    "by_group",
    "causal_board",
    "choose",
    "count",
    "dial_retakes",
    "experiments",
    "exploration",
    "faithful_board",
    "faithful_values",
    "families",
    "fresh_films",
    "frozen_features",
    "honest_twin",
    "implants",
    "implants_asked",
    "interval_coverage",
    "judged_maps",
    "laboratory",
    "layers",
    "learned",
    "left_out",
    "lung_energy",
    "measured",
    "memorizer",
    "missing_weights",
    "model_1",
    "model_2",
    "near_duplicates",
    "pairs",
    "part_of",
    "partition",
    "people",
    "phantom_mistakes",
    "plain_features",
    "predicted_maps",
    "raw_data",
    "recipe",
    "retakes",
    "selection",
    "split_comparison",
    "trained",
    "tuned_overlap",
    "usual_films",
    "where_board",
]
