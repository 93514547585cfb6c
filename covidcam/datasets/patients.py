"""De quem é cada imagem: um padrão, uma coluna de uma tabela ou os nomes de um acervo conhecido."""

import os
import re
from pathlib import Path, PurePosixPath

import pandas as pd

from covidcam.datasets.tables import identifier, read_table, shortened
from covidcam.errors import DataError, InputError

# Onde está o paciente nos caminhos de cada acervo, a partir da pasta da classe.
NAMES = {
    "NIH ChestX-ray14": r"(?:^|/)(\d{8})_\d{3}\.\w+$",
    "CheXpert": r"(?:^|/)(patient\d{5,6})[/_-]study\d+",
    "MIMIC-CXR": r"(?:^|/)(p\d{8})/s\d{8}(?:/|$)",
}
# Kermany e colaboradores: o número recomeça em cada classe
KERMANY = r"(?:^|/)(?:(?:NORMAL2-)?IM-|person|NORMAL-|BACTERIA-|VIRUS-)(\d+)[-_]\w+"
FORMS = "um padrão com um grupo, como “(P\\d+)_”, ou uma coluna, como “tabela.csv:paciente”"


def from_names(path: str, label: str) -> tuple[str, str] | None:
    """O paciente que o caminho de uma imagem diz, se ele é como os de um acervo conhecido.

    Parameters
    ----------
    path : str
        A partir da pasta da classe, com barras.
    label : str
        A classe.

    Returns
    -------
    tuple of str or None
        O paciente e de onde se soube dele.

    Examples
    --------
    >>> from_names("00001362_004.png", "NORMAL")
    ('nih-00001362', 'nomes do NIH ChestX-ray14')
    >>> from_names("filme.png", "NORMAL") is None
    True
    """
    for archive, pattern in NAMES.items():
        if found := re.search(pattern, path, re.ASCII):
            return f"{archive.split()[0].lower()}-{found[1]}", f"nomes do {archive}"
    if found := re.search(KERMANY, path, re.ASCII):
        return f"kermany-{label}-{found[1]}", "nomes de Kermany e colaboradores"
    return None


def assign(rows: pd.DataFrame, folder: Path, patient: str) -> pd.DataFrame:
    """O mesmo levantamento, com os pacientes que quem lê diz como achar.

    Parameters
    ----------
    rows : DataFrame
        Com as colunas path e left_out.
    folder : Path
        A pasta de dados; os caminhos contam a partir dela.
    patient : str
        Um padrão com um grupo, procurado no caminho; ou ``tabela.csv:coluna``, com a tabela na
        pasta de dados ou onde se está.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        Se não é nem um nem outro, ou o padrão não tem exatamente um grupo.
    DataError
        Se uma imagem que serve fica sem paciente, ou a tabela diz dois de uma mesma.
    """
    relative = rows["path"].map(lambda path: Path(path).relative_to(folder).as_posix())
    if "(" in patient:
        found = relative.map(_by_pattern(patient))
        origin = f"padrão {patient}"
    else:
        table, _, column = patient.rpartition(":")
        if not table or not column.strip():
            raise InputError(f"O paciente {patient!r} não é {FORMS}.")
        found = relative.map(_by_column(relative, folder, table, column.strip().casefold()))
        origin = f"coluna {column} de {os.path.basename(table)}"
    missing = relative[(rows["left_out"] == "") & found.isna()]
    if len(missing):
        raise DataError(
            f"Com {origin}, {len(missing)} de {(rows['left_out'] == '').sum()} imagens ficam sem"
            f" paciente; por exemplo, {shortened(missing.iloc[0])}."
        )
    known = found.notna()
    return rows.assign(
        patient=rows["patient"].mask(known, found.map(identifier, na_action="ignore")),
        patient_from=rows["patient_from"].mask(known, origin),
    )


def contradictions(rows: pd.DataFrame) -> list[str]:
    """O que as linhas de um mesmo paciente dizem de diferente sobre ele.

    Parameters
    ----------
    rows : DataFrame
        Com as colunas patient, source, sex e age. No NIH as idades não contam: ele acompanha as
        mesmas pessoas por muitos anos.

    Returns
    -------
    list of str
        Uma frase por paciente.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient": ["a", "a"], "source": "x", "sex": ["F", "M"], "age": 30.0})
    >>> contradictions(rows)
    ['o paciente a tem dois sexos']
    """
    sexes = rows[rows["sex"] != ""].groupby("patient", sort=False)["sex"].nunique()
    told = [f"o paciente {shortened(name)} tem dois sexos" for name in sexes.index[sexes > 1]]
    ages = rows[rows["source"] != "nih"].groupby("patient", sort=False)["age"].agg(["min", "max"])
    for name, low, high in ages[ages["max"] - ages["min"] > 2].itertuples():
        told.append(f"o paciente {shortened(name)} tem idades de {low:g} a {high:g} anos")
    return told


def _by_pattern(pattern):
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"O padrão {pattern!r} não é uma expressão regular.") from error
    if compiled.groups != 1:
        raise InputError(f"O padrão {pattern!r} tem {compiled.groups} grupos; aceita-se um só.")
    return lambda path: (found := compiled.search(path)) and (found[1] or None)


def _by_column(relative, folder, table, column):
    """A tabela que leva de um caminho ao paciente; a coluna das imagens é a que mais as nomeia."""
    place = folder / table if (folder / table).is_file() else Path(table)
    rows = read_table(place, {column})
    names = {key for path in relative for key in _keys(path)}
    keys = rows.drop(columns=column).apply(lambda cells: cells.map(_key))
    hits = keys.isin(names - {""}).sum()
    if not hits.sum():
        raise DataError(f"Nenhuma coluna de {place} traz os nomes das imagens de {folder}.")
    named = pd.DataFrame({"image": keys[hits.idxmax()], "patient": rows[column].map(identifier)})
    named = named[(named["image"] != "") & (named["patient"] != "")].drop_duplicates()
    if (twice := named[named["image"].duplicated()]).size:
        raise DataError(f"Em {place}, {twice['image'].iloc[0]} está com dois pacientes.")
    patients = dict(named.itertuples(index=False))
    return lambda path: next((patients[key] for key in _keys(path) if key in patients), None)


def _key(name):
    return name.replace("\\", "/").removeprefix("./").casefold()


def _keys(path):
    """Como uma tabela pode chamar uma imagem: o caminho ou o nome, com ou sem a extensão."""
    path = PurePosixPath(_key(path))
    return str(path), str(path.with_suffix("")), path.name, path.stem
