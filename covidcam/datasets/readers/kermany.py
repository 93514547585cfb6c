"""O leiaute de Kermany e colaboradores: ``{train,test}/{NORMAL,PNEUMONIA}/``."""

import re
from pathlib import Path

import pandas as pd

from covidcam.datasets.readers.rows import format_problem, table, walk
from covidcam.errors import DataError

KERMANY = "chest_xray"
NUMBER = r"(?:IM-|person|NORMAL-|BACTERIA-|VIRUS-)(\d+)"


def read_kermany(folder: Path) -> pd.DataFrame:
    """Lê o leiaute de Kermany e colaboradores.

    O paciente é o número no nome do arquivo, dentro da classe, através de treino e teste: juntar
    duas pessoas a mais não faz mal; separar uma em duas seria um vazamento.

    Parameters
    ----------
    folder : Path
        A pasta ``chest_xray``.

    Returns
    -------
    DataFrame
        Uma linha por arquivo de imagem.

    Raises
    ------
    DataError
        Se não há nenhuma imagem onde o leiaute as espera.

    References
    ----------
    Kermany, Goldbaum, Cai et al., 2018. 10.1016/j.cell.2018.02.010.
    """
    files = list(walk(folder))
    records = [{"path": str(path), "left_out": why} for path, why in files if why]
    for name, label in (("NORMAL", "NORMAL"), ("PNEUMONIA", "OUTRAS")):
        for path, problem in files:
            if problem or path.parent.name.upper() != name:
                continue
            number = re.search(NUMBER, path.name)
            records.append(
                {
                    "path": str(path),
                    "label": label,
                    "patient": f"kermany-{name}-{number[1] if number else path.stem}",
                    "patient_from": "nomes de Kermany e colaboradores" if number else "",
                    "view": "AP",
                    "modality": "X-ray",
                    "source": "kermany",
                    "licence": "CC BY 4.0",
                    "finding": name,
                    "left_out": format_problem(path),
                }
            )
    if not records:
        raise DataError(
            f"Em {folder} eram esperadas as pastas train/ e test/ com NORMAL/ e PNEUMONIA/ dentro;"
            " nenhuma imagem foi encontrada."
        )
    return table(records)
