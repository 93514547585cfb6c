"""O leiaute do NIH ChestX-ray14: ``Data_Entry_2017.csv``, ``BBox_List_2017.csv`` e as imagens."""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from covidcam.datasets.findings import classify
from covidcam.datasets.readers.rows import find, index, table, view_problem
from covidcam.datasets.tables import identifier, read_table, sex, years
from covidcam.errors import DataError

SIDE = 1024  # as caixas estão nos pixels das imagens publicadas
BOX = ["bbox [x", "y", "w", "h]"]


def read_nih(folder: Path) -> pd.DataFrame:
    """Lê o leiaute do NIH ChestX-ray14; as caixas dos achados vão na coluna lesions.

    Parameters
    ----------
    folder : Path
        A que tem ``Data_Entry_2017.csv``; as imagens podem estar em qualquer subpasta.

    Returns
    -------
    DataFrame
        Uma linha por linha da tabela.

    Raises
    ------
    DataError
        Se uma das tabelas não se lê.

    References
    ----------
    Wang, Peng, Lu et al., 2017. arXiv:1705.02315.
    """
    files, boxes = index(folder), _boxes(folder / "BBox_List_2017.csv")
    needed = {"image index", "finding labels", "patient id", "view position"}
    records = []
    for row in read_table(folder / "Data_Entry_2017.csv", needed).to_dict("records"):
        name, view = row["image index"], row["view position"].upper()
        path, problem = find(files, name, folder / "images" / Path(name).name)
        label, reason = classify(row["finding labels"].replace("|", ","))
        records.append(
            {
                "path": str(path),
                "label": label,
                "patient": f"nih-{identifier(row['patient id'])}",
                "patient_from": "coluna Patient ID de Data_Entry_2017.csv",
                "sex": sex(row.get("patient gender", "")),
                "age": years(row.get("patient age", "")),
                "view": view,
                "modality": "X-ray",
                "source": "nih",
                "lesions": boxes.get(name),
                "finding": row["finding labels"],
                "left_out": problem or view_problem(view) or reason,
            }
        )
    return table(records)


def _boxes(path):
    if not path.is_file():
        return {}
    boxes = defaultdict(list)
    for row in read_table(path, {"image index", *BOX}).to_dict("records"):
        try:
            x, y, width, height = (float(row[name]) / SIDE for name in BOX)
        except ValueError as error:
            raise DataError(f"Em {path} há caixas que não são quatro números.") from error
        boxes[row["image index"]].append([x, y, x + width, y + height])
    return boxes
