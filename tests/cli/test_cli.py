"""O comando, num processo de verdade."""

import subprocess
import sys

import pytest

from covidcam import cli
from covidcam.cli import portuguese


def run(*arguments, **options):
    command = [sys.executable, "-c", "from covidcam.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_environment_names_versions_and_folders():
    result = run("ambiente")
    assert result.returncode == 0
    assert "numpy" in result.stdout
    assert "COVIDCAM_CACHE" in result.stdout


def test_an_archive_is_written_once_and_never_over_another(tmp_path):
    folder = tmp_path / "acervo"
    options = ("--covid", 2, "--normal", 2, "--outras", 2)
    first = run("fantoma", folder, *options)
    assert first.returncode == 0, first.stderr
    assert (folder / "phantom.csv").is_file()
    before = sorted(folder.rglob("*"))
    again = run("fantoma", folder, *options)
    assert again.returncode == 1
    assert str(folder.name) in again.stderr
    assert "Traceback" not in again.stderr
    assert sorted(folder.rglob("*")) == before


def test_wrong_usage_ends_with_two():
    assert run("fantoma").returncode == 2
    assert run("desenho").returncode == 2


def test_a_value_that_is_no_choice_is_said_in_portuguese():
    said = "Invalid value for 'acervo': Value error, 'x' is not one of 'cohen', 'tudo'."
    assert portuguese.usage_error(said) == "O valor de acervo não é um destes: 'cohen', 'tudo'."


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (FileExistsError(17, "File exists", "saida"), 1, "saida: já existe e não é uma pasta."),
        (PermissionError(13, "Permission denied", "x.csv"), 1, "x.csv: falta permissão."),
        (KeyboardInterrupt(), 130, "Interrompido."),
    ],
)
def test_what_the_system_refuses_ends_in_one_portuguese_line(
    monkeypatch, capsys, error, status, said
):
    def fail(**options):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    assert said in capsys.readouterr().err
