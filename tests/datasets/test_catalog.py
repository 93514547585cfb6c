"""Os leitores dos leiautes públicos, e o que cada problema deles vira."""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_archives import COHEN, COHEN_LEFT_OUT, KERMANY, film

from covidcam.datasets import left_out, load_catalog, shareable, survey, usable
from covidcam.errors import DataError


def test_cohen_keeps_what_serves_and_counts_the_rest(cohen, tmp_path):
    rows = survey(tmp_path)
    assert len(rows) == len(COHEN)
    assert left_out(rows).to_dict() == COHEN_LEFT_OUT
    catalog = usable(rows)
    assert [path.rsplit("/", 1)[-1] for path in catalog["path"]] == [f"{n}.{e}" for n, e in
        (("a", "png"), ("b", "jpg"), ("c", "png"), ("d", "png"), ("e", "png"))]  # fmt: skip
    assert catalog["label"].tolist() == ["COVID-19"] * 3 + ["NORMAL", "OUTRAS"]
    assert catalog["patient"].tolist() == [f"cohen-{n}" for n in (1, 2, 1, 3, 4)]
    assert catalog["mode"].tolist() == ["L", "RGB", "L", "L", "L"]
    assert set(zip(catalog["width"], catalog["height"], strict=True)) == {(24, 20)}
    assert set(catalog["source"]) == {"cohen"} and set(catalog["modality"]) == {"X-ray"}


def test_load_catalog_reports_what_it_left_out(cohen, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "covidcam"):
        catalog = load_catalog(tmp_path)
    assert len(catalog) == 5
    assert catalog.attrs["left_out"] == COHEN_LEFT_OUT
    for reason, count in COHEN_LEFT_OUT.items():
        assert f"{reason}: {count}" in caplog.text


def test_load_catalog_with_nothing_to_report_says_nothing(class_folders, caplog):
    assert load_catalog(class_folders).attrs["left_out"] == {}
    assert caplog.text == ""


def test_kermany_patients_come_from_the_names(kermany, tmp_path):
    rows = survey(tmp_path)
    assert left_out(rows).to_dict() == {"formato que não é imagem (.db)": 1}
    catalog = usable(rows)
    names = catalog["path"].str.split("chest_xray/").str[-1]
    assert dict(zip(names, catalog["patient"], strict=True)) == KERMANY
    folders = names.str.split("/").str[1].map({"NORMAL": "NORMAL", "PNEUMONIA": "OUTRAS"})
    assert catalog["label"].tolist() == folders.tolist()


def test_both_layouts_make_one_catalog(cohen, kermany, tmp_path):
    catalog = load_catalog(tmp_path)
    assert catalog["source"].value_counts().to_dict() == {"kermany": len(KERMANY), "cohen": 5}
    assert catalog.index.tolist() == list(range(len(KERMANY) + 5))


def test_class_folders(class_folders):
    (class_folders / "sim" / "notas.txt").write_text("nota")
    (class_folders / "sim" / ".oculto.png").write_text("x")
    rows = survey(class_folders)
    assert left_out(rows).to_dict() == {"formato que não é imagem (.txt)": 1}
    catalog = usable(rows)
    assert catalog["label"].value_counts().to_dict() == {"sim": 3, "não": 3}
    assert catalog["patient"].nunique() == 6  # cada imagem, um paciente


def test_lung_boxes_and_phantom_truth_join_the_rows(cohen, tmp_path):
    boxes = [[0.1, 0.2, 0.4, 0.9], [0.6, 0.2, 0.9, 0.9]]
    (cohen / "lung_boxes.json").write_text(json.dumps({"a.png": boxes}))
    name = "covid-chestxray-dataset/images/c.png"
    mask = tmp_path / "masks" / f"{name}.lesions.png"
    film(mask, 255)
    facts = {"path": [name], "look": ["adulto"], "view": ["AP Supine"]}
    pd.DataFrame(facts).to_csv(tmp_path / "phantom.csv", index=False)
    catalog = load_catalog(tmp_path).set_index(load_catalog(tmp_path)["path"].str[-5:])
    assert catalog.loc["a.png", "lung_boxes"] == boxes
    assert catalog.loc["c.png", "look"] == "adulto"
    assert catalog.loc["c.png", "view"] == "AP Supine"  # a desenhada, e não a do leiaute
    assert catalog.loc["a.png", "view"] == "PA"
    assert catalog.loc["c.png", "lesions"] == str(mask)
    others = catalog.drop(["a.png", "c.png"])
    assert others[["lung_boxes", "look", "lesions", "lungs"]].isna().all(axis=None)


