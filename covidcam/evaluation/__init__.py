"""Dos mapas e da verdade às figuras de mérito."""

from covidcam.evaluation import controls, repairs
from covidcam.evaluation.classification import (
    OneVsRest,
    accuracy,
    calibration_error,
    calibration_noise,
    fit_temperature,
    one_vs_rest,
    reliability,
    temper,
)
from covidcam.evaluation.faithfulness import Curve, average_drop, deletion, insertion, road
from covidcam.evaluation.intervals import (
    Interval,
    balanced_accuracy,
    bootstrap,
    spread,
    verdict,
    wilson,
)
from covidcam.evaluation.leakage import nearest, split_gap
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
from covidcam.evaluation.opponents import OPPONENTS, opponents
from covidcam.evaluation.sanity import (
    max_sensitivity,
    randomization_test,
    randomize,
    sparseness,
    ssim,
)
from covidcam.evaluation.scores import FAITHFUL, LOWER_IS_BETTER, WHERE, scoreboard

__all__ = [
    "FAITHFUL",
    "LOWER_IS_BETTER",
    "OPPONENTS",
    "WHERE",
    "Curve",
    "Interval",
    "OneVsRest",
    "accuracy",
    "auprc",
    "average_drop",
    "balanced_accuracy",
    "bootstrap",
    "calibration_error",
    "calibration_noise",
    "controls",
    "deletion",
    "energy_inside",
    "energy_ratio",
    "fit_temperature",
    "insertion",
    "iou",
    "max_sensitivity",
    "nearest",
    "one_vs_rest",
    "opponents",
    "pointing_game",
    "prevalence",
    "randomization_test",
    "randomize",
    "rank_accuracy",
    "reliability",
    "repairs",
    "road",
    "scoreboard",
    "sparseness",
    "split_gap",
    "spread",
    "ssim",
    "temper",
    "tune_threshold",
    "verdict",
    "wilson",
]
