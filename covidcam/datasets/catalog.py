"""Pastas com os leiautes dos acervos públicos -> um catálogo, uma linha por imagem.

Cada acervo tem um leitor (`covidcam.datasets.readers`) que devolve as mesmas colunas; `survey`
junta os que encontra na pasta. Nada é descartado em silêncio: o que não serve fica no levantamento,
com o motivo em ``left_out``.
"""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import joblib
import pandas as pd

from covidcam.datasets import patients
from covidcam.datasets.identity import alike, measure
from covidcam.datasets.images import EXTENSIONS
from covidcam.datasets.readers import COHEN, FRONTAL, READERS, read_class_folders
from covidcam.datasets.tables import printable, read_table, shortened
from covidcam.errors import DataError, reason

__all__ = ["EXTENSIONS", "FRONTAL", "left_out", "load_catalog", "shareable", "survey", "usable"]
BOTH_CLASSES = "a mesma imagem em classes diferentes"
EXAMPLES = 3  # nomes que se dão de cada coisa que se diz


def load_catalog(folder: str | os.PathLike, patient: str | None = None) -> pd.DataFrame:
    """Cataloga as imagens utilizáveis de uma pasta de dados.

    O que fica de fora é contado por motivo em ``catalog.attrs["left_out"]``. De onde se soube de
    quem é cada imagem está em ``catalog.attrs["patients"]``: None quando de alguma não se sabe, e
    então se fala de imagens, não de pacientes. O que há de estranho está em
    ``catalog.attrs["notes"]``, em frases: contradições, imagens quase iguais. Tudo isso vai também
    para o registro (``logging``).

    Parameters
    ----------
    folder : path-like
        Uma pasta com um ou mais acervos (`covidcam.datasets.readers.READERS`), ou a de um deles; ou
        uma pasta com uma subpasta de imagens por classe.
    patient : str, optional
        Como achar de quem é cada imagem: um padrão com um grupo, procurado no caminho a partir da
        pasta, ou ``"tabela.csv:coluna"``. Por padrão, o que cada leiaute diz.

    Returns
    -------
    DataFrame
        Uma linha por imagem: path, label, patient, patient_from (de onde se soube dele; vazio
        quando não se sabe), sex ("F", "M" ou vazio), age (anos), view, modality, source, look,
        licence, synthetic (se é um fantoma), lungs (máscara, onde existe), lesions (o caminho da
        máscara, ou as caixas (n, 4) em frações, onde existem), lung_boxes ((2, 4) em frações, onde
        existem), finding, width, height, mode.

    Raises
    ------
    DataError
        Se a pasta não existe, está vazia ou não segue nenhum dos leiautes; se nada nela serve; se a
        mesma imagem está em duas classes.
    InputError
        Se ``patient`` não é nem um padrão nem uma coluna.

    Examples
    --------
    >>> load_catalog("pasta-que-nao-existe")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    covidcam.errors.DataError: A pasta de dados pasta-que-nao-existe não existe; ...
    """
    rows = survey(folder, patient)
    if len(both := rows[rows["left_out"] == BOTH_CLASSES]):
        raise DataError(
            f"Em {folder} há {len(both)} arquivos com a mesma imagem em classes diferentes:"
            f" {_examples(both)}. Fique com um de cada."
        )
    counts = left_out(rows)
    listing = "; ".join(
        f"{motive}: {count} ({_examples(rows[rows['left_out'] == motive])})"
        for motive, count in counts.items()
    )
    catalog = usable(rows)
    if catalog.empty:
        raise DataError(f"Em {folder} nenhuma imagem serve: {listing}.")
    logger = logging.getLogger(__name__)
    if listing:
        logger.warning("Imagens deixadas de fora: %s.", listing)
    for note in catalog.attrs["notes"]:
        logger.warning("Atenção: %s.", note)
    return catalog


def survey(folder: str | os.PathLike, patient: str | None = None) -> pd.DataFrame:
    """O levantamento inteiro de uma pasta de dados, com o que serve e o que não serve.

    Parameters
    ----------
    folder, patient
        Como em `load_catalog`.

    Returns
    -------
    DataFrame
        As colunas de `load_catalog` e ``left_out``: o motivo de a imagem não servir, ou vazio.

    Raises
    ------
    DataError, InputError
        Como em `load_catalog`, menos pela mesma imagem em duas classes: aqui, ficam de fora.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"A pasta de dados {folder} não existe; “covidcam dados baixar” busca os acervos."
        )
    found = [read(path) for path, read in _archives(folder)]
    rows = pd.concat(found, ignore_index=True) if found else read_class_folders(folder)
    if patient is not None:
        rows = patients.assign(rows, folder, patient)
    rows, measured = _verify(_add_phantom_truth(rows, folder))
    rows, notes = _without_copies(rows, measured)
    good = rows[rows["left_out"] == ""]
    rows.attrs["notes"] = [*notes, *_few(patients.contradictions(good))]
    return rows


def usable(rows: pd.DataFrame) -> pd.DataFrame:
    """As linhas de um levantamento que servem, com a contagem do resto em ``attrs``.

    Parameters
    ----------
    rows : DataFrame
        O que `survey` devolve.

    Returns
    -------
    DataFrame
        Com left_out, patients e notes em ``attrs``, como em `load_catalog`.
    """
    catalog = rows[rows["left_out"] == ""].drop(columns="left_out").reset_index(drop=True)
    origins = list(dict.fromkeys(catalog["patient_from"]))
    catalog.attrs["left_out"] = left_out(rows).to_dict()
    catalog.attrs["patients"] = "; ".join(origins) if all(origins) else None
    catalog.attrs["notes"] = rows.attrs.get("notes", [])
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


def _archives(folder: Path) -> list[tuple[Path, Callable]]:
    """Os acervos que há numa pasta, ou ela própria, e quem lê cada um."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise DataError(f"A pasta {folder} não pôde ser lida: {reason(error)}.") from error
    found = [
        (path, read)
        for mark, read in READERS.items()
        for path in (folder, *inside)
        if _plain(path) == mark or (path / mark).is_file()
    ]
    if not found and (folder / "metadata.csv").is_file() and (folder / "images").is_dir():
        found = [(folder, READERS[COHEN])]  # o acervo numa pasta com outro nome
    return found


