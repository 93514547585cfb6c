"""Duas pessoas, dois pedidos ou duas execuções nunca se misturam numa pasta de resultados."""

import csv
import json
import shutil
import threading

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_tools import explain_folder, fake_explain, fake_tools

from covidcam import batch, cam
from covidcam.errors import InputError


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr(cam, "explain", fake_explain)


def film(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def explained(saida):
    with open(saida / "resultados.csv", newline="", encoding="utf-8-sig") as file:
        return [row["arquivo"] for row in csv.DictReader(file, delimiter=";")]


def everything(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".trava"}


def test_two_people_whose_films_have_one_name_do_not_share_a_folder(tmp_path):
    film(tmp_path / "pacA" / "IM0001.jpeg.png", 1)
    film(tmp_path / "pacB" / "IM0001.jpeg.png", 2)
    explain_folder([tmp_path / "pacA"], tmp_path / "s", fake_tools())
    before = everything(tmp_path / "s")
    for arguments in ([tmp_path / "pacB"], [tmp_path / "pacA", tmp_path / "pacB"]):
        with pytest.raises(InputError, match=r"outro pedido.*as pastas das imagens"):
            explain_folder(arguments, tmp_path / "s", fake_tools())
    assert everything(tmp_path / "s") == before


def test_a_file_more_or_the_folder_whole_neither_renames_nor_repeats(tmp_path):
    files = [film(tmp_path / "f" / f"{k}.png", k) for k in range(3)]
    explain_folder(files[:2], tmp_path / "s", fake_tools())
    keys = {path.name for path in (tmp_path / "s" / "partes").iterdir()}
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert explained(tmp_path / "s") == ["0.png", "1.png", "2.png"]
    assert keys < {path.name for path in (tmp_path / "s" / "partes").iterdir()}


def test_a_refused_file_that_is_removed_is_forgotten(tmp_path):
    film(tmp_path / "f" / "a.png")
    (tmp_path / "f" / "ruim.png").write_bytes(b"nada")
    _, refused = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert [name for name, _ in refused] == ["ruim.png"]
    (tmp_path / "f" / "ruim.png").unlink()
    table, refused = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert not refused and not table["motivo"].notna().any()
    assert explained(tmp_path / "s") == ["a.png"]


@pytest.mark.parametrize("size", [0, 10])
def test_an_output_that_lost_its_content_is_made_again(tmp_path, size):
    film(tmp_path / "f" / "a.png")
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    for folder in ("sobreposicoes", "mapas"):
        (path,) = (tmp_path / "s" / folder).iterdir()
        whole = path.read_bytes()
        path.write_bytes(whole[:size])
        explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
        assert path.read_bytes() == whole


@pytest.mark.parametrize("where", ["saida", "f/antes", "f/cópia.png", "dado pelo nome"])
def test_results_of_any_run_are_no_films(tmp_path, where):
    film(tmp_path / "f" / "a.png")
    old = tmp_path / ("s" if where in ("f/cópia.png", "dado pelo nome") else where)
    explain_folder([tmp_path / "f"], old, fake_tools())
    (overlay,) = (old / "sobreposicoes").iterdir()
    if where == "f/cópia.png":
        shutil.copy(overlay, tmp_path / where)
    if where == "dado pelo nome":
        _, refused = explain_folder([overlay], tmp_path / "t", fake_tools())
        assert "sobreposição" in refused[0][1]
        return
    arguments = [tmp_path / "f"] + [old] * (where == "saida")
    table, refused = explain_folder(arguments, tmp_path / "nova", fake_tools())
    assert not refused and [name.split("/")[-1] for name in table["arquivo"]] == ["a.png"]
    if where == "f/cópia.png":
        left_out = batch.collect([tmp_path / "f"], tmp_path / "nova").left_out
        assert left_out == {"resultado de outra execução": 1}


def test_results_among_the_films_are_no_films(tmp_path):
    film(tmp_path / "f" / "a.png")
    for _ in range(2):
        table, _ = explain_folder([tmp_path / "f"], tmp_path / "f", fake_tools())
        assert list(table["arquivo"]) == ["a.png"]


def test_of_two_different_runs_at_once_one_is_refused_and_nothing_of_the_other_is_lost(tmp_path):
    """A segunda chega antes de a primeira ter uma imagem pronta."""
    film(tmp_path / "f" / "a.png")
    found = batch.collect([tmp_path / "f"], tmp_path / "s")
    tools = fake_tools()
    outputs = {}
    for method in ("grad-cam", "layer-cam"):
        request = batch.request_for(tools.model.covidcam, "resumo", [method], None, found.identity)
        outputs[method] = batch.Output(tmp_path / "s", request)
    done, barrier = {}, threading.Barrier(2)

    def go(method):
        barrier.wait()
        try:
            list(batch.run(found.items, outputs[method], tools))
            done[method] = len(outputs[method].finish(found.items))
        except InputError as error:
            done[method] = str(error)

    threads = [threading.Thread(target=go, args=(method,)) for method in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "outro pedido" in done["grad-cam"] and done["layer-cam"] == 1
    request = json.loads((tmp_path / "s" / "resultados.json").read_text("utf-8"))["pedido"]
    assert request["métodos"] == ["layer-cam"]


def test_an_image_of_the_training_is_told(tmp_path):
    seen = film(tmp_path / "f" / "com outro nome.png", 1)
    film(tmp_path / "f" / "nova.png", 2)
    tools = batch.Tools(**{**vars(fake_tools()), "seen": {batch.content_of(seen): "treino"}})
    table, _ = explain_folder([tmp_path / "f"], tmp_path / "s", tools)
    said = dict(zip(table["arquivo"], table["no_treino"], strict=True))
    assert pd.isna(said["nova.png"]) and "na parte de treino" in said["com outro nome.png"]
    report = (tmp_path / "s" / "relatorio.html").read_text("utf-8")
    assert report.count("Esta imagem estava na parte de treino") == 1
