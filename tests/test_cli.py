"""O comando, num processo de verdade."""

import subprocess
import sys


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
