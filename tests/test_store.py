"""O depósito: a chave, a interrupção, dois processos ao mesmo tempo e a faxina."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from covidcam import store

DAY = 24 * 3600


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Um pacote de mentira: um módulo e uma sala com um arquivo numa subpasta."""
    root = tmp_path / "pacote"
    (root / "room" / "inner").mkdir(parents=True)
    (root / "single.py").write_text("a = 1\n")
    (root / "room" / "one.py").write_text("b = 1\n")
    (root / "room" / "inner" / "two.py").write_text("c = 1\n")
    monkeypatch.setattr(store, "PACKAGE", root)
    return root


def keep(root, parameters=(("seed", 1),), code=("single", "room"), make=lambda folder: None):
    return store.keep(root / "cache", "coisa", dict(parameters), code, make)


def complete(root):
    """As pastas que têm nome de artefato pronto."""
    return [path for path in (root / "cache/artefatos/coisa").iterdir() if not path.suffix]


def test_what_is_made_once_is_not_made_again(tmp_path, package):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "a.txt").write_text("pronto")

    first, second = keep(tmp_path, make=make), keep(tmp_path, make=make)
    assert first == second and len(made) == 1
    assert (first / "a.txt").read_text() == "pronto"


def test_key_follows_the_parameters(tmp_path, package):
    base = keep(tmp_path, {"seed": 1, "name": "é"})
    assert keep(tmp_path, {"name": "é", "seed": 1}) == base  # a ordem não conta
    others = [{"seed": 2, "name": "é"}, {"seed": 1, "name": "e"}, {"seed": 1}]
    assert len({base, *(keep(tmp_path, parameters) for parameters in others)}) == 4


@pytest.mark.parametrize("file", ["single.py", "room/one.py", "room/inner/two.py"])
def test_key_follows_the_bytes_of_the_code(tmp_path, package, file):
    base = keep(tmp_path)
    content = (package / file).read_bytes()
    (package / file).write_bytes(content + b"#\n")
    assert keep(tmp_path) != base
    (package / file).write_bytes(content)  # outra data, os mesmos bytes
    assert keep(tmp_path) == base


def test_key_follows_new_and_renamed_files(tmp_path, package):
    base = keep(tmp_path)
    new = package / "room" / "three.py"
    new.write_text("")
    assert keep(tmp_path) != base
    new.unlink()
    (package / "room" / "one.py").rename(package / "room" / "uno.py")
    assert keep(tmp_path) != base


def test_key_ignores_what_the_artefact_does_not_use(tmp_path, package):
    base = keep(tmp_path, code=("room",))
    (package / "single.py").write_text("a = 2\n")
    (package / "room" / "notes.txt").write_text("nada de código")
    (package / "room" / "__pycache__").mkdir()
    (package / "room" / "__pycache__" / "one.cpython-311.pyc").write_bytes(b"x")
    assert keep(tmp_path, code=("room",)) == base


def test_key_follows_the_versions_of_the_libraries(tmp_path, package, monkeypatch):
    base = keep(tmp_path)
    monkeypatch.setattr(store, "library_versions", lambda: {"numpy": "0.1"})
    assert keep(tmp_path) != base


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failing_make_leaves_nothing(tmp_path, package, error):
    def fail(folder):
        (folder / "half.txt").write_text("metade")
        raise error

    with pytest.raises(error):
        keep(tmp_path, make=fail)
    assert [path.suffix for path in (tmp_path / "cache/artefatos/coisa").iterdir()] == [".lock"]
    assert list(keep(tmp_path).iterdir()) == []  # e a próxima vez parte do zero


SLOW = """
import sys, time
from pathlib import Path
from covidcam import store

root, name = Path(sys.argv[1]), sys.argv[2]

def make(folder):
    (folder / "half.txt").write_text("metade")
    (root / f"{name}-no-meio").touch()
    while not (root / "termine").exists():
        time.sleep(0.01)
    (folder / "whole.txt").write_text("inteiro")

(root / f"{name}-vai-pedir").touch()
print(store.keep(root / "cache", "coisa", {"seed": 1}, ["errors"], make))
"""


