"""Um catálogo -> ``X_Train.npy`` e ``Y_Train.npy``, como em 2020, e a tabela de suas linhas."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from covidcam import progress
from covidcam.datasets.findings import CLASSES
from covidcam.datasets.images import SIDE, read_image
from covidcam.errors import DataError

BATCH = 32  # imagens na memória de cada vez


@dataclass(frozen=True)
class Arrays:
    """As imagens e os rótulos, com a linha do catálogo de cada um.

    Attributes
    ----------
    X : ndarray, uint8 (N, side, side, 3)
        Mapeado do disco, só para leitura.
    Y : ndarray, uint8 (N, classes)
        Um em cada linha, na coluna da classe.
    rows : DataFrame
        N linhas do catálogo, na mesma ordem.
    classes : tuple of str
        Na ordem das colunas de Y.
    folder : Path
        Onde estão os arquivos.
    """

    X: np.ndarray
    Y: np.ndarray
    rows: pd.DataFrame
    classes: tuple[str, ...]
    folder: Path

    @property
    def key(self) -> str:
        """O nome da pasta, que no depósito é a chave do artefato."""
        return self.folder.name

    @property
    def labels(self) -> np.ndarray:
        """A classe de cada imagem, a coluna de Y em que está o um, int (N,)."""
        return self.Y.argmax(axis=1)

    @property
    def patients(self) -> np.ndarray:
        """O paciente de cada imagem, (N,)."""
        return self.rows["patient"].to_numpy()


def prepare(
    catalog: pd.DataFrame,
    folder: str | os.PathLike,
    classes: Sequence[str] = CLASSES,
    side: int = SIDE,
) -> Arrays:
    """Converte as imagens de um catálogo para os arrays do treino, escritos em disco.

    As imagens passam pela memória em lotes pequenos, de modo que ela não cresce com N. Os três
    arquivos (``X_Train.npy``, ``Y_Train.npy``, ``rows.csv``) só aparecem quando estão completos.

    Parameters
    ----------
    catalog : DataFrame
        Com as colunas path e label, como o de `load_catalog`.
    folder : path-like
        Onde escrever; é criada se não existe.
    classes : sequence of str
        As classes, na ordem das colunas; linhas de outras classes não entram.
    side : int
        Lado das imagens, em pixels.

    Returns
    -------
    Arrays

    Raises
    ------
    DataError
        Se uma classe não tem imagem nenhuma, ou se uma imagem não pode ser lida.
    """
    rows = catalog[catalog["label"].isin(classes)].reset_index(drop=True)
    if absent := [label for label in classes if label not in set(rows["label"])]:
        raise DataError(
            f"O catálogo não tem imagens de {absent}; as classes que ele tem são"
            f" {sorted(set(catalog['label']))}."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    finals = [folder / name for name in ("X_Train.npy", "Y_Train.npy", "rows.csv")]
    partials = [path.with_name(path.name + ".partial") for path in finals]
    try:
        _write_images(partials[0], rows["path"], side)
        with open(partials[1], "wb") as file:
            np.save(file, one_hot(rows["label"], classes))
        rows.to_csv(partials[2], index=False)
        for partial, final in zip(partials, finals, strict=True):
            os.replace(partial, final)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
    return load(folder, classes)


def load(folder: str | os.PathLike, classes: Sequence[str] = CLASSES) -> Arrays:
    """Abre os arrays que `prepare` escreveu, sem trazê-los à memória.

    Parameters
    ----------
    folder : path-like
    classes : sequence of str
        As mesmas, na mesma ordem, dadas a `prepare`.

    Returns
    -------
    Arrays

    Raises
    ------
    DataError
        Se falta um dos arquivos.
    """
    folder = Path(folder)
    for name in ("X_Train.npy", "Y_Train.npy", "rows.csv"):
        if not (folder / name).is_file():
            raise DataError(f"Em {folder} era esperado {name}, que covidcam.datasets.prepare faz.")
    return Arrays(
        X=np.load(folder / "X_Train.npy", mmap_mode="r"),
        Y=np.load(folder / "Y_Train.npy"),
        rows=_read_rows(folder / "rows.csv"),
        classes=tuple(classes),
        folder=folder,
    )


def one_hot(labels: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Uma coluna por classe, com um na da imagem.

    Parameters
    ----------
    labels : sequence of str (N,)
    classes : sequence of str

    Returns
    -------
    ndarray, uint8 (N, classes)

    Examples
    --------
    >>> one_hot(["NORMAL", "COVID-19"], ["COVID-19", "NORMAL"]).tolist()
    [[0, 1], [1, 0]]
    """
    return (np.asarray(labels, str)[:, None] == np.asarray(classes, str)).astype(np.uint8)


def _read_rows(path: Path) -> pd.DataFrame:
    texts = dict.fromkeys(
        ("label", "patient", "patient_from", "sex", "look", "view", "lungs", "lesions"), str
    )
    # só o vazio é ausente: “None” e “NA” podem ser classes, e “0” não é um número
    rows = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    for kind in {"lung_boxes", "lesions"} & set(rows):  # caixas por valor; caminhos como estão
        rows[kind] = rows[kind].map(
            lambda cell: json.loads(cell) if str(cell).startswith("[[") else cell,
            na_action="ignore",
        )
    for kind in {"patient_from", "sex"} & set(rows):
        rows[kind] = rows[kind].fillna("")
    return rows


def _write_images(path: Path, images: pd.Series, side: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(images), side, side, 3)}
    read = joblib.delayed(read_image)
    batches = range(0, len(images), BATCH)
    with open(path, "wb") as file, joblib.Parallel(n_jobs=-1, prefer="threads") as parallel:
        np.lib.format.write_array_header_1_0(file, header)
        for start in progress.bar(batches, desc="Preparando imagens"):
            for image in parallel(read(name, side) for name in images[start : start + BATCH]):
                file.write(image.tobytes())
