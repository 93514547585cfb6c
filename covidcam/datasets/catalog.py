"""Pastas com os leiautes dos acervos públicos -> um catálogo, uma linha por imagem.

Cada acervo tem um leitor que devolve as mesmas colunas; `survey` junta os que encontra na pasta.
Nada é descartado em silêncio: o que não serve fica no levantamento, com o motivo em ``left_out``.
"""

import json
import logging
import os
import re
from collections import defaultdict
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from covidcam.datasets.findings import classify
from covidcam.datasets.images import measure
from covidcam.errors import DataError

COHEN = "covid-chestxray-dataset"
KERMANY = "chest_xray"
LUNG_BOXES = "annotations/imageannotation_ai_lung_bounding_boxes.json"  # dentro de COHEN
COLUMNS = [
    "path",
    "label",
    "patient",
    "view",
    "modality",
    "source",
    "look",
    "licence",
    "synthetic",
    "lungs",
    "lesions",
    "lung_boxes",
    "finding",
    "width",
    "height",
    "mode",
    "left_out",
]
EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
FRONTAL = ("PA", "AP", "AP Supine", "AP Erect")


def load_catalog(folder: str | os.PathLike) -> pd.DataFrame:
    """Cataloga as imagens utilizáveis de uma pasta de dados.

    O que fica de fora é contado por motivo em ``catalog.attrs["left_out"]`` e dito no registro
    (``logging``).

    Parameters
    ----------
    folder : path-like
        Uma pasta com ``covid-chestxray-dataset/``, ``chest_xray/`` ou ambos; ou uma pasta com uma
        subpasta de imagens por classe.

    Returns
    -------
    DataFrame
        Uma linha por imagem: path, label, patient, view, modality, source, look, licence, synthetic
        (se é um fantoma), lungs e lesions (máscaras, onde existem), lung_boxes ((2, 4) em frações,
        onde existem), finding, width, height, mode.

    Raises
    ------
    DataError
        Se a pasta não existe, está vazia ou não segue nenhum dos leiautes.

    Examples
    --------
    >>> load_catalog("pasta-que-nao-existe")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    covidcam.errors.DataError: A pasta de dados pasta-que-nao-existe não existe; ...
    """
    rows = survey(folder)
    counts = left_out(rows)
    if len(counts):
        listing = "; ".join(f"{reason}: {count}" for reason, count in counts.items())
        logging.getLogger(__name__).warning("Imagens deixadas de fora: %s.", listing)
    return usable(rows)


def survey(folder: str | os.PathLike) -> pd.DataFrame:
    """O levantamento inteiro de uma pasta de dados, com o que serve e o que não serve.

    Parameters
    ----------
    folder : path-like
        Como em `load_catalog`.

    Returns
    -------
    DataFrame
        As colunas de `load_catalog` e ``left_out``: o motivo de a imagem não servir, ou vazio.

    Raises
    ------
    DataError
        Como em `load_catalog`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"A pasta de dados {folder} não existe; «covidcam dados baixar» busca os acervos."
        )
    readers = {COHEN: read_cohen, KERMANY: read_kermany}
    found = [read(folder / name) for name, read in readers.items() if (folder / name).is_dir()]
    rows = pd.concat(found, ignore_index=True) if found else read_class_folders(folder)
    return _verify(_add_phantom_truth(rows, folder))


def usable(rows: pd.DataFrame) -> pd.DataFrame:
    """As linhas de um levantamento que servem, com a contagem do resto em ``attrs``.

    Parameters
    ----------
    rows : DataFrame
        O que `survey` devolve.

    Returns
    -------
    DataFrame
    """
    catalog = rows[rows["left_out"] == ""].drop(columns="left_out").reset_index(drop=True)
    catalog.attrs["left_out"] = left_out(rows).to_dict()
    return catalog


def left_out(rows: pd.DataFrame) -> pd.Series:
    """Quantas imagens de um levantamento não servem, por motivo.

    Parameters
    ----------
    rows : DataFrame
        O que `survey` devolve.

    Returns
    -------
    Series
        Contagens, com o motivo no índice, da maior para a menor.
    """
    reasons = rows.loc[rows["left_out"] != "", "left_out"].value_counts()
    return reasons.rename_axis("motivo").rename("imagens")


def shareable(rows: pd.DataFrame) -> pd.Series:
    """Quais imagens podem aparecer alteradas numa página publicada.

    Parameters
    ----------
    rows : DataFrame
        Linhas de um catálogo.

    Returns
    -------
    Series, bool
        Verdadeiro para as licenças Creative Commons sem ND, Apache e as dos fantomas.
    """
    licence = rows["licence"].astype(object).fillna("")
    return licence.str.match(r"(CC|Apache)") & ~licence.str.contains("ND")


def read_cohen(folder: Path) -> pd.DataFrame:
    """Lê o leiaute de covid-chestxray-dataset: ``metadata.csv`` e ``images/``.

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
    table = folder / "metadata.csv"
    if not table.is_file():
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nada"
        raise DataError(f"Em {folder} era esperado metadata.csv; foi encontrado: {found}.")
    try:
        metadata = pd.read_csv(table, dtype=str).fillna("")
    except ValueError as error:
        raise DataError(f"A tabela {table} não pôde ser lida ({error}); ela é um CSV?") from error
    needed = {"patientid", "finding", "view", "modality", "filename"}
    if missing := needed - set(metadata.columns):
        raise DataError(f"Em {table} faltam as colunas {sorted(missing)}.")
    if metadata.empty:
        raise DataError(f"A tabela {table} não tem nenhuma linha; era esperada uma por imagem.")
    boxes = _lung_boxes(folder)
    records = []
    for row in metadata.to_dict("records"):
        path = folder / (row.get("folder") or "images") / row["filename"]
        label, reason = classify(row["finding"])
        records.append(
            {
                "path": str(path),
                "label": label,
                "patient": f"cohen-{row['patientid']}",
                "view": row["view"],
                "modality": row["modality"],
                "source": "cohen",
                "licence": row.get("license", ""),
                "lung_boxes": boxes.get(row["filename"]),
                "finding": row["finding"],
                "left_out": _cohen_problem(path, row) or reason,
            }
        )
    return _table(records)


