"""A ajuda e os erros de uso de todos os comandos, e ``covidcam explicar`` como quem o chama."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

import covidcam
from covidcam.cli import say

CLASSES = ("COVID-19", "NORMAL")
COMMANDS = ("", "ambiente", "avaliar", "explicar", "fantoma", "treinar")
ENGLISH = (
    r"\b(Usage|Options|Commands|Arguments|Error|Missing|Invalid|Show|default|required|No such)\b"
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_portuguese_with_an_example(run, command):
    code, out, _ = run(*filter(None, [command]), "--help")
    assert code == 0 and "Uso: covidcam" in out and "Mostra esta ajuda e termina." in out
    assert not re.search(ENGLISH, out) and not re.search(r"<\w", out)
    assert run(*filter(None, [command]), "-h")[1] == out
    assert command in ("", "ambiente") or "Exemplo" in out


WRONG = {
    "falta o argumento": ["explicar"],
    "comando que não existe": ["explica"],
    "outro comando": ["desenho"],
    "opção que não existe": ["explicar", "x", "--cor"],
    "opção sem valor": ["explicar", "x", "--saida"],
    "fatia": ["explicar", "x", "--fatia", "3/2"],
    "fatia e agendador": ["explicar", "x", "--fatia", "1/2", "--agendador", "local"],
    "método": ["explicar", "x", "--metodo", "grad-cam,grad"],
    "método vazio": ["explicar", "x", "--metodo", ","],
    "não é inteiro": ["treinar", "x", "--epocas", "dez"],
    "pequeno demais": ["treinar", "x", "--epocas", "0"],
    "rede": ["treinar", "x", "--rede", "lenet"],
    "nome do modelo": ["treinar", "x", "--saida", "m.h5"],
    "método de avaliar": ["avaliar", "m.keras", "x", "--metodo", "grad"],
    "sobra": ["ambiente", "agora"],
    "imagem vazia": ["explicar", ""],
    "saída vazia": ["explicar", "x", "--saida", ""],
    "modelo vazio": ["explicar", "x", "--modelo", " "],
    "pasta vazia": ["treinar", ""],
    "semente": ["treinar", "x", "--semente", "9" * 20],
    "épocas": ["treinar", "x", "--epocas", "9" * 20],
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


def number(text):
    return float(text.replace(",", "."))


def explained(saida):
    with open(saida / "resultados.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=";"))


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
        assert 0 <= number(row["parte_dos_pulmoes"]) <= 1
        assert np.load(saida / row["mapa_grad-cam"]).ndim == 2
        assert Image.open(saida / row["sobreposicao_grad-cam"]).size == (64, 64)
    if source == "real":
        sums = [sum(number(row[f"probabilidade_{label}"]) for label in CLASSES) for row in rows]
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


def test_what_is_left_out_of_a_folder_is_counted(run, fake_eyes, keras_files, films, tmp_path):
    (films / "laudo.txt").write_text("texto")
    (films / ".DS_Store").write_bytes(b"x")
    (films / "outra").symlink_to(tmp_path)
    model = keras_files / "real.keras"
    code, _, err = run("explicar", films, "--modelo", model, "--saida", tmp_path / "s")
    assert code == 0
    assert "atalho para pasta: 1; escondido: 1; não é imagem (.txt): 1" in err


def test_another_patient_in_the_same_folder_is_refused(
    run, fake_eyes, keras_files, films, tmp_path
):
    model, saida = keras_files / "real.keras", tmp_path / "s"
    assert run("explicar", films, "--modelo", model, "--saida", saida)[0] == 0
    before = {path: path.read_bytes() for path in saida.rglob("*") if path.is_file()}
    films.rename(tmp_path / "outra pessoa")
    code, _, err = run("explicar", tmp_path / "outra pessoa", "--modelo", model, "--saida", saida)
    assert code == 1 and "as pastas das imagens" in err and "escolha outra --saida" in err
    assert before == {path: path.read_bytes() for path in before}


def test_a_shard_says_what_is_missing(run, fake_eyes, keras_files, films, tmp_path):
    arguments = ["explicar", films, "--modelo", keras_files / "real.keras", "--saida"]
    _, _, err = run(*arguments, tmp_path / "s", "--fatia", "1/2")
    assert "2 imagens explicadas, 0 recusadas, 1 por fazer" in err
    _, _, err = run(*arguments, tmp_path / "s", "--fatia", "2/2")
    assert "3 imagens explicadas, 0 recusadas:" in err


def test_a_scheduler_that_does_not_answer_is_said(run, fake_eyes, keras_files, films, tmp_path):
    arguments = [
        "explicar",
        films,
        "--modelo",
        keras_files / "real.keras",
        "--saida",
        tmp_path / "s",
    ]
    code, out, err = run(*arguments, "--agendador", "nada")
    assert code == 1 and not out and err.startswith("Erro: O agendador nada não responde")
    assert err.count("\n") == 1


def test_the_version_is_told(run):
    assert run("--version")[:2] == (0, f"covidcam {covidcam.__version__}\n")


def test_a_long_wait_is_announced_and_a_short_one_is_not(capsys):
    with say.announced("espere", after=0.01):
        time.sleep(0.2)
    with say.announced("não diga", after=60):
        pass
    assert capsys.readouterr().err == "espere\n"


def test_nothing_the_terminal_obeys_is_printed(capsys):
    say.say("nome\x1b[2J\x07.png [bold]x[/]")
    say.show("t", ["\x1b[1m"], [["[red]\x1b]0;a\x07"]])
    said = "".join(capsys.readouterr())
    assert "\x1b" not in said and "\x07" not in said and "[bold]x[/]" in said


INTERRUPTIONS = {"Ctrl-C": signal.SIGINT, "pedido do sistema": signal.SIGTERM}


@pytest.mark.parametrize("number", INTERRUPTIONS.values(), ids=INTERRUPTIONS)
def test_an_interruption_is_answered(tmp_path, number):
    """Noutro processo, com o comando a ler um cano em que ninguém escreve."""
    # quem roda a suíte em segundo plano a faz ignorar o Ctrl-C, e os filhos herdam isso
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, time; from covidcam.cli import app, main, portuguese\n"
        "@app.command(cls=portuguese.Command)\n"
        "def esperar(): print('já', flush=True); time.sleep(60)\n"
        "sys.argv = ['covidcam', 'esperar']; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "já\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == "Erro: Interrompido.\n"
