"""``covidcam treinar`` e ``covidcam avaliar`` como quem os chama."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covidcam import models
from covidcam.batch import content_of, record
from covidcam.cli import measures

CLASSES = ("COVID-19", "NORMAL")


def noise(seed, side=40):
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("acervo")
    for k in range(24):
        label = CLASSES[k % 2]
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(noise(k)).save(folder / label / f"{k}.png")
    return folder


def test_trains_and_measures_on_what_was_not_seen(run, archive, tmp_path):
    file = tmp_path / "m" / "meu.keras"
    code, out, _ = run("treinar", archive, "--saida", file, "--epocas", 1)
    assert code == 0 and re.search(r"acertou \d+ de \d+ imagens de teste", out)
    assert sorted(path.name for path in file.parent.iterdir()) == ["meu.csv", "meu.keras"]
    assert models.load(file).covidcam.source == "real"
    with open(file.with_suffix(".csv"), newline="", encoding="utf-8-sig") as table:
        parts = [row["part"] for row in csv.DictReader(table, delimiter=";")]
    assert len(parts) == 24 and set(parts) == {"treino", "validação", "teste"}

    code, out, _ = run("avaliar", file, archive, "--saida", tmp_path / "medidas.csv")
    assert code == 0 and f"de {parts.count('teste')} imagens" in out and "Não sei" not in out
    assert len((tmp_path / "medidas.csv").read_text().splitlines()) == parts.count("teste") + 1
    file.with_suffix(".csv").unlink()
    _, out, _ = run("avaliar", file, archive)
    assert "de 24 imagens" in out and "Não sei se a rede já viu estas imagens" in out


@pytest.fixture
def mixed(tmp_path):
    """Seis fantomas e seis filmes que não são, numa pasta por classe."""
    folder, drawn = tmp_path / "mistos", []
    for k in range(12):
        label = CLASSES[k % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(k)).save(folder / label / f"{k}.png")
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
    with open(tmp_path / "m.csv", newline="", encoding="utf-8-sig") as table:
        rows = list(csv.DictReader(table, delimiter=";"))
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


def follow_ups(folder, name, people=12, each=2):
    """Uma pasta por classe, com exames repetidos das mesmas pessoas; ``name`` dá o do arquivo."""
    for person in range(people):
        for exam in range(each):
            path = folder / CLASSES[person % 2] / name(person, exam)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(100 * person + exam)).save(path)
    return folder


def parts_of(table):
    rows = record.read(table)
    return {part: rows[rows["part"] == part] for part in ("treino", "validação", "teste")}


def test_follow_ups_with_the_names_of_nih_stay_on_one_side(run, tmp_path):
    folder = follow_ups(tmp_path / "f", lambda person, exam: f"{1362 + person:08d}_{exam:03d}.png")
    code, out, _ = run("treinar", folder, "--saida", tmp_path / "m.keras", "--epocas", 1)
    assert code == 0 and "24 imagens de 12 pacientes (nomes do NIH ChestX-ray14)" in out
    assert "Pacientes no treino e no teste ao mesmo tempo: 0." in out
    parts = parts_of(tmp_path / "m.csv")
    people = {name: {file[-16:-8] for file in part["path"]} for name, part in parts.items()}
    assert not people["treino"] & people["teste"] and not people["treino"] & people["validação"]
    assert sum(map(len, people.values())) == 12


def test_without_names_that_tell_nobody_speaks_of_patients(run, tmp_path):
    folder = follow_ups(tmp_path / "f", lambda person, exam: f"{chr(97 + 2 * person + exam)}.png")
    code, out, err = run("treinar", folder, "--saida", tmp_path / "m.keras", "--epocas", 1)
    assert code == 0 and "24 imagens." in out and "de quem é cada imagem" in out
    assert "paciente" not in (out + err).lower()
    code, out, err = run("avaliar", tmp_path / "m.keras", folder, "--saida", tmp_path / "a.csv")
    assert code == 0 and "paciente" not in (out + err).lower()
    assert "paciente" not in (tmp_path / "a.csv").read_text("utf-8").lower()


def test_a_pattern_says_whose_each_image_is(run, tmp_path):
    folder = follow_ups(tmp_path / "f", lambda person, exam: f"p{person}-{exam}.png")
    options = ["--paciente", r"(p\d+)-", "--saida", tmp_path / "m.keras", "--epocas", 1]
    code, out, _ = run("treinar", folder, *options)
    assert code == 0 and "de 12 pacientes" in out
    parts = parts_of(tmp_path / "m.csv")
    assert not set(parts["treino"]["patient"]) & set(parts["teste"]["patient"])


def test_it_says_classes_counts_confusion_areas_and_disclaimer(run, archive, tmp_path):
    file = tmp_path / "m.keras"
    code, out, _ = run("treinar", archive, "--saida", file, "--epocas", 1)
    assert code == 0
    before, after = out.split("Modelo em ")
    for label in CLASSES:  # antes de treinar, e depois
        assert re.search(rf"{label}\W+12", before) and label in after
    assert "área ROC" in after and "o que a rede disse" in " ".join(after.split())
    assert "não é um diagnóstico" in after
    code, out, _ = run("avaliar", file, archive)
    assert "área ROC" in out and "não é um diagnóstico" in out
    assert "Nenhuma imagem traz máscaras" in out


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Um modelo que diz ter visto filmes reais, sem o treinar."""
    folder = tmp_path_factory.mktemp("treinado")
    model = models.build("mini-vgg", CLASSES, input_shape=(32, 32, 3))
    return models.save(models.describe(model, CLASSES, "real"), folder / "m.keras")


