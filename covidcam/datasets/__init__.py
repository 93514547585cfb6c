"""Das pastas dos acervos aos arrays do treino e às divisões por paciente."""

from covidcam.datasets.arrays import Arrays, load, one_hot, prepare
from covidcam.datasets.catalog import left_out, load_catalog, shareable, survey, usable
from covidcam.datasets.findings import CLASSES, classify, respell
from covidcam.datasets.images import EXTENSIONS, SIDE, Reading, looks_like_image, read, read_image
from covidcam.datasets.masks import read_masks
from covidcam.datasets.resampling import resample, resample_mask, three_channels
from covidcam.datasets.splits import select, split_2020, split_by_patient, three_parts

__all__ = [
    "CLASSES",
    "EXTENSIONS",
    "SIDE",
    "Arrays",
    "Reading",
    "classify",
    "left_out",
    "load",
    "load_catalog",
    "looks_like_image",
    "one_hot",
    "prepare",
    "read",
    "read_image",
    "read_masks",
    "resample",
    "resample_mask",
    "respell",
    "select",
    "shareable",
    "split_2020",
    "split_by_patient",
    "survey",
    "three_channels",
    "three_parts",
    "usable",
]
