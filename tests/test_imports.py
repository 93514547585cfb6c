"""Quem importa quem: o TensorFlow só quando um modelo entra em cena, e as salas numa direção só."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import covidcam

PACKAGE = Path(covidcam.__file__).parent
EVERYTHING = None
MAY_IMPORT = {
    "errors": set(),
    "progress": set(),
    "settings": {"errors"},
    "store": {"errors", "progress"},
    "seeding": set(),
    "phantom": {"errors", "progress"},
    "datasets": {"errors", "progress"},
    "models": {"errors", "progress", "settings", "store", "seeding"},
    "lungs": {"errors", "progress", "settings", "store", "seeding", "phantom", "models"},
    "novelty": {"errors"},
    "cam": {"errors", "progress"},
    "evaluation": {"errors", "progress", "seeding", "cam"},
    "figures": {"errors", "cam", "evaluation"},
    "live": {"errors", "cam", "novelty"},
    "gradcam": {"errors", "cam"},
    "artefacts": EVERYTHING,
    "batch": EVERYTHING,
    "cli": EVERYTHING,
}
OF_THE_BOOK = {"sphinx", "myst_nb", "docutils"}
MODULES = [module.name for module in pkgutil.walk_packages(covidcam.__path__, "covidcam.")]


def imports(file):
    """Os nomes completos que um arquivo importa, em qualquer ponto dele."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: importação relativa"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name):
    return name.removeprefix("covidcam.").split(".")[0]


def rooms_imported(file):
    return {
        room(name)
        for name in imports(file)
        if name.startswith("covidcam.") and room(name) in map(room, MODULES)
    }


def loaded_slowly(statements):
    """O que demora segundos para carregar, e que só se carrega quando se usa."""
    slow = {"tensorflow", "keras", "sklearn", "scipy.stats", "scipy.ndimage", "distributed"}
    check = f"import sys; print(sorted({slow} & set(sys.modules)))"
    command = [sys.executable, "-c", f"{statements}; {check}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_and_its_rooms_loads_nothing_slow():
    assert len(MODULES) > 20
    assert loaded_slowly("; ".join(f"import {name}" for name in MODULES)) == "[]"


def test_asking_what_a_module_is_loads_no_tensorflow():
    asks = "from covidcam.cam import tf; assert not hasattr(tf, '__sphinx_mock__')"
    assert loaded_slowly(asks) == "[]"


def test_the_check_above_sees_what_is_loaded():
    assert loaded_slowly("import sys; sys.modules['keras'] = sys") == "['keras']"


@pytest.mark.parametrize("name", sorted({room(name) for name in MODULES}))
def test_rooms_import_one_way(name):
    assert name in MAY_IMPORT, f"{name} é nova: diga em MAY_IMPORT quem ela conhece"
    allowed = MAY_IMPORT[name]
    path = PACKAGE / name
    for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
        found = rooms_imported(file) - {name}
        assert allowed is EVERYTHING or found <= allowed, f"{file} importa {found - allowed}"


def test_the_order_has_no_way_back():
    rooms = list(MAY_IMPORT)
    for name, allowed in MAY_IMPORT.items():
        assert all(rooms.index(other) < rooms.index(name) for other in allowed or ())


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda f: f.stem)
def test_nothing_in_the_package_knows_the_book(file):
    assert not {name.split(".")[0] for name in imports(file)} & OF_THE_BOOK
