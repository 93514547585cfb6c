"""As verificações publicadas: cada ação presa a um commit, e nenhuma permissão a mais."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w-]+(/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
ALLOWED = {
    ("publicar", "publicar"): {"pages": "write", "id-token": "write"},
    ("publicar", "cadernos"): {"contents": "write"},  # o ramo que o Colab abre
    ("lancar", "pypi"): {"id-token": "write"},
    ("lancar", "lancar"): {"contents": "write"},
}
each_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


@each_file
def test_actions_are_pinned_by_commit_with_their_version(file):
    lines = [line.strip(" -") for line in file.read_text("utf-8").splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not PINNED.match(line)] == []


@each_file
def test_permissions_are_the_least(file):
    text = yaml.safe_load(file.read_text("utf-8"))
    assert text["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text[True]  # o YAML lê a chave “on” como verdadeiro
    for name, job in text["jobs"].items():
        assert job.get("permissions") == ALLOWED.get((file.stem, name))
        assert job["timeout-minutes"] <= 120


def test_one_action_has_one_version():
    text = "".join(file.read_text("utf-8") for file in FILES)
    pins = set(re.findall(r"uses: (\S+)@(\w+)", text))
    assert len(pins) == len({action for action, _ in pins})


def test_only_whole_archives_are_kept():
    steps = yaml.safe_load((ROOT / ".github/workflows/publicar.yml").read_text("utf-8"))
    steps = steps["jobs"]["construir"]["steps"]
    keepers = [
        step.get("if")
        for step in steps
        if step.get("with", {}).get("path") == "dados" and "/restore@" not in step["uses"]
    ]
    assert keepers == ["env.COVIDCAM_FONTE == 'real'"]


def test_who_may_write_runs_no_code_of_the_repository():
    """Só quem constrói executa o que uma proposta pode ter mudado."""
    for file in FILES:
        for job in yaml.safe_load(file.read_text("utf-8"))["jobs"].values():
            if "write" in (job.get("permissions") or {}).values():
                used = [step.get("uses", "").split("@")[0] for step in job["steps"]]
                assert "actions/checkout" not in used
                assert not [s for s in job["steps"] if "python" in s.get("run", "")]


def test_every_script_a_workflow_runs_is_there():
    text = "".join(file.read_text("utf-8") for file in FILES)
    scripts = set(re.findall(r"\.ci/[\w.]+", text))
    assert len(scripts) > 4
    assert [name for name in scripts if not (ROOT / name).is_file()] == []
