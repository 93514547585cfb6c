"""As pastas que as pessoas têm: subpastas, restos de sistemas, DICOM, nomes noutra caixa."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_archives import film
from tiny_dicom import dicom

from covidcam.datasets import load_catalog, prepare, respell, survey
from covidcam.errors import DataError


def fill(folder, *names):
    for k, name in enumerate(names):
        film(folder / name, 10 + k)
    return folder


def test_a_folder_of_dicoms_per_class_is_read(tmp_path):
    for k, name in enumerate(
        ("COVID-19/1.2.840.1", "COVID-19/IM2", "NORMAL/a.dcm", "NORMAL/b.IMA")
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.arange(600, dtype=np.uint16).reshape(20, 30) * (k + 1)
        pixels[k] = 0
        (tmp_path / name).write_bytes(dicom(pixels))
    catalog = load_catalog(tmp_path)
    assert catalog["label"].tolist() == ["COVID-19"] * 2 + ["NORMAL"] * 2
    assert set(catalog["mode"]) == {"DICOM"} and set(catalog["width"]) == {30}
    arrays = prepare(catalog, tmp_path / "arrays", ("COVID-19", "NORMAL"), side=8)
    assert arrays.X.shape == (4, 8, 8, 3) and arrays.X.std() > 0


def test_leftovers_of_systems_are_no_classes(tmp_path):
    fill(tmp_path, "a/1.png", "b/2.png", "__MACOSX/3.png", ".ipynb_checkpoints/4.png",
         "a/.ipynb_checkpoints/1-checkpoint.png", "a/__MACOSX/5.png", "masks/6.png")  # fmt: skip
    rows = survey(tmp_path)
    assert rows["label"].tolist() == ["a", "b"] and (rows["left_out"] == "").all()


def test_the_classes_of_the_book_may_be_written_otherwise(tmp_path):
    catalog = load_catalog(
        fill(tmp_path, "covid-19/1.png", "Normal/2.png", "outras/3.png", "x/4.png")
    )
    assert set(catalog["label"]) == {"COVID-19", "NORMAL", "OUTRAS", "x"}
    assert respell(pd.Series(["X", "y"]), ["x"]).tolist() == ["x", "y"]


def test_two_spellings_of_a_class_are_one(tmp_path):
    catalog = load_catalog(fill(tmp_path, "Sim/1.png", "sim/2.png", "não/3.png"))
    assert catalog["label"].value_counts().to_dict() == {"Sim": 2, "não": 1}


def test_classes_inside_train_and_test_are_the_classes(tmp_path):
    names = ("train/a/1.png", "train/b/2.png", "test/a/3.png", "val/b/4.png")
    catalog = load_catalog(fill(tmp_path, *names))
    assert catalog["label"].value_counts().to_dict() == {"a": 2, "b": 2}


def test_masks_beside_the_films_are_no_films(tmp_path):
    names = ("COVID/images/1.png", "COVID/masks/1.png", "Normal/images/2.png", "Normal/masks/2.png")
    catalog = load_catalog(fill(tmp_path, *names))
    assert [Path(path).parts[-2] for path in catalog["path"]] == ["images", "images"]
    assert catalog.attrs["left_out"] == {"máscara, e não filme": 2}
    assert catalog.attrs["patients"] is None  # images/ não é o nome de ninguém


def test_whatever_is_left_out_is_counted_and_named(tmp_path, caplog):
    fill(tmp_path, "a/1.png", "b/2.jfif", "b/deep/er/3.png", "solta.png")
    (tmp_path / "a" / "notas.txt").write_text("x")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "a" / "cortada.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    catalog = load_catalog(tmp_path)
    assert len(catalog) == 3
    assert catalog.attrs["left_out"] == {
        "formato que não é imagem (.txt)": 1,
        "formato que não é imagem (.db)": 1,
        "arquivo ilegível": 1,
        "imagem fora das pastas das classes": 1,
    }
    for name in ("a/notas.txt", "a/Thumbs.db", "a/cortada.png", "solta.png"):
        assert name in caplog.text


def test_a_linked_folder_is_read_once_and_a_circle_ends(tmp_path):
    fill(tmp_path / "longe", "1.png", "2.png")
    (tmp_path / "filmes" / "b").mkdir(parents=True)
    film(tmp_path / "filmes" / "b" / "3.png", 77)
    (tmp_path / "filmes" / "a").symlink_to(tmp_path / "longe")
    film(tmp_path / "filmes" / "b" / "4.png", 99)
    (tmp_path / "filmes" / "b" / "volta").symlink_to(tmp_path / "filmes" / "b")
    rows = survey(tmp_path / "filmes")
    assert rows["label"].tolist() == ["a", "a", "b", "b"] and (rows["left_out"] == "").all()


@pytest.mark.parametrize("whole", [False, True])
def test_a_folder_without_permission_is_told_as_such(tmp_path, monkeypatch, whole, caplog):
    fill(tmp_path, "a/1.png", "b/2.png", "b/fechada/3.png")
    closed = tmp_path if whole else tmp_path / "b" / "fechada"
    scan = os.scandir

    def refuse(path=".", *rest):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path, *rest)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", lambda path: [entry.name for entry in refuse(path)])
    if whole:
        with pytest.raises(DataError, match="falta permissão"):
            load_catalog(tmp_path)
    else:
        assert load_catalog(tmp_path).attrs["left_out"] == {"pasta sem permissão de leitura": 1}
        assert "b/fechada" in caplog.text


def test_a_folder_in_which_nothing_serves_is_refused_with_the_reasons(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_text("não sou uma imagem")
    with pytest.raises(DataError, match=r"nenhuma imagem serve: arquivo ilegível: 1 \(a/x\.png\)"):
        load_catalog(tmp_path)


def test_the_own_folder_of_kermany_serves_as_its_parent_does(kermany, tmp_path):
    own, parent = load_catalog(kermany), load_catalog(tmp_path)
    pd.testing.assert_frame_equal(own, parent)
    assert own.attrs["patients"] == "nomes de Kermany e colaboradores"


def test_a_name_with_an_escape_does_not_reach_the_terminal(tmp_path, caplog):
    fill(tmp_path, "a\x1b[31m/1.png", "b/2.png")
    (tmp_path / "b" / "x\x1b[2J.txt").write_text("x")
    catalog = load_catalog(tmp_path)
    assert catalog["label"].tolist() == ["a [31m", "b"] and "\x1b" not in caplog.text
