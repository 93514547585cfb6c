"""Dos mapas e da verdade às figuras de mérito."""

from covidcam.evaluation import controls, repairs
from covidcam.evaluation.baselines import BASELINES, baselines
from covidcam.evaluation.faithfulness import Curve, average_drop, deletion, insertion, road
from covidcam.evaluation.intervals import Interval, balanced_accuracy, bootstrap, wilson
from covidcam.evaluation.localization import (
    auprc,
    energy_inside,
    energy_ratio,
    iou,
    pointing_game,
    prevalence,
    rank_accuracy,
    tune_threshold,
)
from covidcam.evaluation.sanity import (
    max_sensitivity,
    randomization_test,
    randomize,
    sparseness,
    ssim,
)
from covidcam.evaluation.scores import FAITHFUL, LOWER_IS_BETTER, WHERE, scoreboard

__all__ = [
    "BASELINES",
    "FAITHFUL",
    "LOWER_IS_BETTER",
    "WHERE",
    "Curve",
    "Interval",
    "auprc",
    "average_drop",
    "balanced_accuracy",
    "baselines",
    "bootstrap",
    "controls",
    "deletion",
    "energy_inside",
    "energy_ratio",
    "insertion",
    "iou",
    "max_sensitivity",
    "pointing_game",
    "prevalence",
    "randomization_test",
    "randomize",
    "rank_accuracy",
    "repairs",
    "road",
    "scoreboard",
    "sparseness",
    "ssim",
    "tune_threshold",
    "wilson",
]
