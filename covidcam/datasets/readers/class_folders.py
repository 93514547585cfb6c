"""Uma pasta com uma subpasta por classe: o leiaute de quem tem os seus próprios filmes."""

import os
from pathlib import Path

import pandas as pd

from covidcam.datasets.findings import CLASSES
from covidcam.datasets.images import EXTENSIONS
from covidcam.datasets.patients import from_names
from covidcam.datasets.readers.cohen import COHEN
from covidcam.datasets.readers.kermany import KERMANY
from covidcam.datasets.readers.rows import format_problem, is_leftover, table, walk
from covidcam.datasets.tables import identifier, printable
from covidcam.errors import DataError, reason

# subpastas que repartem as classes, e não são uma
SPLITS = {"train", "test", "val", "valid", "validation", "treino", "teste", "validação"}
# dentro de uma classe: onde estão os filmes, e o que não é filme
FILMS, MASKS = {"images", "imagens", "image", *SPLITS}, {"masks", "mask", "máscaras", "mascaras"}


def read_class_folders(folder: Path) -> pd.DataFrame:
    """Lê uma pasta com uma subpasta por classe; o nome da subpasta é a classe.

    As classes do livro podem estar em minúsculas, e as subpastas, repartidas em ``train/`` e
    ``test/``. O paciente é o que os nomes de um acervo conhecido dizem, ou a subpasta da classe em
    que a imagem está; quando nada o diz, cada imagem conta como um, e ``patient_from`` fica vazio.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    DataFrame
        Uma linha por arquivo, a qualquer profundidade.

    Raises
    ------
    DataError
        Se não há subpastas com imagens.
    """
    records = []
    spelt = {label.casefold(): label for label in CLASSES}
    for group in _class_folders(folder):
        name = printable(group.name)
        label = spelt.setdefault(name.casefold(), name)
        for path, problem in walk(group):
            records.append(_record(path, group, label, folder, problem or format_problem(path)))
    for path in sorted(folder.iterdir()):
        if path.is_file() and not is_leftover(path.name) and not format_problem(path):
            records.append(
                {"path": str(path), "left_out": "imagem fora das pastas das classes"}
                | {"source": folder.name}
            )
    if not any(record["left_out"] == "" for record in records):
        found = ", ".join(printable(path.name) for path in sorted(folder.iterdir())[:10]) or "nada"
        raise DataError(
            f"Em {folder} eram esperadas as pastas {COHEN}/ ou {KERMANY}/, as tabelas do NIH ou da"
            f" RSNA, ou uma subpasta de imagens ({', '.join(EXTENSIONS)}) por classe; foi"
            f" encontrado: {found}."
        )
    return table(records)


def _class_folders(folder: Path) -> list[Path]:
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise DataError(f"A pasta {folder} não pôde ser lida: {reason(error)}.") from error
    inner = [p for p in inner if not is_leftover(p.name) and p.name.casefold() not in MASKS]
    if inner and all(path.name.casefold() in SPLITS for path in inner):
        return [group for path in inner for group in _class_folders(path)]
    return inner


def _record(path, group, label, folder, problem):
    relative = path.relative_to(group).as_posix()
    inner = [part for part in Path(relative).parts[:-1] if part.casefold() not in FILMS]
    if any(part.casefold() in MASKS for part in inner):
        problem = problem or "máscara, e não filme"
    known = from_names(relative, label)
    if not known and inner:
        known = f"pasta-{identifier(inner[0])}", "uma subpasta por paciente"
    patient, origin = known or (f"{group.relative_to(folder).as_posix()}-{relative}", "")
    return {
        "path": str(path),
        "label": label,
        "patient": os.path.splitext(patient)[0] if not origin else patient,
        "patient_from": origin,
        "source": folder.name,
        "modality": "X-ray",
        "left_out": problem,
    }