def start(root, name):
    """Outro processo que pede o artefato e só o termina quando existir o arquivo ``termine``."""
    command = [sys.executable, "-c", SLOW, str(root), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path):
    limit = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < limit, f"{path} não apareceu"
        time.sleep(0.02)


def test_a_killed_make_leaves_nothing_that_looks_complete(tmp_path):
    victim = start(tmp_path, "vítima")
    wait_for(tmp_path / "vítima-no-meio")
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert list(tmp_path.glob("cache/artefatos/coisa/*/half.txt"))  # morreu mesmo no meio
    assert complete(tmp_path) == []

    (tmp_path / "termine").touch()
    survivor = start(tmp_path, "sobrevivente")
    folder = survivor.communicate(timeout=60)[0].strip()
    assert survivor.returncode == 0
    assert [str(path) for path in complete(tmp_path)] == [folder]
    assert (complete(tmp_path)[0] / "whole.txt").read_text() == "inteiro"


def test_two_processes_at_once_make_it_once(tmp_path):
    first = start(tmp_path, "primeiro")
    wait_for(tmp_path / "primeiro-no-meio")
    second = start(tmp_path, "segundo")
    wait_for(tmp_path / "segundo-vai-pedir")
    time.sleep(0.5)  # o bastante para entrar, se nada o impedisse
    (tmp_path / "termine").touch()
    folders = {process.communicate(timeout=60)[0] for process in (first, second)}
    assert first.returncode == second.returncode == 0
    assert len(folders) == 1
    assert not (tmp_path / "segundo-no-meio").exists()


def age(folder, days):
    os.utime(folder, times=(time.time() - days * DAY,) * 2)


def test_sweep_removes_what_nobody_used_for_thirty_days(tmp_path, package):
    names = {31: {"seed": 31}, 29: {"seed": 29}, 40: {"seed": 40}}
    folders = {days: keep(tmp_path, parameters) for days, parameters in names.items()}
    for days, folder in folders.items():
        age(folder, days)
    used_again = keep(tmp_path, names[40])
    assert not folders[31].exists()
    assert folders[29].exists() and used_again.exists()
    assert time.time() - used_again.stat().st_mtime < DAY


def test_sweep_clears_the_rest_of_an_old_interruption(tmp_path, package):
    rest = keep(tmp_path, {"seed": 0}).with_name("abc.partial")
    rest.mkdir()
    (rest / "half.txt").write_text("metade")
    age(rest, 31)
    keep(tmp_path)
    assert not rest.exists()


def test_sweep_spares_what_another_process_holds(tmp_path, package):
    busy = keep(tmp_path, {"seed": 0})
    age(busy, 31)
    with FileLock(busy.with_suffix(".lock")):
        keep(tmp_path)
    assert busy.exists()


def test_an_interrupted_sweep_leaves_nothing_that_looks_complete(tmp_path, package, monkeypatch):
    old = keep(tmp_path, {"seed": 0}, make=lambda folder: (folder / "a.txt").write_text("a"))
    age(old, 31)
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **options: None)  # nem começou a apagar
    keep(tmp_path)
    assert not old.exists()


def test_listing_sees_a_file_enter_leave_and_change(tmp_path):
    states = [store.listing(tmp_path)]
    for change in (
        lambda: (tmp_path / "a.png").write_bytes(b"1"),
        lambda: (tmp_path / "a.png").write_bytes(b"22"),
        lambda: os.utime(tmp_path / "a.png", ns=(1, 1)),
        lambda: (tmp_path / "a.png").rename(tmp_path / "b.png"),
    ):
        change()
        states.append(store.listing(tmp_path))
    assert len(set(states)) == 5
    (tmp_path / "b.png").unlink()
    assert store.listing(tmp_path) == states[0]
