"""Acervos com achados e caixas em tabelas: NIH ChestX-ray14 e RSNA, com valores feitos à mão."""

import numpy as np
import pandas as pd
import pytest
from tiny_archives import film
from tiny_dicom import dicom

from covidcam.datasets import load_catalog, prepare, read_masks, survey
from covidcam.datasets.readers import COLUMNS, READERS
from covidcam.errors import DataError

ENTRIES = """Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender,View Position
00000013_000.png,Pneumonia|Infiltration,13,060Y,M,PA
00000013_001.png,No Finding,13,061Y,M,AP
00000020_000.png,No Finding,20,030Y,F,PA
00000021_000.png,Hernia,21,081Y,F,PA
00000022_000.png,No Finding,22,044Y,F,LL
00000023_000.png,No Finding,23,044Y,F,PA
"""
BOXES = """Image Index,Finding Label,Bbox [x,y,w,h],,,
00000013_000.png,Pneumonia,256,512,256,128,,,
00000013_000.png,Infiltrate,0,0,102.4,1024,,,
"""


@pytest.fixture
def nih(tmp_path):
    folder = tmp_path / "nih"
    for k in (13, 20, 21, 22):
        film(folder / f"images_{k:03d}" / "images" / f"{k:08d}_000.png", k)
    film(folder / "images_013" / "images" / "00000013_001.png", 99)
    (folder / "Data_Entry_2017.csv").write_text(ENTRIES)
    (folder / "BBox_List_2017.csv").write_text(BOXES)
    return folder


def test_the_nih_has_patients_sexes_ages_and_boxes(nih, tmp_path):
    catalog = load_catalog(tmp_path)
    facts = catalog[["label", "patient", "sex", "age", "view"]].to_dict("split")["data"]
    assert facts == [
        ["OUTRAS", "nih-13", "M", 60.0, "PA"],
        ["NORMAL", "nih-13", "M", 61.0, "AP"],
        ["NORMAL", "nih-20", "F", 30.0, "PA"],
    ]
    assert catalog.attrs["left_out"] == {
        "achado fora das classes: Hernia": 1,
        "incidência não frontal (LL)": 1,
        "arquivo ausente": 1,
    }
    assert catalog["lesions"].tolist()[0] == [[0.25, 0.5, 0.5, 0.625], [0.0, 0.0, 0.1, 1.0]]
    assert catalog["lesions"].isna().tolist() == [False, True, True]
    assert catalog.attrs["patients"] == "coluna Patient ID de Data_Entry_2017.csv"
    pd.testing.assert_frame_equal(load_catalog(nih), catalog)  # a própria pasta do acervo


def test_boxes_by_value_become_masks_and_survive_the_disk(nih, tmp_path):
    arrays = prepare(load_catalog(nih), tmp_path / "arrays", ("NORMAL", "OUTRAS"), side=8)
    masks = read_masks(arrays.rows, "lesions", side=40)
    expected = np.zeros((3, 40, 40), bool)
    expected[0, 20:25, 10:20] = expected[0, :, :4] = True
    np.testing.assert_array_equal(masks, expected)
    assert arrays.rows["age"].tolist() == [60, 61, 30] and arrays.rows["sex"].tolist() == list(
        "MMF"
    )


def test_strange_tables_of_the_nih_are_refused_by_name(nih):
    (nih / "BBox_List_2017.csv").write_text(BOXES.replace("256", "x"))
    with pytest.raises(DataError, match=r"BBox_List_2017\.csv há caixas que não são quatro"):
        survey(nih)
    (nih / "Data_Entry_2017.csv").write_text("a,b\n1,2\n")
    (nih / "BBox_List_2017.csv").unlink()
    with pytest.raises(DataError, match="faltam as colunas"):
        survey(nih)


LABELS = """patientId,x,y,width,height,Target
ill,264,152,256,512,1
ill,512,152,256,256,1
fine,,,,,0
other,,,,,0
"""
DETAILS = """patientId,class
ill,Lung Opacity
ill,Lung Opacity
fine,Normal
other,No Lung Opacity / Not Normal
"""


@pytest.fixture
def rsna(tmp_path):
    folder = tmp_path / "rsna"
    (folder / "stage_2_train_images").mkdir(parents=True)
    for k, name in enumerate(("ill", "fine", "other")):
        pixels = np.random.default_rng(k).integers(0, 255, (20, 30), dtype=np.uint8)
        facts = {"PatientSex": "FM"[k % 2], "PatientAge": f"{40 + k}Y", "ViewPosition": "PA"}
        content = dicom(pixels, **facts).replace(f"{40 + k}Y".encode(), f"{40 + k} ".encode())
        (folder / "stage_2_train_images" / f"{name}.dcm").write_bytes(content)
    (folder / "stage_2_train_labels.csv").write_text(LABELS)
    return folder


def test_the_rsna_joins_its_tables_to_its_dicoms(rsna, tmp_path, recwarn):
    (rsna / "stage_2_detailed_class_info.csv").write_text(DETAILS)
    catalog = load_catalog(tmp_path)
    facts = catalog[["label", "patient", "sex", "age", "view", "mode"]].to_dict("split")["data"]
    assert facts == [
        ["OUTRAS", "rsna-ill", "F", 40.0, "PA", "DICOM"],
        ["NORMAL", "rsna-fine", "M", 41.0, "PA", "DICOM"],
    ]
    ill = catalog[catalog["patient"] == "rsna-ill"].iloc[0]
    assert ill["lesions"] == [
        [264 / 1024, 152 / 1024, 520 / 1024, 664 / 1024],
        [0.5, 152 / 1024, 0.75, 408 / 1024],
    ]
    assert catalog.attrs["left_out"] == {"achado fora das classes: sem opacidade, não normal": 1}
    assert not recwarn  # o pydicom estranharia, em inglês, as idades sem unidade


def test_without_details_a_film_without_opacity_is_not_called_normal(rsna):
    catalog = load_catalog(rsna)
    assert catalog["label"].value_counts().to_dict() == {"SEM OPACIDADE": 2, "OUTRAS": 1}


def test_a_new_source_is_a_function_and_a_line(tmp_path, monkeypatch):
    from covidcam.datasets.readers.rows import table

    def read_mine(folder):
        paths = sorted((folder / "filmes").iterdir())
        return table([{"path": str(p), "label": p.stem[0], "patient": p.stem} for p in paths])

    monkeypatch.setitem(READERS, "meu-acervo", read_mine)
    for k, name in enumerate(("a1.png", "b1.png")):
        film(tmp_path / "meu-acervo" / "filmes" / name, 50 + k)
    catalog = load_catalog(tmp_path)
    assert catalog["label"].tolist() == ["a", "b"]
    assert catalog.columns.tolist() == [name for name in COLUMNS if name != "left_out"]
