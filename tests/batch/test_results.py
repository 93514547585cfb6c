"""A pasta dos resultados: completa, retomável, divisível, e de um só pedido."""

import csv
import json
import multiprocessing
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest
from PIL import Image
from tiny_tools import CLASSES, explain_folder, explain_slowly, fake_explain, fake_tools

from covidcam import batch, cam, models
from covidcam.errors import InputError


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(cam, "explain", fake_explain)


def films(folder, count, side=64):
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for k in range(count):
        noise = generator.integers(0, 256, (side, side), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"filme {k:04d}.png")
    return folder


def contents(folder):
    """Todos os arquivos de uma pasta de resultados, fora a trava."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".trava" and path.suffix != ".partial"
    }


def rows_of(saida):
    with open(saida / "resultados.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=";"))


def number(text):
    return float(text.replace(",", "."))


def test_each_image_has_its_map_its_overlay_and_its_row(fake, tmp_path):
    """As medidas são as contas feitas à mão sobre uma imagem de dois cinzas."""
    image = np.full((16, 16), 50, np.uint8)
    image[4:12, 2:5] = image[4:12, 10:14] = 200  # os pulmões de find_lungs
    Image.fromarray(image).save(tmp_path / "a.png")
    explain_folder([tmp_path / "a.png"], tmp_path / "s", fake_tools())
    (row,) = rows_of(tmp_path / "s")
    lungs = 8 * 3 + 8 * 4
    energy = 200 * lungs / (200 * lungs + 50 * (256 - lungs))
    assert row["situacao"] == "explicada" and row["plano_grad-cam"] == "False"
    assert number(row["energia_nos_pulmoes_grad-cam"]) == pytest.approx(energy, abs=1e-4)
    assert number(row["parte_dos_pulmoes"]) == pytest.approx(lungs / 256, abs=1e-4)
    assert (tmp_path / "s" / row["mapa_grad-cam"]).is_file()
    raw = np.load(tmp_path / "s" / row["mapa_grad-cam"])
    assert raw.dtype == np.float32 and raw.tolist() == image[::4, ::4].tolist()
    assert Image.open(tmp_path / "s" / row["sobreposicao_grad-cam"]).size == (16, 16)
    same = json.loads((tmp_path / "s" / "resultados.json").read_text("utf-8"))["imagens"][0]
    told = {k: "" if v is None else str(v) for k, v in same.items()}
    assert {k: v.replace(",", ".") for k, v in row.items()} == told


@pytest.mark.parametrize("source", ["real", "fantoma"])
def test_only_a_model_of_real_films_names_classes(fake, tmp_path, source):
    films(tmp_path / "f", 3)
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools(source))
    row = rows_of(tmp_path / "s")[0]
    columns = {name for name in row if name.startswith(("classe", "prob"))} - {"classe_explicada"}
    report = (tmp_path / "s" / "relatorio.html").read_text("utf-8")
    if source == "real":
        assert columns == {"classe", *(f"probabilidade_{label}" for label in CLASSES)}
        assert "A rede escolheu" in report and row["classe_explicada"] == row["classe"]
    else:
        assert not row["classe_explicada"] and "que esta rede não diz" in report
        assert not columns and "A rede escolheu" not in report
        # as classes do modelo estão no pedido, nunca na linha nem no texto de uma imagem
        assert not any(label in report for label in CLASSES)
        parts = b"".join(p.read_bytes() for p in (tmp_path / "s" / "partes").iterdir())
        assert not any(label.encode() in parts for label in CLASSES)
    assert "Isto não é um diagnóstico" in report


def test_what_is_done_is_kept_and_what_changed_or_failed_is_made_again(fake, tmp_path):
    films(tmp_path / "f", 4)
    (tmp_path / "f" / "ruim.png").write_bytes(b"nada")
    _, refused = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert [name for name, _ in refused] == ["ruim.png"]
    times = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "s" / "partes").iterdir()}
    shutil.copy(tmp_path / "f" / "filme 0000.png", tmp_path / "f" / "ruim.png")
    Image.new("L", (20, 20), 9).save(tmp_path / "f" / "filme 0001.png")
    table, refused = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert not refused and list(table["situacao"]) == ["explicada"] * 5
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "s" / "partes").iterdir()}
    remade = {name.split("-")[0] for name in after if after[name] != times[name]}
    assert remade == {"filme_0001", "ruim"}


def test_a_spoilt_part_is_made_again(fake, tmp_path):
    films(tmp_path / "f", 2)
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    whole = contents(tmp_path / "s")
    (tmp_path / "s" / next(name for name in whole if name.startswith("partes"))).write_text("{")
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert contents(tmp_path / "s") == whole


@pytest.mark.parametrize("kind", ["mapas", "sobreposicoes"])
def test_a_deleted_output_is_made_again(fake, tmp_path, kind):
    films(tmp_path / "f", 2)
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    whole = contents(tmp_path / "s")
    (tmp_path / "s" / next(name for name in whole if name.startswith(kind))).unlink()
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert contents(tmp_path / "s") == whole


def test_no_name_is_a_formula_in_the_table(fake, tmp_path):
    names = ["=1+1.png", "@a.png", "+b.png", "-c.png", "d=e.png"]
    for name in names:
        Image.new("L", (16, 16), 9).save(films(tmp_path / "f", 0) / name)
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    written = {row["arquivo"] for row in rows_of(tmp_path / "s")}
    assert written == {"'=1+1.png", "'@a.png", "'+b.png", "'-c.png", "d=e.png"}
    whole = json.loads((tmp_path / "s" / "resultados.json").read_text("utf-8"))
    assert {row["arquivo"] for row in whole["imagens"]} == set(names)


def test_a_folder_belongs_to_one_request(fake, tmp_path):
    films(tmp_path / "f", 1)
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    whole = contents(tmp_path / "s")
    with pytest.raises(InputError, match=r"outro pedido.*métodos"):
        explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools(), methods=["layer-cam"])
    with pytest.raises(InputError, match=r"outro pedido.*classe explicada"):
        explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools(), label="NORMAL")
    assert contents(tmp_path / "s") == whole


def test_a_request_that_failed_does_not_hold_the_folder(fake, tmp_path, monkeypatch):
    films(tmp_path / "f", 1)

    def refuse(*arguments, **options):
        raise InputError("este método não serve a esta rede")

    with monkeypatch.context() as patch:
        patch.setattr(cam, "explain", refuse)
        with pytest.raises(InputError, match="não serve"):
            explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools(), methods=["cam"])
    table, _ = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert len(table) == 1


@pytest.fixture(scope="module")
def start():
    """Põe `explain_slowly` para rodar noutro processo, já com tudo importado."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["covidcam.batch", "covidcam.cam.engine"])

    def begin(*arguments):
        process = context.Process(target=explain_slowly, args=arguments)
        process.start()
        return process

    return begin


