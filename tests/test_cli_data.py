"""``covidcam dados``, num processo de verdade, contra um servidor local."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from local_source import KERMANY_FILES, KERMANY_WANTED, serving, zipped
from PIL import Image

RUN = """
import json, os
from dataclasses import replace
from covidcam.cli import main
from covidcam.datasets import sources, transfer
transfer.PAUSE = 0
changes = json.loads(os.environ["CHANGES"])
for name, source in sources.SOURCES.items():
    sources.SOURCES[name] = replace(source, **changes.get(name, {}))
main()
"""
COHEN_PREFIX = "covid-chestxray-dataset-6a4242344473ccb5ed0d2148d8c7bfb1691e4ed8/"
TABLE = "patientid,finding,view,modality,filename,license\n1,COVID-19,PA,X-ray,a.png,CC BY\n"
COHEN_FILES = {f"{COHEN_PREFIX}metadata.csv": TABLE, f"{COHEN_PREFIX}images/a.png": b"i"}


def run(*arguments, changes=None, **environ):
    variables = {"CHANGES": json.dumps(changes or {}), "COLUMNS": "400"}
    return subprocess.run(
        [sys.executable, "-c", RUN, "dados", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | variables | {name: str(value) for name, value in environ.items()},
    )


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
    for path in (
        *(cohen / "images" / f"{name}.png" for name in "abc"),
        tmp_path / "chest_xray" / "train" / "NORMAL" / "IM-0115-0001.jpeg",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (24, 20), 90).save(path)
    pd.DataFrame(rows, columns=names).to_csv(cohen / "metadata.csv", index=False)
    return tmp_path


def cells(result):
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_fetch_puts_the_collections_where_the_book_looks(tmp_path):
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


def test_without_a_choice_the_collections_go_to_the_cache(tmp_path):
    with serving(zipped(KERMANY_FILES)) as server:
        result = run(
            "baixar",
            "kermany",
            changes={"kermany": tiny(server.address)},
            COVIDCAM_CACHE=tmp_path,
        )
    assert result.returncode == 0, result.stderr
    assert [path.name for path in (tmp_path / "dados").iterdir()] == ["chest_xray"]


def test_one_source_that_refuses_does_not_stop_the_other(tmp_path):
    with serving(zipped(KERMANY_FILES)) as one, serving(b"", statuses=[403]) as other:
        changes = {"kermany": tiny(one.address), "cohen": tiny(other.address)}
        result = run("baixar", "--pasta", tmp_path, changes=changes)
    assert result.returncode == 1
    assert "403" in result.stderr and str(tmp_path / "baixados") in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["chest_xray"]


def test_wrong_usage_ends_with_two():
    assert run("baixar", "outro").returncode == 2
    assert run("verificar", "demais").returncode == 2


def test_what_is_there_is_counted(folder):
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


def test_what_is_missing_is_named_with_the_way_to_fetch_it(folder):
    (folder / "chest_xray").rename(folder / "outra")
    result = run("verificar", COVIDCAM_DADOS=folder)
    assert result.returncode == 1
    assert "falta: kermany." in result.stderr and "covidcam dados baixar" in result.stderr
    assert cells(result)[0] == ["cohen", "COVID-19", "AP", "1"]
    nothing = run("verificar", "--pasta", folder / "nada")
    assert nothing.returncode == 1 and "falta: cohen, kermany." in nothing.stderr
    assert not (folder / "nada").exists()


def test_citations_and_licences_are_of_what_is_there(folder):
    both = run("citar", "--pasta", folder)
    assert both.returncode == 0, both.stderr
    for part in ("arXiv:2003.11597", "10.17632/rscbjbr9sj.2", "CC BY 4.0"):
        assert part in both.stdout
    assert ["cohen", "não informada", "1"] in cells(both)
    (folder / "chest_xray").rename(folder / "outra")
    one = run("citar", "--pasta", folder)
    assert "arXiv:2003.11597" in one.stdout and "rscbjbr9sj" not in one.stdout


def test_citations_before_anything_is_there(tmp_path):
    result = run("citar", "--pasta", tmp_path)
    assert result.returncode == 0
    assert "Nenhum acervo" in result.stdout and "arXiv:2003.11597" in result.stdout
    assert "rscbjbr9sj" in result.stdout and not cells(result)
