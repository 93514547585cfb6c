"""``covidcam explicar``, ``treinar`` e ``avaliar`` como quem os chama."""

import csv
import json
import re
import shutil
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from covidcam import batch, models, phantom
from covidcam.cli import explain, main

CLASSES = ("COVID-19", "NORMAL")
COMMANDS = ("", "ambiente", "avaliar", "explicar", "fantoma", "treinar")
ENGLISH = (
    r"\b(Usage|Options|Commands|Arguments|Error|Missing|Invalid|Show|default|required|No such)\b"
)


@pytest.fixture
def run(monkeypatch, capfd):
    """O comando: devolve o código de saída, o que foi dito e as reclamações."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["covidcam", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return (end.value.code or 0, *capfd.readouterr())

    return call


@pytest.fixture
def fake_eyes(monkeypatch):
    """Pulmões e estranheza sem treinar nada."""

    def tools(model):
        class Lungs:
            confidence = 0.9
            mask = np.tri(32, dtype=bool)

        return batch.Tools(model, lambda images: [Lungs] * len(images), lambda x: np.zeros(len(x)))

    monkeypatch.setattr(explain, "tools_for", tools)


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modelos")
    model = models.build("mini-vgg", CLASSES, input_shape=(32, 32, 3))
    for source in ("real", "fantoma"):
        models.save(models.describe(model, CLASSES, source), folder / f"{source}.keras")
    model.save(folder / "sem-anotações.keras")
    return folder


@pytest.fixture
def films(tmp_path):
    (tmp_path / "f").mkdir()
    for k in range(3):
        Image.fromarray(phantom.radiograph(k, "NORMAL", 64).image).save(tmp_path / f"f/{k}.png")
    return tmp_path / "f"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_portuguese_with_an_example(run, command):
    code, out, _ = run(*filter(None, [command]), "--help")
    assert code == 0 and "Uso: covidcam" in out and "Mostra esta ajuda e termina." in out
    assert not re.search(ENGLISH, out)
    assert command in ("", "ambiente") or "Exemplo" in out


WRONG = {
    "falta o argumento": ["explicar"],
    "comando que não existe": ["explica"],
    "outro comando": ["desenho"],
    "opção que não existe": ["explicar", "x", "--cor"],
    "opção sem valor": ["explicar", "x", "--saida"],
    "fatia": ["explicar", "x", "--fatia", "3/2"],
    "método": ["explicar", "x", "--metodo", "grad-cam,grad"],
    "método vazio": ["explicar", "x", "--metodo", ","],
    "não é inteiro": ["treinar", "x", "--epocas", "dez"],
    "pequeno demais": ["treinar", "x", "--epocas", "0"],
    "rede": ["treinar", "x", "--rede", "lenet"],
    "nome do modelo": ["treinar", "x", "--saida", "m.h5"],
    "método de avaliar": ["avaliar", "m.keras", "x", "--metodo", "grad"],
    "sobra": ["ambiente", "agora"],
    "número": ["fantoma", "x", "--confusao", "muita"],
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_two_and_one_line_in_portuguese(run, films, monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    films.rename(tmp_path / "x")
    code, out, err = run(*WRONG[name])
    assert code == 2 and not out
    assert err.startswith("Erro: ") and err.count("\n") == 1
    assert not re.search(ENGLISH, err)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def explained(saida):
    with open(saida / "resultados.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", ["real", "fantoma"])
def test_explains_a_folder(run, fake_eyes, keras_files, films, tmp_path, source):
    saida = tmp_path / "s"
    arguments = ("explicar", films, "--modelo", keras_files / f"{source}.keras", "--saida", saida)
    code, out, err = run(*arguments)
    assert code == 0 and not out
    assert "3 imagens explicadas" in err and "não é um diagnóstico" in err
    assert "Explicando" not in err and "\r" not in err  # sem terminal, sem barra
    rows = explained(saida)
    assert [row["arquivo"] for row in rows] == ["0.png", "1.png", "2.png"]
    assert ("classe" in rows[0]) == (source == "real")
    for row in rows:
        assert 0 <= float(row["parte_dos_pulmoes"]) <= 1
        assert np.load(saida / row["mapa_grad-cam"]).ndim == 2
        assert Image.open(saida / row["sobreposicao_grad-cam"]).size == (64, 64)
    if source == "real":
        sums = [sum(float(row[f"probabilidade_{label}"]) for label in CLASSES) for row in rows]
        assert sums == pytest.approx([1] * 3, abs=2e-4)
    assert run(*arguments)[0] == 0


def test_a_bad_image_is_one_line_and_the_others_are_made(
    run, fake_eyes, keras_files, films, tmp_path
):
    (films / "1.png").write_bytes(b"nada")
    model = keras_files / "real.keras"
    code, _, err = run("explicar", films, "--modelo", model, "--saida", tmp_path / "s")
    assert code == 1
    assert [line for line in err.splitlines() if line.startswith("1.png: A imagem não pôde")]
    assert "2 imagens explicadas, 1 recusada" in err
    assert [row["situacao"] for row in explained(tmp_path / "s")].count("explicada") == 2


def test_methods_and_class_asked_for(run, fake_eyes, keras_files, films, tmp_path):
    arguments = ["explicar", films / "0.png", "--modelo", keras_files / "fantoma.keras"]
    arguments += ["--metodo", "layer-cam, occlusion", "--saida", tmp_path / "s"]
    assert run(*arguments, "--classe", "NORMAL")[0] == 0
    request = json.loads((tmp_path / "s" / "resultados.json").read_text("utf-8"))["pedido"]
    assert request["métodos"] == ["layer-cam", "occlusion"]
    assert request["classe explicada"] == "NORMAL"
    assert len(list((tmp_path / "s" / "mapas").iterdir())) == 2
    code, _, err = run(*arguments[:-1], tmp_path / "t", "--classe", "GRIPE")
    assert code == 2 and "COVID-19, NORMAL" in err and not (tmp_path / "t").exists()


def test_a_model_that_is_not_ours_is_refused_before_anything_is_written(
    run, keras_files, films, tmp_path
):
    with zipfile.ZipFile(tmp_path / "vazio.keras", "w"):
        pass
    for name in (
        keras_files / "sem-anotações.keras",
        tmp_path / "vazio.keras",
        tmp_path / "não.keras",
    ):
        code, _, err = run("explicar", films, "--modelo", name, "--saida", tmp_path / "s")
        assert code == 1 and re.match(r"Erro: O (modelo|arquivo de modelo) ", err)
        assert not (tmp_path / "s").exists()


def test_an_empty_folder_is_said(run, tmp_path):
    code, _, err = run("explicar", tmp_path, "--saida", tmp_path / "s")
    assert code == 1 and "Não há imagens" in err


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("acervo")
    for k in range(24):
        label = CLASSES[k % 2]
        (folder / label).mkdir(exist_ok=True)
        image = np.full((40, 40), 60 + 120 * (k % 2) + k, np.uint8)
        Image.fromarray(image).save(folder / label / f"{k}.png")
    return folder


def test_trains_and_measures_on_what_was_not_seen(run, archive, tmp_path):
    file = tmp_path / "m" / "meu.keras"
    code, out, _ = run("treinar", archive, "--saida", file, "--epocas", 1)
    assert code == 0 and re.search(r"acertou \d+ de \d+ imagens de teste", out)
    assert sorted(path.name for path in file.parent.iterdir()) == ["meu.csv", "meu.keras"]
    assert models.load(file).covidcam.source == "real"
    with open(file.with_suffix(".csv"), newline="") as table:
        parts = [row["part"] for row in csv.DictReader(table)]
    assert len(parts) == 24 and set(parts) == {"treino", "validação", "teste"}

    code, out, _ = run("avaliar", file, archive, "--saida", tmp_path / "medidas.csv")
    assert code == 0 and f"de {parts.count('teste')} imagens" in out and "não sei" not in out
    assert len((tmp_path / "medidas.csv").read_text().splitlines()) == parts.count("teste") + 1
    file.with_suffix(".csv").unlink()
    _, out, _ = run("avaliar", file, archive)
    assert "de 24 imagens" in out and "não sei se a rede já as viu" in out


@pytest.fixture
def mixed(tmp_path):
    """Seis fantomas e seis filmes que não são, numa pasta por classe."""
    folder, drawn = tmp_path / "mistos", []
    for k in range(12):
        label = CLASSES[k % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40), 60 + 9 * k, np.uint8)).save(folder / label / f"{k}.png")
        drawn += [f"{label}/{k}.png,adulto\n"] * (k < 6)
    (folder / "phantom.csv").write_text("".join(["path,look\n", *drawn]))
    return folder


@pytest.mark.parametrize("source", ["real", "fantoma"])
def test_a_network_of_phantoms_names_the_class_of_no_real_film(
    run, keras_files, mixed, tmp_path, source
):
    code, _, _ = run(
        "avaliar", keras_files / f"{source}.keras", mixed, "--saida", tmp_path / "m.csv"
    )
    assert code == 0
    with open(tmp_path / "m.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    named = {row["arquivo"].rsplit("/", 1)[1] for row in rows if row["prevista"]}
    assert named == {f"{k}.png" for k in range(12 if source == "real" else 6)}
    (mixed / "phantom.csv").unlink()
    run("avaliar", keras_files / f"{source}.keras", mixed, "--saida", tmp_path / "m.csv")
    assert ("prevista" in (tmp_path / "m.csv").read_text()) == (source == "real")


@pytest.mark.parametrize("phantoms", ["todos", "alguns", "nenhum"])
def test_a_model_says_that_it_has_seen_phantoms(run, archive, tmp_path, phantoms):
    folder = shutil.copytree(archive, tmp_path / "acervo")
    if phantoms != "nenhum":
        files = sorted(file.relative_to(folder).as_posix() for file in folder.glob("*/*"))
        kept = files[: 24 if phantoms == "todos" else 1]
        lines = [f"{file},adulto\n" for file in kept]
        (folder / "phantom.csv").write_text("".join(["path,look\n", *lines]))
    assert run("treinar", folder, "--saida", tmp_path / "m.keras", "--epocas", 1)[0] == 0
    source = models.load(tmp_path / "m.keras").covidcam.source
    assert source == ("real" if phantoms == "nenhum" else "fantoma")