def read_kermany(folder: Path) -> pd.DataFrame:
    """Lê o leiaute de Kermany e colaboradores: ``{train,test}/{NORMAL,PNEUMONIA}/``.

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
    records = []
    for name, label in (("NORMAL", "NORMAL"), ("PNEUMONIA", "OUTRAS")):
        for path in sorted(folder.glob(f"*/{name}/*")):
            if path.name.startswith("."):
                continue  # .DS_Store e semelhantes não são imagens
            number = re.search(r"(?:IM-|person|NORMAL-|BACTERIA-|VIRUS-)(\d+)", path.name)
            records.append(
                {
                    "path": str(path),
                    "label": label,
                    "patient": f"kermany-{name}-{number[1] if number else path.stem}",
                    "view": "AP",
                    "modality": "X-ray",
                    "source": "kermany",
                    "licence": "CC BY 4.0",
                    "finding": name,
                    "left_out": _extension_problem(path),
                }
            )
    if not records:
        raise DataError(
            f"Em {folder} eram esperadas as pastas train/ e test/ com NORMAL/ e PNEUMONIA/ dentro;"
            " nenhuma imagem foi encontrada."
        )
    return _table(records)


def read_class_folders(folder: Path) -> pd.DataFrame:
    """Lê uma pasta com uma subpasta por classe; o nome da subpasta é a classe.

    Sem outra informação, cada imagem conta como um paciente.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    DataFrame
        Uma linha por arquivo.

    Raises
    ------
    DataError
        Se não há subpastas com imagens.
    """
    records = [
        {
            "path": str(path),
            "label": path.parent.name,
            "patient": f"{path.parent.name}-{path.stem}",
            "source": folder.name,
            "modality": "X-ray",
            "left_out": _extension_problem(path),
        }
        for path in sorted(folder.glob("*/*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    if not any(record["left_out"] == "" for record in records):
        found = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nada"
        raise DataError(
            f"Em {folder} eram esperadas as pastas {COHEN}/ ou {KERMANY}/, ou uma subpasta de"
            f" imagens por classe; foi encontrado: {found}."
        )
    return _table(records)


def _table(records: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(records).reindex(columns=COLUMNS)


def _cohen_problem(path: Path, row: dict) -> str:
    if problem := _extension_problem(path):
        return problem
    if row["modality"] != "X-ray":
        return f"não é radiografia ({row['modality']})"
    if row["view"] not in FRONTAL:
        return f"incidência não frontal ({row['view'] or 'não informada'})"
    return ""


def _extension_problem(path: Path) -> str:
    if path.suffix.lower() in EXTENSIONS:
        return ""
    return f"formato que não é imagem ({path.suffix or path.name})"


def _lung_boxes(folder: Path) -> dict[str, list]:
    """As caixas dos pulmões de cada imagem, em frações: já convertidas, ou em pixels, do acervo."""
    ready, original = folder / "lung_boxes.json", folder / LUNG_BOXES
    path = ready if ready.is_file() else original
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
        return content if path == ready else _fractions(content)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"O arquivo {path} não pôde ser lido ({error!r}); era esperado um JSON com as"
            " caixas dos pulmões de cada imagem."
        ) from error


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


def _add_phantom_truth(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Junta ao levantamento o que só um fantoma sabe: a incidência, o modo e as máscaras.

    A incidência que um leiaute supõe (AP em todo Kermany) cede à que foi desenhada.
    """
    table = folder / "phantom.csv"
    relative = rows["path"].map(lambda path: Path(path).relative_to(folder).as_posix())
    rows["synthetic"] = False
    if table.is_file():
        drawn = pd.read_csv(table).set_index("path").reindex(columns=["look", "view"])
        rows["synthetic"] = relative.isin(drawn.index)  # um filme real posto ali continua real
        rows["look"] = relative.map(drawn["look"])
        rows["view"] = relative.map(drawn["view"]).fillna(rows["view"])
        rows["licence"] = rows["licence"].astype(object).mask(rows["synthetic"], "CC0 (fantoma)")
    for kind in ("lungs", "lesions"):
        masks = relative.map(lambda path, kind=kind: folder / "masks" / f"{path}.{kind}.png")
        rows[kind] = masks.map(lambda mask: str(mask) if mask.is_file() else None)
    return rows


def _verify(rows: pd.DataFrame) -> pd.DataFrame:
    """Mede as imagens que ainda servem e anota as que faltam ou não se leem até o fim."""
    paths = rows.loc[rows["left_out"] == "", "path"]
    sizes = joblib.Parallel(n_jobs=-1, prefer="threads")(joblib.delayed(measure)(p) for p in paths)
    rows[["width", "height", "mode"]] = pd.DataFrame(
        sizes, index=paths.index, columns=["width", "height", "mode"]
    ).reindex(rows.index)
    broken = paths[rows.loc[paths.index, "width"] == 0]
    exists = broken.map(os.path.exists).astype(bool)
    rows.loc[broken[exists].index, "left_out"] = "arquivo ilegível"
    rows.loc[broken[~exists].index, "left_out"] = "arquivo ausente"
    return rows
