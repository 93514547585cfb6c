"""``covidcam dados``, contra um servidor local."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from local_source import KERMANY_FILES, KERMANY_WANTED, serving, zipped
from PIL import Image

from covidcam.cli import data, main
from covidcam.datasets.sources import SOURCES

COHEN_PREFIX = "covid-chestxray-dataset-6a4242344473ccb5ed0d2148d8c7bfb1691e4ed8/"
TABLE = "patientid,finding,view,modality,filename,license\n1,COVID-19,PA,X-ray,a.png,CC BY\n"
COHEN_FILES = {f"{COHEN_PREFIX}metadata.csv": TABLE, f"{COHEN_PREFIX}images/a.png": b"i"}


@pytest.fixture
def run(monkeypatch, capsys):
    """O comando neste processo, com as fontes e as variáveis de ambiente que se pedem."""

    def run(*arguments, changes=(), **environ):
        with monkeypatch.context() as patch:
            for name, change in dict(changes).items():
                patch.setitem(SOURCES, name, replace(SOURCES[name], **change))
            for name, value in (environ | {"COLUMNS": "400"}).items():
                patch.setenv(name, str(value))
            patch.setattr(sys, "argv", ["covidcam", "dados", *map(str, arguments)])
            with pytest.raises(SystemExit) as caught:
                main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=caught.value.code, stdout=out, stderr=err)

    return run


def tiny(address, **changes):
    return {"address": address, "size": 1_000_000, "sha256": None} | changes


@pytest.fixture
def folder(tmp_path):
    """Os dois acervos, minúsculos e incompletos."""
    cohen = tmp_path / "covid-chestxray-dataset"
    rows = [
        ("1", "COVID-19", "PA", "X-ray", "a.png", "CC BY"),
        ("2", "COVID-19", "AP", "X-ray", "b.png", ""),
        ("3", "COVID-19", "L", "X-ray", "c.png", "CC BY"),
        ("4", "COVID-19", "PA", "X-ray", "ausente.png", "CC BY"),
        ("4", "COVID-19", "Axial", "CT", "volume.nii.gz", "CC BY"),
    ]
    names = ["patientid", "finding", "view", "modality", "filename", "license"]
    for k, path in enumerate(
        (
            *(cohen / "images" / f"{name}.png" for name in "abc"),
            tmp_path / "chest_xray" / "train" / "NORMAL" / "IM-0115-0001.jpeg",
        )
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (24, 20), 90 + k).save(path)
    pd.DataFrame(rows, columns=names).to_csv(cohen / "metadata.csv", index=False)
    return tmp_path


def cells(result):
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_fetch_puts_the_collections_where_the_book_looks(run, tmp_path):
    with serving(zipped(KERMANY_FILES)) as one, serving(zipped(COHEN_FILES)) as other:
        changes = {
            "kermany": tiny(one.address),
            "cohen": tiny(other.address, table_length=len(TABLE)),
        }
        result = run(
            "baixar",
            changes=changes,
            COVIDCAM_FONTE="real",
            COVIDCAM_DADOS=tmp_path / "ainda-não-existe",
        )
    assert result.returncode == 0, result.stderr
    target = tmp_path / "ainda-não-existe"
    assert sorted(path.name for path in target.iterdir()) == [
        "chest_xray",
        "covid-chestxray-dataset",
    ]
    assert all((target / "chest_xray" / name).is_file() for name in KERMANY_WANTED)
    assert str(target) in result.stdout


def test_without_a_choice_the_collections_go_to_the_cache(run, tmp_path):
    with serving(zipped(KERMANY_FILES)) as server:
        result = run(
            "baixar",
            "kermany",
            changes={"kermany": tiny(server.address)},
            COVIDCAM_CACHE=tmp_path,
        )
    assert result.returncode == 0, result.stderr
    assert [path.name for path in (tmp_path / "dados").iterdir()] == ["chest_xray"]


def test_one_source_that_refuses_does_not_stop_the_other(run, tmp_path):
    with serving(zipped(KERMANY_FILES)) as one, serving(b"", statuses=[403]) as other:
        changes = {"kermany": tiny(one.address), "cohen": tiny(other.address)}
        result = run("baixar", "--pasta", tmp_path, changes=changes)
    assert result.returncode == 1
    assert "403" in result.stderr and str(tmp_path / "baixados") in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["chest_xray"]


def test_an_interruption_says_that_the_same_command_goes_on(run, tmp_path, monkeypatch):
    def interrupt(source, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("covidcam.datasets.download.download", interrupt)
    result = run("baixar", "--pasta", tmp_path)
    assert result.returncode == 1 and "continua de onde parou" in result.stderr


def test_every_source_has_a_name_in_the_command():
    assert set(data.Which) == {*SOURCES, "tudo"}


def test_wrong_usage_ends_with_two(run):
    assert run("baixar", "outro").returncode == 2
    assert run("verificar", "demais").returncode == 2


def test_what_is_there_is_counted(run, folder):
    result = run("verificar", "--pasta", folder)
    assert result.returncode == 0, result.stderr
    assert cells(result) == [
        ["cohen", "COVID-19", "AP", "1"],
        ["cohen", "COVID-19", "PA", "1"],
        ["kermany", "NORMAL", "AP", "1"],
        ["cohen", "CC BY", "1"],
        ["cohen", "não informada", "1"],
        ["kermany", "CC BY 4.0", "1"],
        ["cohen", "arquivo ausente", "1"],
        ["cohen", "formato que não é imagem (.gz)", "1"],
        ["cohen", "incidência não frontal (L)", "1"],
    ]
    assert "cohen: 3 das 4 imagens" in result.stdout
    assert "kermany: 1 das 5856 imagens" in result.stdout
    assert "Ausentes: ausente.png\n" in result.stdout


def test_what_is_missing_is_named_with_the_way_to_fetch_it(run, folder):
    (folder / "chest_xray").rename(folder / "outra")
    result = run("verificar", COVIDCAM_DADOS=folder)
    assert result.returncode == 1
    assert "falta: kermany." in result.stderr and "covidcam dados baixar" in result.stderr
    assert cells(result)[0] == ["cohen", "COVID-19", "AP", "1"]
    nothing = run("verificar", "--pasta", folder / "nada")
    assert nothing.returncode == 1 and f"{folder / 'nada'} não existe" in nothing.stderr
    (folder / "vazia").mkdir()
    empty = run("verificar", "--pasta", folder / "vazia")
    assert empty.returncode == 1 and "falta: cohen, kermany." in empty.stderr
    assert not (folder / "nada").exists()


def test_citations_and_licences_are_of_what_is_there(run, folder):
    both = run("citar", "--pasta", folder)
    assert both.returncode == 0, both.stderr
    for part in ("arXiv:2003.11597", "10.17632/rscbjbr9sj.2", "CC BY 4.0"):
        assert part in both.stdout
    assert ["cohen", "não informada", "1"] in cells(both)
    (folder / "chest_xray").rename(folder / "outra")
    one = run("citar", "--pasta", folder)
    assert "arXiv:2003.11597" in one.stdout and "rscbjbr9sj" not in one.stdout


def test_citations_before_anything_is_there(run, tmp_path):
    result = run("citar", "--pasta", tmp_path)
    assert result.returncode == 0
    assert "Nenhum acervo" in result.stdout and "arXiv:2003.11597" in result.stdout
    assert "rscbjbr9sj" in result.stdout and not cells(result)


def test_a_folder_of_another_layout_is_counted_too(run, tmp_path):
    for k, label in enumerate("ab"):
        (tmp_path / label).mkdir()
        Image.new("L", (24, 20), 90 + k).save(tmp_path / label / "1.png")
    result = run("verificar", "--pasta", tmp_path)
    assert result.returncode == 0, result.stderr
    assert [row[1:] for row in cells(result)[:2]] == [
        ["a", "não informada", "1"],
        ["b", "não informada", "1"],
    ]


def test_contradictions_are_told(run, folder):
    table = pd.read_csv(folder / "covid-chestxray-dataset" / "metadata.csv", dtype=str)
    table.assign(patientid="1", sex=["F", "M", "F", "F", "F"]).to_csv(
        folder / "covid-chestxray-dataset" / "metadata.csv", index=False
    )
    result = run("verificar", "--pasta", folder)
    assert "Atenção: o paciente cohen-1 tem dois sexos." in result.stdout
