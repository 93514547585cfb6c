"""O leiaute de covid-chestxray-dataset: ``metadata.csv`` e ``images/``."""

import os
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from covidcam.datasets.findings import classify
from covidcam.datasets.readers.rows import FRONTAL, find, index, table, view_problem
from covidcam.datasets.tables import (
    identifier,
    leaves_the_folder,
    read_json,
    read_table,
    sex,
    shortened,
    years,
)
from covidcam.errors import DataError

COHEN = "covid-chestxray-dataset"
LUNG_BOXES = "annotations/imageannotation_ai_lung_bounding_boxes.json"  # dentro de COHEN
NEEDED = {"patientid", "finding", "view", "modality", "filename"}
RADIOGRAPHS = {"xray", "cr", "dx"}
VIEWS = {name.casefold(): name for name in FRONTAL}


def read_cohen(folder: Path) -> pd.DataFrame:
    """Lê o leiaute de covid-chestxray-dataset.

    Parameters
    ----------
    folder : Path
        A pasta ``covid-chestxray-dataset``.

    Returns
    -------
    DataFrame
        Uma linha por linha de ``metadata.csv``.

    Raises
    ------
    DataError
        Se não há ``metadata.csv``, ele não se lê, não tem linhas ou lhe faltam colunas.

    References
    ----------
    Cohen, Morrison e Dao, 2020. arXiv:2003.11597.
    """
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nada"
        raise DataError(f"Em {folder} era esperado metadata.csv; foi encontrado: {found}.")
    boxes = _lung_boxes(folder)
    files = cache(index)  # uma vez cada pasta
    records = []
    for row in read_table(metadata, NEEDED).to_dict("records"):
        path, problem = _find(files, folder, row.get("folder") or "images", row["filename"])
        view = VIEWS.get(row["view"].casefold(), row["view"])
        label, reason = classify(row["finding"])
        person = identifier(row["patientid"])
        records.append(
            {
                "path": str(path),
                "label": label,
                "patient": f"cohen-{person or path.name}",
                "patient_from": "coluna patientid de metadata.csv" if person else "",
                "sex": sex(row.get("sex", "")),
                "age": years(row.get("age", "")),
                "view": view,
                "modality": row["modality"],
                "source": "cohen",
                "licence": row.get("license", ""),
                "lung_boxes": boxes.get(path.name),
                "finding": row["finding"],
                "left_out": problem or _modality(row["modality"]) or view_problem(view) or reason,
            }
        )
    return table(records)


def _find(files, folder, inner, name):
    """O arquivo de uma linha, que nenhum nome leva para fora do acervo."""
    if leaves_the_folder(f"{inner}/{name}") or leaves_the_folder(name):
        inside = re.sub(r"[\\/:]", "_", shortened(name))
        return folder / inside, "nome que sai da pasta do acervo"
    exact = folder / inner / name
    *parents, last = Path(name).parts or [""]
    place = folder.joinpath(inner, *parents)
    return find(files(place) if os.path.isdir(place) else {}, last, exact)


def _modality(text):
    if re.sub(r"[\s_-]", "", text).casefold() in RADIOGRAPHS:
        return ""
    return f"não é radiografia ({shortened(text) or 'não informada'})"


def _lung_boxes(folder: Path) -> dict[str, list]:
    """As caixas dos pulmões de cada imagem, em frações: já convertidas, ou em pixels, do acervo."""
    ready, original = folder / "lung_boxes.json", folder / LUNG_BOXES
    path = ready if ready.is_file() else original
    if not path.is_file():
        return {}
    content = read_json(path)
    try:
        boxes = content if path == ready else _fractions(content)
        if not all(np.shape(pair) == (2, 4) and np.isfinite(pair).all() for pair in boxes.values()):
            raise ValueError("há caixas que não são dois quádruplos de números")
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise DataError(
            f"O arquivo {path} não é o esperado: um JSON com as caixas dos pulmões de cada imagem."
        ) from error
    return boxes


def _fractions(coco: dict) -> dict[str, list]:
    images = {image["id"]: image for image in coco["images"]}
    boxes = defaultdict(list)
    for annotation in coco["annotations"]:
        image = images[annotation["image_id"]]
        x, y, width, height = annotation["bbox"]
        box = np.array([[x, y], [x + width, y + height]]) / (image["width"], image["height"])
        boxes[image["file_name"]].append(box.clip(0, 1).ravel().tolist())
    # a da esquerda da imagem primeiro
    return {name: sorted(pair) for name, pair in boxes.items() if len(pair) == 2}
