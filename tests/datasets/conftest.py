"""Acervos minúsculos, nos leiautes públicos e com os problemas deles."""

import pandas as pd
import pytest
from tiny_archives import COHEN, KERMANY, film


@pytest.fixture
def cohen(tmp_path):
    folder = tmp_path / "covid-chestxray-dataset"
    names = ["patientid", "finding", "view", "modality", "filename", "license"]
    table = pd.DataFrame(COHEN, columns=names).assign(folder="images")
    for k, name in enumerate(table["filename"]):
        if name.endswith(".gz"):
            (folder / "images" / name).write_bytes(b"volume")
        elif name != "absent.png":
            film(folder / "images" / name, 90 + k, mode="RGB" if name == "b.jpg" else "L")
    cut = folder / "images" / "cut.png"
    cut.write_bytes(cut.read_bytes()[:45])
    table.to_csv(folder / "metadata.csv", index=False)
    return folder


@pytest.fixture
def kermany(tmp_path):
    folder = tmp_path / "chest_xray"
    for k, name in enumerate(KERMANY):
        film(folder / name, value=150 + k, size=(30, 22))
    (folder / "train/NORMAL/.DS_Store").write_bytes(b"x")
    (folder / "train/NORMAL/Thumbs.db").write_bytes(b"x")
    return folder


@pytest.fixture
def class_folders(tmp_path):
    """Duas classes de três filmes constantes de vários tamanhos."""
    folder = tmp_path / "filmes"
    for label, value in (("sim", 40), ("não", 200)):
        for k in range(3):
            film(folder / label / f"{k}.png", value + k, size=(20 + 5 * k, 30))
    return folder
