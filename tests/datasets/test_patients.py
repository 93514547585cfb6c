"""De quem é cada imagem: nomes conhecidos, um padrão, uma coluna; e quando não se sabe."""

import os
import shutil

import pandas as pd
import pytest
from tiny_archives import film

from covidcam.datasets import load_catalog, split_by_patient, survey
from covidcam.errors import DataError, InputError


@pytest.fixture
def make(tmp_path):
    """Filmes constantes, todos diferentes, nos caminhos que se pedem."""

    def make(*names):
        for k, name in enumerate(names):
            film(tmp_path / "filmes" / name, 10 + k)
        return tmp_path / "filmes"

    return make


def patients(catalog, folder):
    relative = catalog["path"].map(lambda path: os.path.relpath(path, folder))
    return dict(zip(relative, catalog["patient"], strict=True))


KNOWN = {
    "nomes do NIH ChestX-ray14": {
        "A/00001362_001.png": "nih-00001362",
        "B/00001362_004.png": "nih-00001362",
        "B/00000013_000.png": "nih-00000013",
    },
    "nomes do CheXpert": {
        "A/patient00001/study1/view1_frontal.jpg": "chexpert-patient00001",
        "A/patient00001/study2/view1_frontal.jpg": "chexpert-patient00001",
        "B/patient00002_study1_view1_frontal.jpg": "chexpert-patient00002",
    },
    "nomes do MIMIC-CXR": {
        "A/p10/p10000032/s50414267/02aa804e-bde0afdd.jpg": "mimic-cxr-p10000032",
        "B/p10/p10000032/s53189527/2a2277a9-b0ded155.jpg": "mimic-cxr-p10000032",
    },
    "nomes de Kermany e colaboradores": {
        "A/person7_virus_1.jpeg": "kermany-A-7",
        "A/person7_bacteria_3.jpeg": "kermany-A-7",
        "B/NORMAL2-IM-0007-0001.jpeg": "kermany-B-0007",
        "B/IM-0007-0001-0002.jpeg": "kermany-B-0007",
    },
    "uma subpasta por paciente": {
        "A/Ana 1/x.png": "pasta-ana 1",
        "A/Ana 1/2021/y.png": "pasta-ana 1",
        "B/007/images/z.png": "pasta-7",
    },
}


@pytest.mark.parametrize("origin", KNOWN)
def test_the_names_of_known_archives_tell_the_patient(make, origin):
    folder = make(*KNOWN[origin])
    catalog = load_catalog(folder)
    assert patients(catalog, folder) == KNOWN[origin]
    assert catalog.attrs["patients"] == origin and set(catalog["patient_from"]) == {origin}


def test_followups_with_the_names_of_the_nih_never_fall_on_both_sides(make):
    names = [
        f"{label}/{10 * k + person:08d}_{visit:03d}.png"
        for k, label in enumerate(("COVID-19", "NORMAL"))
        for person in range(8)
        for visit in range(3)
    ]
    catalog = load_catalog(make(*names))
    for seed in range(5):
        train, test = split_by_patient(catalog, seed=seed)
        assert not set(catalog["patient"].iloc[train]) & set(catalog["patient"].iloc[test])


def test_where_nothing_tells_the_patients_are_unknown(make):
    catalog = load_catalog(make("A/x.png", "A/y.png", "B/00001362_001.png"))
    assert catalog.attrs["patients"] is None
    assert catalog["patient_from"].tolist() == ["", "", "nomes do NIH ChestX-ray14"]
    assert catalog["patient"].nunique() == 3


def test_the_errors_of_the_split_say_patients_only_when_they_are_known(make):
    unknown = load_catalog(make("A/x.png", "A/y.png", "B/z.png"))
    with pytest.raises(DataError, match="A classe B tem 1 imagem;") as error:
        split_by_patient(unknown)
    assert "paciente" not in str(error.value)
    with pytest.raises(DataError, match="A classe B tem 1 paciente;"):
        split_by_patient(unknown.assign(patient_from="padrão"))


def test_a_pattern_tells_the_patient(make):
    folder = make("A/P7-1.png", "A/P007-2.png", "B/x/P12-1.png")
    catalog = load_catalog(folder, patient=r"P(\d+)-")
    assert patients(catalog, folder) == {
        "A/P7-1.png": "7",
        "A/P007-2.png": "7",
        "B/x/P12-1.png": "12",
    }
    assert catalog.attrs["patients"] == r"padrão P(\d+)-"
    # o padrão vale mais do que os nomes conhecidos, e vê as pastas
    folders = load_catalog(folder, patient=r"^(\w+)/")
    assert folders["patient"].tolist() == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("patient", "kind", "said"),
    [
        ("P(", InputError, "não é uma expressão regular"),
        (r"(P)(\d+)", InputError, "tem 2 grupos"),
        ("paciente", InputError, "um padrão com um grupo"),
        ("", InputError, "um padrão com um grupo"),
        (":", InputError, "um padrão com um grupo"),
        (r"Q(\d+)", DataError, r"2 de 2 imagens ficam sem paciente; por exemplo, A/P7-1\.png"),
        (r"P7(\d*)", DataError, "2 de 2 imagens"),
        ("ausente.csv:id", DataError, r"ausente\.csv não pôde ser lido: não existe"),
    ],
)
def test_a_patient_that_cannot_be_found_is_refused(make, patient, kind, said):
    folder = make("A/P7-1.png", "B/P8-1.png")
    with pytest.raises(kind, match=said):
        load_catalog(folder, patient=patient)


def test_what_is_left_out_needs_no_patient(make):
    folder = make("A/P7-1.png", "B/P8-1.png")
    (folder / "B" / "notas.txt").write_text("x")
    assert load_catalog(folder, patient=r"P(\d)")["patient"].tolist() == ["7", "8"]


@pytest.mark.parametrize(
    "names", [["1.png", "2.png"], ["1", "2"], ["A/1.png", "B\\2.PNG"], ["./A/1.PNG", "b/2"]]
)
def test_a_column_tells_the_patient(make, tmp_path, names):
    folder = make("A/1.png", "B/2.png")
    table = pd.DataFrame({"nota": ["x", "y"], "Imagem": names, "Paciente": ["007", "8.0"]})
    table.to_csv(folder / "quem.csv", sep=";", index=False, encoding="utf-16")
    catalog = load_catalog(folder, patient="quem.csv:paciente")
    assert catalog["patient"].tolist() == ["7", "8"]
    assert catalog.attrs["patients"] == "coluna paciente de quem.csv"
    shutil.move(folder / "quem.csv", tmp_path / "fora.csv")
    assert load_catalog(folder, f"{tmp_path / 'fora.csv'}:Paciente")["patient"].tolist() == [
        "7",
        "8",
    ]


@pytest.mark.parametrize(
    ("rows", "column", "said"),
    [
        ([("1.png", "7"), ("1.png", "8")], "id", "com dois pacientes"),
        ([("1.png", "7")], "id", "1 de 2 imagens ficam sem paciente"),
        ([("z.png", "7")], "id", "Nenhuma coluna"),
        ([("1.png", "7"), ("2.png", "")], "id", "1 de 2 imagens ficam sem paciente"),
        ([("1.png", "7")], "pessoa", r"faltam as colunas \['pessoa'\]"),
    ],
)
def test_a_column_that_does_not_tell_is_refused(make, rows, column, said):
    folder = make("A/1.png", "B/2.png")
    pd.DataFrame(rows, columns=["imagem", "id"]).to_csv(folder / "quem.csv", index=False)
    with pytest.raises(DataError, match=said):
        survey(folder, f"quem.csv:{column}")
