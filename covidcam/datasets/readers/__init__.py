"""Um leitor por acervo, todos com as mesmas colunas.

Um acervo novo é uma função que, da sua pasta, faz uma linha por imagem (`rows.table` as arruma) e
uma linha em `READERS`.
"""

from covidcam.datasets.readers.class_folders import read_class_folders
from covidcam.datasets.readers.cohen import COHEN, FRONTAL, LUNG_BOXES, read_cohen
from covidcam.datasets.readers.kermany import KERMANY, read_kermany
from covidcam.datasets.readers.nih import read_nih
from covidcam.datasets.readers.rows import COLUMNS
from covidcam.datasets.readers.rsna import read_rsna

# O nome da pasta de um acervo, ou o de um arquivo que só ele tem.
READERS = {
    COHEN: read_cohen,
    KERMANY: read_kermany,
    "Data_Entry_2017.csv": read_nih,
    "stage_2_train_labels.csv": read_rsna,
}

__all__ = [
    "COHEN",
    "COLUMNS",
    "FRONTAL",
    "KERMANY",
    "LUNG_BOXES",
    "READERS",
    "read_class_folders",
    "read_cohen",
    "read_kermany",
    "read_nih",
    "read_rsna",
]
