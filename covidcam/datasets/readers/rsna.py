"""O leiaute do desafio da RSNA: ``stage_2_train_labels.csv`` e um DICOM por paciente."""

from pathlib import Path

import pandas as pd

from covidcam.datasets.dicom import header
from covidcam.datasets.readers.rows import find, index, table, view_problem
from covidcam.datasets.tables import read_table, sex, shortened, years
from covidcam.errors import DataError

SIDE = 1024  # as caixas estão nos pixels das imagens publicadas
DETAILS = "stage_2_detailed_class_info.csv"
LABELS = {  # o que cada classe do desafio é nas do livro
    "lung opacity": ("OUTRAS", ""),
    "normal": ("NORMAL", ""),
    "no lung opacity / not normal": (None, "achado fora das classes: sem opacidade, não normal"),
    # sem os detalhes, não se sabe se é normal
    "no lung opacity": ("SEM OPACIDADE", ""),
}


def read_rsna(folder: Path) -> pd.DataFrame:
    """Lê o leiaute do desafio da RSNA; as caixas das opacidades vão na coluna lesions.

    O sexo, a idade e a incidência vêm do cabeçalho de cada DICOM. Sem
    ``stage_2_detailed_class_info.csv`` não se sabe quais dos filmes sem opacidade são normais, e a
    classe deles é ``"SEM OPACIDADE"``.

    Parameters
    ----------
    folder : Path
        A que tem ``stage_2_train_labels.csv``; os DICOM podem estar em qualquer subpasta.

    Returns
    -------
    DataFrame
        Uma linha por paciente.

    Raises
    ------
    DataError
        Se a tabela não se lê.

    References
    ----------
    Shih, Wu, Halabi et al., 2019. 10.1148/ryai.2019180041.
    """
    labels = folder / "stage_2_train_labels.csv"
    rows = read_table(labels, {"patientid", "x", "y", "width", "height", "target"})
    details, files = {}, index(folder)
    if (folder / DETAILS).is_file():
        table_of_details = read_table(folder / DETAILS, {"patientid", "class"})
        details = dict(zip(table_of_details["patientid"], table_of_details["class"], strict=True))
    records = []
    for name, group in rows.groupby("patientid", sort=False):
        absent = folder / "stage_2_train_images" / f"{Path(name).name}.dcm"
        path, problem = find(files, name, absent)
        ill = set(group["target"]) == {"1"}
        finding = details.get(name) or ("Lung Opacity" if ill else "No Lung Opacity")
        unknown = (None, f"achado fora das classes: {shortened(finding)}")
        label, reason = LABELS.get(finding.casefold(), unknown)
        facts = header(path, ["PatientSex", "PatientAge", "ViewPosition"])
        view = facts["ViewPosition"].upper()
        records.append(
            {
                "path": str(path),
                "label": label,
                "patient": f"rsna-{name}",
                "patient_from": f"coluna patientId de {labels.name}",
                "sex": sex(facts["PatientSex"]),
                "age": years(facts["PatientAge"]),
                "view": view,
                "modality": "X-ray",
                "source": "rsna",
                "lesions": _boxes(group, labels) if ill else None,
                "finding": finding,
                # o desafio só tem frontais, e nem todos o dizem
                "left_out": problem or (view and view_problem(view)) or reason,
            }
        )
    return table(records)


def _boxes(group, labels):
    try:
        sides = group[["x", "y", "width", "height"]].astype(float).to_numpy() / SIDE
    except ValueError as error:
        raise DataError(f"Em {labels} há caixas que não são quatro números.") from error
    return [[x, y, x + width, y + height] for x, y, width, height in sides.tolist()]
