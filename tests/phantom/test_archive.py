"""O arquivo escrito: leiautes, defeitos, verdade, o botão de confusão, e o que é recusado."""

import errno
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covidcam.errors import DataError, InputError
from covidcam.phantom import archive, write_archive

COUNTS = {"COVID-19": 10, "NORMAL": 5, "OUTRAS": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("fantoma") / "dados", COUNTS, 7)


@pytest.fixture(scope="module")
def metadata(folder):
    return pd.read_csv(folder / "covid-chestxray-dataset/metadata.csv")


def test_cohen_layout(folder, metadata):
    assert list(metadata.columns[:-1]) == archive.COLUMNS
    assert str(metadata.columns[-1]).startswith("Unnamed")
    images = folder / "covid-chestxray-dataset/images"
    covid = metadata[
        metadata.finding.str.contains("COVID-19")
        & metadata.view.isin(["PA", "AP", "AP Supine"])
        & (metadata.modality == "X-ray")
    ]
    readable = [name for name in covid.filename if (images / name).exists()]
    assert len(readable) == COUNTS["COVID-19"] + 1  # mais o truncado
    assert metadata.filename.is_unique


def test_the_trouble_is_there(folder, metadata):
    images = folder / "covid-chestxray-dataset/images"
    absent = [n for n in metadata.filename if not (images / n).exists()]
    assert absent and all(not n.endswith(".gz") for n in absent)
    assert {"L", "Axial"} <= set(metadata.view)
    assert {"CT", "X-ray"} == set(metadata.modality)
    assert {"todo", "Unknown"} <= set(metadata.finding)
    assert metadata.finding.str.contains("No Finding").any()
    assert metadata.filename.str.endswith(".nii.gz").any()
    broken = metadata[metadata.other_notes == "arquivo truncado"].filename
    assert len(broken) == 1
    with pytest.raises(OSError):
        Image.open(images / broken.iloc[0]).load()
    assert metadata.patientid.duplicated().any()


def test_modes_and_sizes(folder):
    good = [p for p in (folder / "covid-chestxray-dataset/images").iterdir() if p.suffix != ".gz"]
    modes, sides = set(), []
    for path in good:
        try:
            with Image.open(path) as image:
                image.load()
                modes.add(image.mode)
                sides.append(max(image.size))
        except OSError:
            continue
    assert len(modes) >= 4 and "CMYK" in modes
    assert min(sides) >= 240 and max(sides) <= 420 and len(set(sides)) > 5


def test_kermany_layout(folder):
    root = folder / "chest_xray"
    for label in ("NORMAL", "PNEUMONIA"):
        films = {
            part: sorted(p.name for p in (root / part / label).iterdir())
            for part in ("train", "test")
        }
        assert len(films["train"]) + len(films["test"]) == 5
        number = {part: {archive_number(name) for name in names} for part, names in films.items()}
        assert not number["train"] & number["test"]
    assert (root / ".DS_Store").exists()


def archive_number(name):
    if name.startswith("person"):
        return name.split("_")[0]
    return name.split("IM-")[1].split("-")[0]


def test_every_frontal_film_has_its_truth(folder):
    table = pd.read_csv(folder / "phantom.csv")
    assert table.path.is_unique
    for row in table.itertuples():
        film = cv2.imread(str(folder / row.path), cv2.IMREAD_GRAYSCALE)
        assert film is not None
        base = folder / "masks" / row.path
        if row.view in ("L", "Axial"):
            assert not base.with_name(base.name + ".lungs.png").exists()
            continue
        lesions = cv2.imread(f"{base}.lesions.png", cv2.IMREAD_UNCHANGED)
        thickness = cv2.imread(f"{base}.thickness.png", cv2.IMREAD_UNCHANGED)
        lungs = cv2.imread(f"{base}.lungs.png", cv2.IMREAD_UNCHANGED)
        assert film.shape == lesions.shape == thickness.shape == lungs.shape
        assert thickness.dtype == np.uint16 and set(np.unique(lungs)) == {0, 255}
        assert np.array_equal(lesions > 0, thickness > 0)
        assert (row.label == "NORMAL") == (not lesions.any())


def test_same_seed_same_files_whatever_the_workers(folder, tmp_path, monkeypatch):
    parallel = archive.joblib.Parallel
    monkeypatch.setattr(archive.joblib, "Parallel", lambda n_jobs, **k: parallel(n_jobs=1, **k))
    again = write_archive(tmp_path / "dados", COUNTS, 7)
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in names)


@pytest.mark.parametrize("confounding", [0.0, 1.0])
def test_confounding_dial(confounding):
    """O plano basta: em 1 o modo segue a coleção; em 0 não sabe dela."""
    jobs, _ = archive.plan({"COVID-19": 300, "NORMAL": 150, "OUTRAS": 150}, 3, confounding)
    adult = {
        name: np.mean([job.look == "adulto" for job in jobs if job.path.startswith(name)])
        for name in (archive.COHEN, archive.KERMANY)
    }
    if confounding:
        assert adult == {archive.COHEN: 1, archive.KERMANY: 0}
    else:
        assert abs(adult[archive.COHEN] - adult[archive.KERMANY]) < 0.15


def test_the_dial_refilms_the_same_people():
    """Girar o botão não troca pacientes, sementes nem nomes."""
    one, other = (archive.plan(COUNTS, 3, dial)[0] for dial in (0.0, 1.0))
    assert [(j.path, j.seed, j.patient, j.label) for j in one] == [
        (j.path, j.seed, j.patient, j.label) for j in other
    ]
    assert any(a.look != b.look for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"COVID-19": -1}, "-1"),
        ({"GRIPE": 3}, "GRIPE"),
        ({"NORMAL": 2.5}, "2.5"),
        ({"NORMAL": True}, "True"),
        ([1, 2, 3], "dicionário"),
    ],
)
def test_bad_counts(tmp_path, counts, said):
    with pytest.raises(InputError, match=said):
        write_archive(tmp_path / "dados", counts, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dial", [-0.1, 1.5, "muito"])
def test_bad_dial(tmp_path, dial):
    with pytest.raises(InputError, match="confounding"):
        write_archive(tmp_path / "dados", {"NORMAL": 1}, 1, dial)


def test_occupied_folder_is_not_touched(tmp_path):
    (tmp_path / "meu.txt").write_text("importante")
    with pytest.raises(DataError, match="vazia"):
        write_archive(tmp_path, {"NORMAL": 1}, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["meu.txt"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="sem /proc, onde nem o root escreve")
def test_folder_not_writable():
    with pytest.raises(DataError, match="Não se pode escrever em /proc"):
        write_archive("/proc/dados", {"NORMAL": 1}, 1)


def test_disk_full_in_the_middle_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive, "write_film", full)
    with pytest.raises(DataError, match="parou: o disco encheu"):
        write_archive(tmp_path / "dados", {"NORMAL": 1}, 1)
    assert not list(tmp_path.iterdir())


def test_parent_that_is_a_file(tmp_path):
    (tmp_path / "arquivo").write_text("x")
    with pytest.raises(DataError, match="escrever"):
        write_archive(tmp_path / "arquivo" / "dados", {"NORMAL": 1}, 1)


def test_killed_run_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "write_film", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_archive(tmp_path / "dados", {"NORMAL": 2}, 1)
    assert not list(tmp_path.iterdir())
