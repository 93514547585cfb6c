"""Uma imagem é o seu conteúdo: cópias, repetições, quase iguais."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covidcam import phantom
from covidcam.datasets import load_catalog, survey
from covidcam.datasets.identity import ALIKE, alike, look, measure
from covidcam.errors import DataError


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Seis fantomas de pessoas diferentes, três por classe."""
    folder = tmp_path_factory.mktemp("fantomas")
    for seed in range(6):
        label = ("COVID-19", "NORMAL")[seed % 2]
        (folder / label).mkdir(exist_ok=True)
        image = phantom.radiograph(seed, label, size=256).image
        Image.fromarray(image).save(folder / label / f"{seed}.png")
    return folder


@pytest.fixture
def folder(films, tmp_path):
    shutil.copytree(films, tmp_path / "filmes")
    return tmp_path / "filmes"


def test_different_films_are_different(folder):
    catalog = load_catalog(folder)
    assert len(catalog) == 6 and catalog.attrs["left_out"] == {} and catalog.attrs["notes"] == []


def test_an_exact_copy_is_left_out_and_named(folder, caplog):
    shutil.copy(folder / "NORMAL" / "1.png", folder / "NORMAL" / "outro nome.png")
    catalog = load_catalog(folder)
    assert catalog.attrs["left_out"] == {"cópia exata de outra imagem": 1}
    assert "NORMAL/outro nome.png" in caplog.text and len(catalog) == 6


def test_a_copy_across_classes_is_refused_and_named(folder):
    shutil.copy(folder / "NORMAL" / "1.png", folder / "COVID-19" / "x.png")
    with pytest.raises(DataError, match=r"COVID-19/x\.png, NORMAL/1\.png"):
        load_catalog(folder)
    reasons = survey(folder)["left_out"]  # o levantamento conta as duas
    assert (reasons == "a mesma imagem em classes diferentes").sum() == 2


def test_copies_make_of_two_patients_one(folder):
    for k in (0, 2, 4):
        (folder / "COVID-19" / f"{k}.png").rename(folder / "COVID-19" / f"0000000{k}_000.png")
    shutil.copy(folder / "COVID-19" / "00000000_000.png", folder / "COVID-19" / "00000009_000.png")
    shutil.copy(folder / "COVID-19" / "00000002_000.png", folder / "COVID-19" / "00000002_001.png")
    shutil.move(folder / "COVID-19" / "00000004_000.png", folder / "COVID-19" / "00000009_001.png")
    catalog = load_catalog(folder)
    covid = catalog[catalog["label"] == "COVID-19"]
    assert len(covid) == 3  # 00000009_001 é da mesma pessoa que 00000000_000
    assert covid["patient"].tolist() == ["nih-00000000", "nih-00000002", "nih-00000000"]
    assert any("contam como um" in note for note in catalog.attrs["notes"])


def test_repeated_rows_count_once_and_two_labels_are_refused(tmp_path):
    folder = tmp_path / "covid-chestxray-dataset"
    (folder / "images").mkdir(parents=True)
    for k, name in enumerate(("a.png", "b.png")):
        Image.new("L", (24, 20), 90 + k).save(folder / "images" / name)
    names = ["patientid", "finding", "view", "modality", "filename"]
    rows = [
        ("1", "COVID-19", "PA", "X-ray", "a.png"),
        ("1", "COVID-19", "PA", "X-ray", "a.png"),
        ("2", "No Finding", "PA", "X-ray", "b.png"),
    ]
    pd.DataFrame(rows, columns=names).to_csv(folder / "metadata.csv", index=False)
    catalog = load_catalog(tmp_path)
    assert catalog["label"].tolist() == ["COVID-19", "NORMAL"]
    assert catalog.attrs["left_out"] == {"linha repetida": 1}
    rows[1] = ("1", "No Finding", "PA", "X-ray", "a.png")
    pd.DataFrame(rows, columns=names).to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(DataError, match="classes diferentes"):
        load_catalog(tmp_path)


CHANGES = {
    "reduzida": lambda image: image.resize((140, 140)),
    "ampliada": lambda image: image.resize((500, 500)),
    "mais clara": lambda image: image.point(lambda value: value * 0.8 + 30),
    "recomprimida": lambda image: image,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_that_was_edited_is_told(folder, name, caplog):
    image = Image.open(folder / "NORMAL" / "1.png").convert("L")
    CHANGES[name](image).save(folder / "NORMAL" / "outro.jpg", quality=60)
    catalog = load_catalog(folder)
    assert len(catalog) == 7
    assert catalog.attrs["notes"] == ["imagens quase iguais: NORMAL/1.png, NORMAL/outro.jpg"]
    assert "quase iguais" in caplog.text


def test_alike_agrees_with_counting_bits():
    random = np.random.default_rng(0)
    looks = random.integers(0, 256, (40, 32), dtype=np.uint8)
    looks[7] = looks[30] ^ np.array([0b111] + [0] * 30 + [1], np.uint8)
    looks[8] = looks[31] ^ np.array([255, 0b111] + [0] * 30, np.uint8)  # 11 bits: longe demais
    bits = np.unpackbits(looks, axis=1).astype(int)
    expected = [
        (i, j)
        for i in range(40)
        for j in range(i + 1, 40)
        if np.abs(bits[i] - bits[j]).sum() <= ALIKE
    ]
    assert expected == [(7, 30)]
    assert list(alike([one.tobytes() for one in looks])) == expected
    assert list(alike([b"", b""])) == [] == list(alike([]))


def test_a_deep_film_looks_like_its_eight_bits(folder, tmp_path):
    image = np.asarray(Image.open(folder / "NORMAL" / "1.png").convert("L"))
    Image.fromarray(image.astype(np.uint16) * 16).save(tmp_path / "a.png")
    pair = [measure(folder / "NORMAL" / "1.png").look, measure(tmp_path / "a.png").look]
    assert list(alike(pair)) == [(0, 1)]
    assert look(Image.new("L", (50, 50), 9)) == b""


def test_the_content_is_what_sha256_says(tmp_path):
    Image.new("L", (4, 4), 9).save(tmp_path / "a.png")
    import hashlib

    expected = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert measure(tmp_path / "a.png").content == expected
