"""O que se instala: o wheel e o sdist têm os arquivos do pacote, todos e mais nenhum, e se leem.

    python .ci/check_package.py [pasta]

Constrói os dois em `pasta` (por padrão, ``dist``), que precisa estar vazia ou não existir, e
confere o que há neles com o que o git guarda. O wheel é feito do sdist: o que falta num falta no
outro.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BESIDE = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"}
MADE = ("PKG-INFO", "setup.cfg", "covidcam.egg-info/")  # o setuptools os escreve


def tracked():
    """Os arquivos do pacote que o git guarda."""
    listed = subprocess.run(
        ["git", "ls-files", "covidcam"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


def in_wheel(path):
    """Os arquivos de um wheel, fora os que descrevem a instalação."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def in_sdist(path):
    """Os arquivos de um sdist, fora os que o setuptools escreve."""
    with tarfile.open(path) as archive:
        files = [member.name.partition("/")[2] for member in archive if member.isfile()]
    return {name for name in files if not name.startswith(MADE)}


def problems(folder):
    """O que não está como deveria, uma linha para cada coisa."""
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    package = tracked()
    for name, found, expected in (
        (wheel.name, in_wheel(wheel), package),
        (sdist.name, in_sdist(sdist), package | BESIDE),
    ):
        yield from (f"{name}: falta {missing}" for missing in sorted(expected - found))
        yield from (f"{name}: sobra {extra}" for extra in sorted(found - expected))


def main():
    """Constrói, confere e diz o que achou; a saída é 1 se achou alguma coisa."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve()
    if folder.is_dir() and any(folder.iterdir()):
        sys.exit(f"A pasta {folder} não está vazia; escolha outra.")
    python = [sys.executable, "-m"]
    subprocess.run([*python, "build", "--outdir", folder, ROOT], check=True)
    subprocess.run([*python, "twine", "check", "--strict", *folder.iterdir()], check=True)
    found = list(problems(folder))
    print("\n".join(found) or f"Em {folder}, um wheel e um sdist inteiros.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