def class_folders(folder, seeds, name):
    for k, seed in enumerate(seeds):
        path = folder / CLASSES[k % 2] / name(k)
        path.parent.mkdir(parents=True, exist_ok=True)
        blurred = Image.fromarray(noise(seed, 5)).resize((64, 64))  # o ruído fino não se reconhece
        blurred.save(path)
    return folder


def recorded(file, model, folder, part="treino"):
    """Um registro em que todas as imagens de uma pasta foram a uma parte."""
    shutil.copy(model, file)
    paths = sorted(folder.glob("*/*"))
    rows = pd.DataFrame(
        {
            "path": list(map(str, paths)),
            "label": [path.parent.name for path in paths],
            "patient": [f"antes-{k}" for k in range(len(paths))],
            "part": part,
            "content": [content_of(path) for path in paths],
            "look": [
                record.look_of(np.repeat(np.asarray(Image.open(p))[..., None], 3, 2)) for p in paths
            ],
        }
    )
    record.write(rows, record.beside(file))
    return file


def test_what_was_seen_is_known_by_content_and_not_by_name(run, trained, tmp_path):
    old = class_folders(tmp_path / "velhas", range(4), lambda k: f"{k}.png")
    file = recorded(tmp_path / "m.keras", trained, old)
    renamed = class_folders(tmp_path / "a", [0, 1, 2, 3, 50, 51], lambda k: f"nova-{k}.png")
    code, out, err = run("avaliar", file, renamed)
    assert code == 0 and "4 imagens que foram ao treino" in err and "de 2 imagens" in out
    namesakes = class_folders(tmp_path / "b", range(60, 64), lambda k: f"{k}.png")
    code, out, err = run("avaliar", file, namesakes)
    assert code == 0 and "foram ao treino" not in err and "de 4 imagens" in out
    code, _, err = run("avaliar", file, old)
    assert code == 1 and "A rede viu todas as imagens" in err


def test_near_copies_of_the_training_are_a_warning(run, trained, tmp_path):
    old = class_folders(tmp_path / "velhas", range(4), lambda k: f"{k}.png")
    file = recorded(tmp_path / "m.keras", trained, old)
    for path in old.glob("*/*"):
        Image.open(path).convert("RGB").save(path.with_suffix(".bmp"))  # outros bytes
        path.unlink()
    code, out, err = run("avaliar", file, old)
    assert code == 0 and "de 4 imagens" in out
    assert "quase iguais a alguma do treino ou da validação: 4." in err


def test_a_class_folder_in_another_case_is_the_same_class(run, trained, tmp_path):
    folder = class_folders(tmp_path / "f", range(6), lambda k: f"{k}.png")
    (folder / "COVID-19").rename(folder / "covid-19")
    class_folders(tmp_path / "g", range(70, 72), lambda k: f"{k}.png")
    (tmp_path / "g" / "NORMAL").rename(folder / "Gripe")
    code, out, err = run("avaliar", trained, folder)
    assert code == 0 and "de 6 imagens" in out
    assert "Ficam de fora 1 imagens da classe Gripe" in err


