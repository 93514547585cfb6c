"""Tabelas como as pessoas as escrevem, e as que alguém escreveu para sair da pasta."""

import json

import pandas as pd
import pytest
from tiny_archives import film

from covidcam.datasets import load_catalog, survey, tables
from covidcam.errors import DataError

ROWS = pd.DataFrame(
    [
        ("1", "F", "30", "COVID-19", "PA", "X-ray", "a.png"),
        ("2", "M", "61", "No Finding", "AP", "X-ray", "São João.png"),
    ],
    columns=["patientid", "sex", "age", "finding", "view", "modality", "filename"],
)


@pytest.fixture
def archive(tmp_path):
    """Dois filmes, e como escrever a tabela deles."""
    folder = tmp_path / "covid-chestxray-dataset"
    for k, name in enumerate(ROWS["filename"]):
        film(folder / "images" / name, 90 + k)

    def write(content):
        if isinstance(content, pd.DataFrame):
            content = content.to_csv(index=False).encode()
        (folder / "metadata.csv").write_bytes(content)
        return tmp_path

    return write


def plain(separator=",", ending="\n"):
    return ROWS.to_csv(index=False, sep=separator, lineterminator=ending)


TABLES = {
    "UTF-8 com marca": plain().encode("utf-8-sig"),
    "ponto e vírgula": plain(";").encode(),
    "ponto e vírgula, latin-1, Windows": plain(";", "\r\n").encode("latin-1"),
    "tabulação": plain("\t").encode(),
    "UTF-16 com marca": plain(";").encode("utf-16"),
    "UTF-16 grande": b"\xfe\xff" + plain().encode("utf-16-be"),
    "UTF-16 sem marca": plain().encode("utf-16-le"),
    "sep=; do Excel": ("sep=;\n" + plain(";")).encode(),
    "linha em branco antes": ("\n" + plain()).encode(),
    "vírgula no fim de cada linha": plain().replace("\n", ",\n").encode(),
    "cabeçalho em maiúsculas, com espaços": plain()
    .replace("patientid,sex", "PatientID , SEX")
    .encode(),
    "espaços em volta de tudo": "\n".join(
        line.replace(",", " , ") for line in plain().splitlines()
    ).encode(),
    "incidência e modalidade noutra caixa": plain()
    .replace("PA,", "pa ,")
    .replace("AP,", " Ap,")
    .replace("X-ray", "x-RAY ")
    .encode(),
    "modalidade como no DICOM": plain().replace("X-ray", "DX").encode(),
    "nomes noutra caixa": plain().replace("a.png", "A.PNG").replace("São", "SÃO").encode(),
    "nomes sem extensão": plain().replace(".png", "").encode(),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_however_it_was_written(archive, name):
    catalog = load_catalog(archive(TABLES[name]))
    assert catalog.attrs["left_out"] == {} and catalog.attrs["notes"] == []
    facts = catalog[["label", "patient", "sex", "age", "view"]].to_dict("split")["data"]
    assert facts == [
        ["COVID-19", "cohen-1", "F", 30.0, "PA"],
        ["NORMAL", "cohen-2", "M", 61.0, "AP"],
    ]
    assert [path.rsplit("/", 1)[-1] for path in catalog["path"]] == ["a.png", "São João.png"]
    assert catalog.attrs["patients"] == "coluna patientid de metadata.csv"


def test_a_name_that_serves_two_files_is_told(archive, tmp_path):
    film(tmp_path / "covid-chestxray-dataset" / "images" / "a.jpg", 7)
    rows = survey(archive(plain().replace("a.png", "a").encode()))
    assert rows["left_out"].tolist() == ["nome que serve a mais de um arquivo", ""]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + "3,F,9,COVID-19,PA,X-ray,b.png,demais\n", "a linha 4 tem 8 campos"),
        (lambda text: text + '3,F,9,"COVID-19,PA,X-ray,b.png\n', "aspas que não fecham"),
        (lambda text: text.replace("filename", "arquivo"), "faltam as colunas"),
        (lambda text: text.split("\n")[0] + "\n", "nenhuma linha"),
        (lambda text: "", "está vazia"),
        (lambda text: "\x89PNG\r\n\x1a\n" + "\0" * 50, "não é um texto"),
    ],
)
def test_a_table_that_is_no_table_is_refused_in_portuguese(archive, change, said):
    with pytest.raises(DataError, match=said) as error:
        survey(archive(change(plain()).encode("latin-1")))
    for word in ("Expected", "fields", "line", "codec", "decode", "tokeniz"):
        assert word not in str(error.value)


def test_a_table_too_large_is_not_read(archive, monkeypatch):
    monkeypatch.setattr(tables, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="passa de"):
        survey(archive(plain().encode()))