def _plain(path: Path) -> str:
    """O nome da pasta de um acervo, sem o que o GitHub lhe acrescenta."""
    return re.sub(r"-(?:master|main|[0-9a-f]{40})$", "", os.path.basename(os.path.abspath(path)))


def _add_phantom_truth(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Junta ao levantamento o que só um fantoma sabe: a incidência, o modo e as máscaras.

    A incidência que um leiaute supõe (AP em todo Kermany) cede à que foi desenhada.
    """
    table = folder / "phantom.csv"
    relative = rows["path"].map(lambda path: Path(path).relative_to(folder).as_posix())
    rows["synthetic"] = False
    if table.is_file():
        drawn = read_table(table, {"path", "look"}).drop_duplicates("path").set_index("path")
        drawn = drawn.reindex(columns=["look", "view"])
        rows["synthetic"] = relative.isin(drawn.index)  # um filme real posto ali continua real
        rows["look"] = relative.map(drawn["look"])
        rows["view"] = relative.map(drawn["view"]).fillna(rows["view"])
        rows["licence"] = rows["licence"].astype(object).mask(rows["synthetic"], "CC0 (fantoma)")
    for kind in ("lungs", "lesions"):
        masks = relative.map(lambda path, kind=kind: folder / "masks" / f"{path}.{kind}.png")
        drawn = masks.map(lambda mask: str(mask) if os.path.isfile(mask) else None).astype(object)
        rows[kind] = rows[kind].astype(object).where(drawn.isna(), drawn)
    return rows


def _verify(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Mede as imagens que ainda servem, cada arquivo uma vez, e anota as que não se leem."""
    paths = rows.loc[rows["left_out"] == "", "path"]
    each = paths.drop_duplicates()
    found = joblib.Parallel(n_jobs=-1, prefer="threads")(joblib.delayed(measure)(p) for p in each)
    by_path = dict(zip(each, found, strict=True))
    measured = paths.map(by_path.get)
    rows[["width", "height", "mode"]] = pd.DataFrame(
        [one[:3] for one in measured], index=paths.index, columns=["width", "height", "mode"]
    ).reindex(rows.index)
    rows.loc[paths.index, "left_out"] = [one.problem for one in measured]
    return rows, measured[[not one.problem for one in measured]]


def _without_copies(rows: pd.DataFrame, measured: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """Deixa uma de cada imagem, que é o seu conteúdo; diz o que as cópias contam dos pacientes.

    Uma imagem em duas classes não é de nenhuma. Dois pacientes com a mesma imagem são um: juntar
    duas pessoas a mais não faz mal; separar uma em duas seria um vazamento.
    """
    notes = []
    content = measured.map(lambda one: one.content)
    for _, group in rows.loc[measured.index].groupby(content, sort=False):
        if len(group) == 1:
            continue
        if group["label"].nunique() > 1:
            rows.loc[group.index, "left_out"] = BOTH_CLASSES
            continue
        others = group.index[1:]
        same_path = group["path"] == group["path"].iloc[0]
        rows.loc[others, "left_out"] = [
            "linha repetida" if same_path[i] else "cópia exata de outra imagem" for i in others
        ]
        if group.loc[others, "patient_from"].all() and group["patient"].nunique() > 1:
            names = list(group["patient"].unique())
            notes.append(f"{_examples(group)} são a mesma imagem: os pacientes contam como um")
            rows["patient"] = rows["patient"].where(~rows["patient"].isin(names), names[0])
    left = measured[rows.loc[measured.index, "left_out"] == ""]
    for one, other in alike([one.look for one in left]):
        pair = rows.loc[[left.index[one], left.index[other]]]
        if pair["patient"].nunique() > 1:
            notes.append(f"imagens quase iguais: {_examples(pair)}")
    return rows, _few(notes)


def _examples(rows: pd.DataFrame) -> str:
    """Os nomes dos primeiros arquivos de umas linhas."""
    names = [shortened(printable("/".join(Path(path).parts[-2:]))) for path in rows["path"]]
    more = "…" if len(names) > EXAMPLES else ""
    return ", ".join(names[:EXAMPLES]) + more


def _few(notes: list[str]) -> list[str]:
    """As primeiras frases, e quantas mais há."""
    most = 10
    return notes[:most] + [f"e mais {len(notes) - most} como estas"] * (len(notes) > most)
