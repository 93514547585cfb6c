"""As verificações publicadas: cada ação presa a um commit, e nenhuma permissão a mais."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w-]+(/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
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
        allowed = {"pages": "write", "id-token": "write"} if name == "publicar" else None
        assert job.get("permissions") == allowed
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