def finished(process):
    process.join(60)
    return process.exitcode == 0


def test_killed_ten_times_the_results_are_those_of_an_undisturbed_run(start, tmp_path):
    films(tmp_path / "f", 80, side=48)
    (tmp_path / "f" / "ruim.png").write_bytes(b"nada")
    assert finished(start(tmp_path / "f", tmp_path / "inteira"))
    chance = random.Random(3)
    done = [0]
    for _ in range(10):
        process = start(tmp_path / "f", tmp_path / "s", 0.03)
        while (ready := len(list(tmp_path.glob("s/partes/[!.]*")))) == done[-1]:
            assert process.is_alive()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL  # morreu no meio, não no fim
        done.append(ready)
    assert done[-1] < 81
    assert finished(start(tmp_path / "f", tmp_path / "s"))
    assert contents(tmp_path / "s") == contents(tmp_path / "inteira")


def test_two_machines_may_share_the_folder(start, tmp_path):
    films(tmp_path / "f", 12)
    assert finished(start(tmp_path / "f", tmp_path / "inteira"))
    halves = [start(tmp_path / "f", tmp_path / "s", 0.05, half, 2) for half in (0, 1)]
    assert all(map(finished, halves))
    assert contents(tmp_path / "s") == contents(tmp_path / "inteira")


@pytest.fixture(scope="module")
def tiny_model():
    return models.describe(
        models.build("mini-vgg", CLASSES, input_shape=(32, 32, 3)), CLASSES, "real"
    )


def test_two_halves_joined_equal_the_whole_to_the_last_bit(tiny_model, tmp_path):
    """Com uma rede de verdade: a conta de uma imagem não depende de quantas vieram com ela."""
    films(tmp_path / "f", 19)
    (tmp_path / "f" / "ruim.png").write_bytes(b"nada")
    tools = batch.Tools(tiny_model, fake_tools().find_lungs, fake_tools().strangeness)
    methods = ["grad-cam", "hires-cam"]
    explain_folder([tmp_path / "f"], tmp_path / "inteira", tools, methods)
    for half in (0, 1):
        saida = tmp_path / f"metade-{half}"
        explain_folder([tmp_path / "f"], saida, tools, methods, part=half, of=2)
        shutil.copytree(saida, tmp_path / "s", dirs_exist_ok=True)
    assert [len(rows_of(tmp_path / f"metade-{half}")) for half in (0, 1)] == [10, 10]
    explain_folder([tmp_path / "f"], tmp_path / "s", tools, methods, part=0, of=2)
    assert contents(tmp_path / "s") == contents(tmp_path / "inteira")


def test_two_thousand_files_one_in_a_hundred_bad(fake, tmp_path):
    films(tmp_path / "f", 1, side=24)
    good = next((tmp_path / "f").iterdir())
    for k in range(1999):
        path = tmp_path / "f" / f"{k}.png"
        if k % 100 == 50:
            path.write_bytes(good.read_bytes()[: k % 90])
        else:
            os.link(good, path)
    table, refused = explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools())
    assert len(table) == 2000 and len(refused) == 20
    assert (table["situacao"] == "recusada").sum() == 20