def test_nothing_is_overwritten_unasked_and_what_is_not_ours_never(run, archive, tmp_path):
    file = tmp_path / "rede.keras"
    (tmp_path / "rede.csv").write_text("minhas notas")
    for options in ([], ["--sobrescrever"]):
        code, _, err = run("treinar", archive, "--saida", file, "--epocas", 1, *options)
        assert code == 1 and "não é a tabela de um treino" in err
    assert (tmp_path / "rede.csv").read_text() == "minhas notas" and not file.exists()
    (tmp_path / "rede.csv").unlink()
    file.write_bytes(b"um modelo")
    code, _, err = run("treinar", archive, "--saida", file, "--epocas", 1)
    assert code == 1 and "já existe" in err and file.read_bytes() == b"um modelo"
    assert run("treinar", archive, "--saida", file, "--epocas", 1, "--sobrescrever")[0] == 0
    assert models.load(file).covidcam.classes == CLASSES


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_training_that_is_stopped_leaves_nothing_behind(archive, tmp_path, number):
    command = "from covidcam.cli import main; main()"
    arguments = ["treinar", archive, "--saida", tmp_path / "saida" / "m.keras", "--epocas", 9999]
    process = subprocess.Popen(
        [sys.executable, "-c", command, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    while "divisão" not in process.stdout.readline():  # daqui em diante lê e treina
        assert process.poll() is None
    time.sleep(1)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode in (130, -number)
    assert not list((tmp_path / "saida").iterdir())


def test_another_backend_or_layout_of_keras_changes_nothing(run, trained, archive, tmp_path):
    (tmp_path / ".keras").mkdir()
    layout = '{"image_data_format": "channels_first", "backend": "jax", "floatx": "float64"}'
    (tmp_path / ".keras" / "keras.json").write_text(layout)
    assert run("avaliar", trained, archive, "--saida", tmp_path / "a.csv")[0] == 0
    command = [sys.executable, "-c", "from covidcam.cli import main; main()", "avaliar"]
    result = subprocess.run(
        [*command, trained, archive, "--saida", tmp_path / "b.csv"],
        env=os.environ | {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path / ".keras")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_names_of_classes_are_no_formulas_in_the_tables(run, trained, tmp_path):
    hostile = ("=cmd|' /C calc'!A0", "@b")
    model = models.describe(models.load(trained), hostile, "real")
    file = models.save(model, tmp_path / "m.keras")
    for k in range(4):
        folder = tmp_path / "f" / hostile[k % 2].replace("/", "\u2215")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(k)).save(folder / f"{k}.png")
    model = models.describe(model, [name.replace("/", "\u2215") for name in hostile], "real")
    models.save(model, file)
    assert run("avaliar", file, tmp_path / "f", "--saida", tmp_path / "a.csv")[0] == 0
    with open(tmp_path / "a.csv", newline="", encoding="utf-8-sig") as table:
        cells = [cell for row in csv.reader(table, delimiter=";") for cell in row]
    assert len(cells) > 12 and not [cell for cell in cells if cell[:1] in "=@+" and cell]


def test_the_area_is_that_of_the_pairs_in_order():
    """Das 2 × 3 duplas, cinco estão em ordem: 5/6; o intervalo, por pessoa, a contém."""
    is_class = np.array([True, True, False, False, False])
    score = np.array([0.9, 0.4, 0.5, 0.2, 0.1])
    mean, low, high = measures.area(is_class, score, np.arange(5))
    assert mean == pytest.approx(5 / 6) and low <= mean <= high and high - low > 0.1
    assert np.isnan(measures.area(np.ones(3, bool), score[:3], np.arange(3))[0])


def test_the_figures_of_real_films_are_withheld_from_a_network_of_phantoms(capsys):
    truth, said = np.array([0, 1, 0, 1]), np.eye(2)[[0, 1, 1, 1]]
    measures.report(CLASSES, truth, said, None, np.zeros(4, bool))
    out = capsys.readouterr().out
    assert "De 4 das 4 imagens não digo classe" in out
    assert not any(label in out for label in CLASSES) and "acertou" not in out
    measures.report(CLASSES, truth, said, None, np.array([True, True, False, False]))
    out = capsys.readouterr().out
    assert "acertou 2 de 2 imagens" in out and "De 2 das 4" in out
