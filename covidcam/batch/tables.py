"""As tabelas que o comando escreve: um CSV que uma planilha em português abre com dois cliques.

Ponto e vírgula entre as colunas, vírgula decimal e a marca do UTF-8 no começo: é o que o Excel e o
LibreOffice em português esperam de um ``.csv``, e com outra coisa põem tudo numa coluna ou trocam
os acentos. Para um programa é ``pandas.read_csv(arquivo, sep=";", decimal=",")``; o que
``resultados.json`` traz é o mesmo, com números e nulos.
"""

import io
from pathlib import Path

import pandas as pd

from covidcam.batch import safely
from covidcam.errors import DataError, one_line

SEPARATOR, DECIMAL, ENCODING = ";", ",", "utf-8-sig"
FORMULA = ("=", "+", "-", "@")
LARGEST = 200_000_000  # bytes


def write(table: pd.DataFrame, path: Path) -> None:
    """Escreve uma tabela; nenhum texto dela, nem nome de coluna, é uma fórmula para a planilha.

    Parameters
    ----------
    table : DataFrame
    path : Path
        Só aparece quando está completo.
    """
    plain = table.copy()
    plain.columns = pd.Index([_plain(str(name)) for name in table.columns])
    for position, kind in enumerate(plain.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            column = [_plain(v) if isinstance(v, str) else v for v in plain.iloc[:, position]]
            plain.isetitem(position, pd.Series(column, index=plain.index, dtype=object))
    text = plain.to_csv(index=False, sep=SEPARATOR, decimal=DECIMAL, lineterminator="\n")
    safely.write(path, text.encode(ENCODING, "backslashreplace"))


def read(path: Path, columns: dict[str, type]) -> pd.DataFrame:
    """Lê uma tabela que `write` escreveu.

    Parameters
    ----------
    path : Path
    columns : dict of str to type
        As colunas que se esperam.

    Returns
    -------
    DataFrame
        Só com elas; um texto vazio é vazio, e não ausente.

    Raises
    ------
    DataError
        Se a tabela não se lê ou lhe falta uma coluna.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("grande demais")
        text = path.read_bytes().decode(ENCODING)
        found = pd.read_csv(
            io.StringIO(text), sep=SEPARATOR, decimal=DECIMAL, dtype=columns, keep_default_na=False
        )
        return found[list(columns)].map(_as_it_was)
    except (KeyError, ValueError) as error:
        raise DataError(
            f"A tabela {path} não é a que covidcam treinar escreve (esperam-se as colunas"
            f" {', '.join(columns)}, separadas por ponto e vírgula)."
        ) from error


def _plain(text: str) -> str:
    """Um texto que a planilha não calcula; os caracteres de controle saem escritos por extenso."""
    text = one_line(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_it_was(value):
    formula = isinstance(value, str) and value[:1] == "'" and value[1:].startswith(FORMULA)
    return value[1:] if formula else value