def test_a_blank_folder_column_means_images(cohen, tmp_path):
    table = pd.read_csv(cohen / "metadata.csv", dtype=str).assign(folder="")
    table.to_csv(cohen / "metadata.csv", index=False)
    assert len(load_catalog(tmp_path)) == 5


def test_which_licences_allow_an_altered_copy():
    licences = {
        "CC BY 4.0": True,
        "CC BY-NC-SA": True,
        "CC0 (fantoma)": True,
        "Apache 2.0": True,
        "CC BY-NC-ND": False,
        "todos os direitos reservados": False,
        "": False,
        np.nan: False,
    }
    assert shareable(pd.DataFrame({"licence": list(licences)})).tolist() == list(licences.values())
    nobody_knows = pd.DataFrame({"licence": [np.nan, np.nan]})
    assert shareable(nobody_knows).tolist() == [False, False]


def refusal(folder):
    with pytest.raises(DataError) as error:
        survey(folder)
    return str(error.value)


def test_an_empty_folder_is_refused(tmp_path):
    message = refusal(tmp_path)
    for part in (str(tmp_path), "covid-chestxray-dataset", "chest_xray", "foi encontrado: nada"):
        assert part in message


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    message = refusal(tmp_path / "x")
    assert f"{tmp_path / 'x'} não existe" in message and "covidcam dados baixar" in message


def test_a_folder_without_classes_says_what_it_has(tmp_path):
    film(tmp_path / "solta.png")
    (tmp_path / "textos").mkdir()
    (tmp_path / "textos" / "a.txt").write_text("a")
    message = refusal(tmp_path)
    assert str(tmp_path) in message and "solta.png, textos" in message


def test_cohen_without_metadata_is_refused(cohen, tmp_path):
    (cohen / "metadata.csv").unlink()
    expected = f"Em {cohen} era esperado metadata.csv; foi encontrado: images."
    assert refusal(tmp_path) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "não pôde ser lida"),
        (b"\xff\xfe\x00\x01\x02", "não pôde ser lida"),
        (b"patientid,view\n1,PA\n", "['filename', 'finding', 'modality']"),
        (b"patientid,finding,view,modality,filename\n", "nenhuma linha"),
    ],
)
def test_a_strange_metadata_is_refused_by_name(cohen, tmp_path, content, said):
    (cohen / "metadata.csv").write_bytes(content)
    message = refusal(tmp_path)
    assert str(cohen / "metadata.csv") in message and said in message


@pytest.mark.parametrize("content", ["{", "[1]", '{"images": [], "annotations": [{}]}'])
def test_strange_lung_boxes_are_refused_by_name(cohen, tmp_path, content):
    boxes = cohen / "annotations" / "imageannotation_ai_lung_bounding_boxes.json"
    boxes.parent.mkdir()
    boxes.write_text(content)
    assert str(boxes) in refusal(tmp_path)
    (cohen / "lung_boxes.json").write_text("{")
    assert str(cohen / "lung_boxes.json") in refusal(tmp_path)


def test_lung_boxes_in_pixels_become_fractions_and_the_left_of_the_image_comes_first(
    cohen, tmp_path
):
    images = [
        {"id": 7, "file_name": "a.png", "width": 200, "height": 100},
        {"id": 8, "file_name": "b.jpg", "width": 200, "height": 100},
    ]
    annotations = [  # x, y, largura, altura
        {"image_id": 7, "bbox": [110, 20, 92, 70]},
        {"image_id": 7, "bbox": [10, 5, 80, 90]},
        {"image_id": 8, "bbox": [10, 5, 80, 90]},
    ]
    boxes = cohen / "annotations" / "imageannotation_ai_lung_bounding_boxes.json"
    boxes.parent.mkdir()
    boxes.write_text(json.dumps({"images": images, "annotations": annotations}))
    rows = load_catalog(tmp_path)
    found = dict(
        zip(rows["path"].map(lambda path: Path(path).name), rows["lung_boxes"], strict=True)
    )
    np.testing.assert_allclose(found.pop("a.png"), [[0.05, 0.05, 0.45, 0.95], [0.55, 0.2, 1, 0.9]])
    assert not any(isinstance(value, list) for value in found.values())  # um pulmão só não serve


def test_kermany_without_images_is_refused(tmp_path):
    (tmp_path / "chest_xray" / "train" / "NORMAL").mkdir(parents=True)
    message = refusal(tmp_path)
    assert str(tmp_path / "chest_xray") in message and "NORMAL/ e PNEUMONIA/" in message
