"""O que outros puseram numa pasta de resultados: atalhos, arquivos estragados e fórmulas."""

import json
import os
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_tools import explain_folder, fake_explain, fake_tools

from covidcam import cam
from covidcam.batch import safely, tables
from covidcam.errors import DataError, InputError


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr(cam, "explain", fake_explain)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "f").mkdir()
    for k in range(2):
        noise = np.random.default_rng(k).integers(0, 256, (32, 32), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "f" / f"{k}.png")
    return tmp_path / "f"


LINKED = (
    ".relatorio.html.partial",
    "relatorio.html",
    "resultados.csv",
    ".resultados.csv.partial",
    "pedido.json",
    ".pedido.json.partial",
)


@pytest.mark.parametrize("name", LINKED)
def test_a_planted_link_is_not_followed(folder, tmp_path, name):
    victim = tmp_path / "vítima"
    victim.write_text("intacta")
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / name).symlink_to(victim)
    table, _ = explain_folder([folder], tmp_path / "s", fake_tools())
    assert victim.read_text() == "intacta" and len(table) == 2


@pytest.mark.parametrize("name", ["mapas", "sobreposicoes", "partes", ".trava"])
def test_a_linked_folder_of_results_is_refused(folder, tmp_path, name):
    (tmp_path / "vítima").mkdir()
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / name).symlink_to(tmp_path / "vítima")
    with pytest.raises(InputError, match="atalho"):
        explain_folder([folder], tmp_path / "s", fake_tools())
    assert not list((tmp_path / "vítima").iterdir())


def test_a_link_put_there_later_is_refused_too(tmp_path):
    (tmp_path / "vítima").mkdir()
    (tmp_path / "mapas").symlink_to(tmp_path / "vítima")
    with pytest.raises(InputError, match="atalho"):
        safely.write(tmp_path / "mapas" / "a.npy", b"x")
    assert not list((tmp_path / "vítima").iterdir())


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"antes")
    with pytest.raises(RuntimeError), safely.replacing(tmp_path / "a") as file:
        file.write(b"depois")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"antes"


def test_what_a_dead_run_left_is_swept_and_what_is_being_written_is_not(folder, tmp_path):
    explain_folder([folder], tmp_path / "s", fake_tools())
    old, new = (tmp_path / "s" / "mapas" / f".{name}.npy.1.partial" for name in ("a", "b"))
    for path in (old, new):
        path.write_bytes(b"pixels")
    os.utime(old, (time.time() - 3600,) * 2)
    explain_folder([folder], tmp_path / "s", fake_tools())
    assert not old.exists() and new.exists()


FOREIGN = {
    "vazia": b"",
    "cortada": b'{"pedido": "',
    "lista": b"[1, 2]",
    "número": b"7",
    "de outro programa": b'{"linha": {"arquivo": "0.png"}}',
    "funda": b"[" * 100_000,
    "imensa": b" " * (safely.LARGEST_JSON + 1),
    "não é UTF-8": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("alien", [True, False])
def test_a_foreign_part_is_made_again_or_ignored(folder, tmp_path, content, alien):
    explain_folder([folder], tmp_path / "s", fake_tools())
    parts = sorted((tmp_path / "s" / "partes").iterdir())
    whole = parts[0].read_bytes()
    (tmp_path / "s" / "partes" / ("x.json" if alien else parts[0].name)).write_bytes(content)
    table, refused = explain_folder([folder], tmp_path / "s", fake_tools())
    assert list(table["arquivo"]) == ["0.png", "1.png"] and not refused
    assert parts[0].read_bytes() == whole


def tampered(part, path, value):
    *way, last = path
    for key in way:
        part = part[key]
    part[last] = value


TAMPERED = {
    "página no lugar da miniatura": (("miniaturas", "filme"), '"><script>alert(1)</script>'),
    "miniatura que falta": (("miniaturas",), {}),
    "sobreposição fora da pasta": (("linha", "sobreposicao_grad-cam"), "../../etc/passwd"),
    "número que é texto": (("linha", "estranheza"), "muita"),
    "número que falta": (("linha", "estranheza"), None),
    "situação que não há": (("linha", "situacao"), "ótima"),
    "coluna a mais": (("linha", "nova"), 1),
    "outra imagem": (("linha", "arquivo"), "outra.png"),
    "outro pedido": (("pedido",), "0" * 16),
}


@pytest.mark.parametrize(("path", "value"), TAMPERED.values(), ids=TAMPERED)
def test_a_part_somebody_changed_does_not_reach_the_tables(folder, tmp_path, path, value):
    explain_folder([folder], tmp_path / "s", fake_tools())
    first = sorted((tmp_path / "s" / "partes").iterdir())[0]
    whole = first.read_bytes()
    part = json.loads(whole)
    tampered(part, path, value)
    first.write_text(json.dumps(part, ensure_ascii=False), "utf-8")
    explain_folder([folder], tmp_path / "s", fake_tools())
    assert first.read_bytes() == whole


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_request_is_told_in_one_sentence(folder, tmp_path, content):
    explain_folder([folder], tmp_path / "s", fake_tools())
    (tmp_path / "s" / "pedido.json").write_bytes(content)
    with pytest.raises(InputError, match=r"pedido\.json não é o que este programa escreve"):
        explain_folder([folder], tmp_path / "s", fake_tools())


def test_a_table_opens_in_a_portuguese_spreadsheet_and_in_a_program(tmp_path):
    """O Excel em português quer a marca do UTF-8, ponto e vírgula e vírgula decimal."""
    table = pd.DataFrame({"arquivo": ["tórax;1.png"], "energia": [0.25], "plano": [True]})
    tables.write(table, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes()
    assert text == '\ufeffarquivo;energia;plano\n"tórax;1.png";0,25;True\n'.encode()
    again = pd.read_csv(tmp_path / "t.csv", sep=";", decimal=",")
    pd.testing.assert_frame_equal(again, table)


def test_no_text_nor_column_is_a_formula_nor_an_escape(tmp_path):
    nasty = ["=cmd|' /C calc'!A0", "+1", "-1", "@a", "\t=1", "a\x1b[31m", "\r=1"]
    table = pd.DataFrame({"=soma": nasty, "número": [-1.5] * len(nasty)})
    tables.write(table, tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv", sep=";", decimal=",")
    assert read["número"].tolist() == [-1.5] * len(nasty)  # um número negativo é um número
    assert list(read) == ["'=soma", "número"]
    assert not read["'=soma"].str.match(r"[=+\-@\t\r]").any()
    assert "\x1b" not in (tmp_path / "t.csv").read_text("utf-8")
    again = tables.read(tmp_path / "t.csv", {"número": float})
    assert again["número"].tolist() == [-1.5] * len(nasty)


def test_a_label_that_looks_like_a_formula_comes_back(tmp_path):
    tables.write(pd.DataFrame({"label": ["=1", "'a", ""]}), tmp_path / "t.csv")
    assert tables.read(tmp_path / "t.csv", {"label": str})["label"].tolist() == ["=1", "'a", ""]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfea\x00", b'"', b"\0" * 100])
def test_a_table_of_others_is_told(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match="não é a que covidcam treinar escreve"):
        tables.read(tmp_path / "t.csv", {"label": str})