OUTSIDE = {
    "sobe": ("filename", "../../segredo.png"),
    "sobe pela pasta": ("folder", "../.."),
    "absoluto": ("filename", "{tmp}/segredo.png"),
    "absoluto na pasta": ("folder", "{tmp}"),
    "do Windows": ("filename", "C:\\segredo.png"),
    "do Windows, sobe": ("filename", "..\\..\\segredo.png"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leaves_the_archive(archive, tmp_path, name):
    film(tmp_path / "segredo.png", 3)
    column, value = OUTSIDE[name]
    table = ROWS.assign(folder="images")
    table.loc[0, "filename"] = "segredo.png"
    table.loc[0, column] = value.format(tmp=tmp_path)
    rows = survey(archive(table))
    assert rows["left_out"].tolist() == ["nome que sai da pasta do acervo", ""]
    assert rows["path"].str.startswith(str(tmp_path / "covid-chestxray-dataset")).all()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "nome de arquivo vazio"),
        ("x" * 5000, "arquivo ausente"),
        ("a.png/b.png", "arquivo ausente"),
        (".", "nome de arquivo vazio"),
        ("images", "arquivo ausente"),
    ],
)
def test_impossible_names_are_counted(archive, value, reason):
    table = ROWS.copy()
    table.loc[0, "filename"] = value
    assert survey(archive(table))["left_out"].tolist() == [reason, ""]


def test_no_escape_of_a_table_reaches_a_message(archive, caplog):
    table = ROWS.copy()
    table.loc[0, ["finding", "view"]] = "\x1b[31mHernia\x07" + "a" * 500, "PA"
    catalog = load_catalog(archive(table))
    reason = next(iter(catalog.attrs["left_out"]))
    assert reason.isprintable() and len(reason) < 120 and "Hernia" in reason
    assert "\x1b" not in caplog.text


@pytest.mark.parametrize("written", [["7", "7 "], ["7", "7.0"], ["007", "7"], ["P1", "p1"]])
def test_one_identifier_written_in_two_ways_is_one_patient(archive, written):
    catalog = load_catalog(archive(ROWS.assign(patientid=written, sex="F", age="30")))
    assert catalog["patient"].nunique() == 1 and catalog.attrs["notes"] == []


def test_contradictions_about_a_patient_are_told(archive, caplog):
    notes = load_catalog(archive(ROWS.assign(patientid="7"))).attrs["notes"]
    assert notes == [
        "o paciente cohen-7 tem dois sexos",
        "o paciente cohen-7 tem idades de 30 a 61 anos",
    ]
    assert all(note in caplog.text for note in notes)


def test_a_patient_who_ages_a_year_is_no_contradiction(archive):
    table = ROWS.assign(patientid="7", sex="F", age=["30", "31,5"])
    assert load_catalog(archive(table)).attrs["notes"] == []


def test_without_an_identifier_the_patients_are_unknown(archive):
    catalog = load_catalog(archive(ROWS.assign(patientid=["1", ""])))
    assert catalog.attrs["patients"] is None
    assert catalog["patient_from"].tolist() == ["coluna patientid de metadata.csv", ""]


def test_a_strange_phantom_table_is_refused(archive, tmp_path):
    folder = archive(plain().encode())
    (folder / "phantom.csv").write_text("arquivo,modo\na.png,adulto\n")
    with pytest.raises(DataError, match=r"phantom\.csv faltam as colunas \['look', 'path'\]"):
        survey(folder)
    name = "covid-chestxray-dataset/images/a.png"
    (folder / "phantom.csv").write_text(f"path,look\n{name},adulto\n{name},infantil\n../x,adulto\n")
    assert survey(folder)["synthetic"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "listas demais"),
        ('{"a.png": [[0, 0, 1, 1]]}', "dois|caixas dos pulmões"),
        ('{"a.png": [[0, 0, 1, 1], [0, 0, 1, "x"]]}', "caixas dos pulmões"),
        ('{"a.png": [[0, 0, 1, 1], [0, 0, 1, NaN]]}', "caixas dos pulmões"),
        ("[1]", "caixas dos pulmões"),
        (" " * 200, "era esperado um JSON"),
    ],
)
def test_strange_annotations_are_refused(archive, tmp_path, content, said):
    (tmp_path / "covid-chestxray-dataset" / "lung_boxes.json").write_text(content)
    with pytest.raises(DataError, match=said):
        survey(archive(plain().encode()))


def test_annotations_too_large_are_not_read(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_JSON", 10)
    boxes = {"a.png": [[0, 0, 0.4, 1], [0.6, 0, 1, 1]]}
    (tmp_path / "covid-chestxray-dataset" / "lung_boxes.json").write_text(json.dumps(boxes))
    with pytest.raises(DataError, match="passa de"):
        survey(archive(plain().encode()))


@pytest.mark.parametrize("name", ["covid-chestxray-dataset", "covid-chestxray-dataset-master", "x"])
def test_the_folder_of_the_archive_serves_as_its_parent_does(archive, tmp_path, name):
    archive(plain().encode())
    own = (tmp_path / "covid-chestxray-dataset").rename(tmp_path / name)
    assert load_catalog(own)["label"].tolist() == ["COVID-19", "NORMAL"]
    if name != "x":
        assert load_catalog(tmp_path)["source"].tolist() == ["cohen", "cohen"]
