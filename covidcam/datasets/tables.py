"""Tabelas que outros escreveram: qualquer separador e codificação, e nada em que se confie."""

import io
import json
import os
import re
import unicodedata
import warnings
from collections.abc import Collection
from pathlib import PurePosixPath, PureWindowsPath

import pandas as pd

from covidcam.errors import DataError, reason

MOST_BYTES = 64_000_000  # as maiores tabelas dos acervos públicos têm uns 20 milhões
MOST_JSON = 16_000_000
SEPARATORS = ",;\t|"
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
ENCODINGS = ("utf-8", "cp1252", "latin-1")  # a última aceita quaisquer bytes
LONGEST = 80  # caracteres de um texto alheio numa mensagem


def read_table(path: str | os.PathLike, needed: Collection[str] = ()) -> pd.DataFrame:
    r"""Lê uma tabela CSV em qualquer separador e codificação usuais.

    Vírgula, ponto e vírgula (o Excel em português), tabulação ou barra; UTF-8, UTF-16, latin-1, com
    ou sem a marca de ordem dos bytes.

    Parameters
    ----------
    path : path-like
    needed : collection of str
        As colunas que têm de estar lá.

    Returns
    -------
    DataFrame
        De textos numa linha só, sem espaços em volta; os nomes das colunas em minúsculas. O que não
        está preenchido é texto vazio.

    Raises
    ------
    DataError
        Se o arquivo falta, é grande demais, não é uma tabela, não tem linhas ou lhe faltam colunas.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_bytes("Paciente ;Cidade\n007; São Paulo\n".encode("latin-1"))
    >>> read_table(path).to_dict("records")
    [{'paciente': '007', 'cidade': 'São Paulo'}]
    """
    text = _text(_content(path, MOST_BYTES), path)
    first, _, rest = text.lstrip().partition("\n")
    if declared := re.fullmatch(r"sep=(.)\s*", first):  # o Excel às vezes o escreve
        text, separator = rest, declared[1]
    else:
        plain = re.sub(r'"[^"]*"', "", first)
        separator = max(SEPARATORS, key=plain.count)
    try:
        with warnings.catch_warnings():
            # uma coluna a mais em todas as linhas só se tolera quando está vazia
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, index_col=False)
    except ValueError as error:
        raise DataError(f"A tabela {path} não pôde ser lida: {_why(error)}.") from error
    table.columns = [printable(str(name)).casefold() for name in table.columns]
    if missing := sorted(set(needed) - set(table.columns)):
        found = ", ".join(shortened(name) for name in table.columns[:8])
        raise DataError(f"Em {path} faltam as colunas {missing}; há {found}.")
    if table.empty:
        raise DataError(f"A tabela {path} não tem nenhuma linha; era esperada uma por imagem.")
    return table.apply(lambda column: column.fillna("").map(printable))


def read_json(path: str | os.PathLike) -> object:
    """Lê um JSON de tamanho e profundidade razoáveis.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    object

    Raises
    ------
    DataError
        Se ele falta, é grande ou profundo demais, ou não é um JSON.
    """
    content = _content(path, MOST_JSON)
    try:
        return json.loads(content)
    except RecursionError:
        raise DataError(f"O arquivo {path} tem listas dentro de listas demais.") from None
    except ValueError as error:
        raise DataError(f"O arquivo {path} não pôde ser lido; era esperado um JSON.") from error


def printable(text: str) -> str:
    r"""Um texto numa linha só, sem espaços em volta e sem o que não se imprime.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> printable(" PA\x1b[31m" + chr(10))
    'PA [31m'
    """
    if text.isprintable():
        return text.strip()
    return "".join(c if c.isprintable() else " " for c in text).strip()


def shortened(text: str) -> str:
    """O começo de um texto alheio, para uma mensagem.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> len(shortened("a" * 1000))
    80
    """
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def identifier(text: str) -> str:
    """Um identificador como é, sem as variações com que se escreve o mesmo.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        De um número inteiro, sem zeros à esquerda nem parte decimal; de um texto, em minúsculas.

    Examples
    --------
    >>> [identifier(text) for text in ("7", "7 ", "7.0", "007", "P 7a")]
    ['7', '7', '7', '7', 'p 7a']
    """
    text = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    whole = re.fullmatch(r"0*(\d+?)(?:[.,]0*)?", text)
    return whole[1] if whole else text


def years(text: str) -> float:
    """Uma idade em anos, como as tabelas e o DICOM a escrevem.

    Parameters
    ----------
    text : str

    Returns
    -------
    float
        NaN quando não se entende.

    Examples
    --------
    >>> [years(text) for text in ("64", "64,0", "064Y", "006M", "jovem")]
    [64.0, 64.0, 64.0, 0.5, nan]
    """
    found = re.fullmatch(r"\s*(\d{1,3})(?:[.,](\d+))?\s*([YMWD]?)\s*", text.upper())
    if not found:
        return float("nan")
    unit = {"Y": 1, "M": 12, "W": 52, "D": 365}.get(found[3], 1)
    return float(f"{found[1]}.{found[2] or 0}") / unit


def sex(text: str) -> str:
    """O sexo como ``"F"`` ou ``"M"``; vazio quando não se entende.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> [sex(text) for text in ("F", "male", "feminino", "?")]
    ['F', 'M', 'F', '']
    """
    words = {"F": "f female feminino mulher", "M": "m male masculino homem"}
    return next((one for one, names in words.items() if text.casefold() in names.split()), "")


def leaves_the_folder(name: str) -> bool:
    """Se um nome que veio de fora é absoluto ou sobe de pasta, neste sistema ou noutro.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [leaves_the_folder(name) for name in ("a/b.png", "../b.png", "/b.png", "C:b.png")]
    [False, True, True, True]
    """
    paths = PurePosixPath(name), PureWindowsPath(name)
    return any(path.anchor or ".." in path.parts for path in paths)


def _content(path, most_bytes: int) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise DataError(f"O arquivo {path} não pôde ser lido: {reason(error)}.") from error
    if len(content) > most_bytes:
        raise DataError(f"O arquivo {path} passa de {most_bytes // 1_000_000} MB.")
    return content


def _text(content: bytes, path) -> str:
    encodings = [name for mark, name in MARKS.items() if content.startswith(mark)]
    if not encodings and b"\0" in content[:2]:  # UTF-16 sem a marca: metade dos bytes é zero
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    for encoding in encodings or ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError(f"A tabela {path} não pôde ser lida: não é um texto.")


def _why(error: ValueError) -> str:
    ragged = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if ragged:
        return f"a linha {ragged[2]} tem {ragged[3]} campos, e eram esperados {ragged[1]}"
    if isinstance(error, pd.errors.EmptyDataError):
        return "está vazia"
    return "há aspas que não fecham ou linhas sem fim"
