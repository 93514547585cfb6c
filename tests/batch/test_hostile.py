"""Nenhum arquivo do acervo hostil para os outros, estoura a memória ou escreve fora da saída."""

import multiprocessing
import os
import re
import resource
import sys

import hostile
import numpy as np
import pytest
from PIL import Image
from tiny_tools import explain_folder, fake_explain, fake_tools

from covidcam import cam, datasets
from covidcam.batch import collect

ENGLISH = re.compile(r"\b(cannot|image|file|the|is|of|truncated|unknown|size|not|data)\b", re.I)


def snapshot(root):
    """O que há fora da saída; o matplotlib guarda na casa as suas próprias fontes."""
    return {
        path: path.lstat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file() and not {"saida", "matplotlib"} & set(path.parts)
    }


def peak():
    """O pico de memória deste processo, em GB; o `ru_maxrss` de um filho herda o do pai."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as status:
            (line,) = (line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30


def explain_and_measure(folder, saida, results):
    """Noutro processo, para medir só a memória desta execução."""
    cam.explain = fake_explain
    table, refused = explain_folder([folder], saida, fake_tools())
    results.put((table.to_dict("records"), refused, peak()))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """O acervo explicado uma vez: o que se esperava, o que se viu, o que mudou em volta."""
    root = tmp_path_factory.mktemp("hostil")
    expected = hostile.write(root / "acervo")
    for name in ("casa", "temporários"):
        (root / name).mkdir()
    before = snapshot(root)
    old = {name: os.environ.get(name) for name in ("HOME", "TMPDIR")}
    os.environ |= {"HOME": str(root / "casa"), "TMPDIR": str(root / "temporários")}
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (root / "acervo", root / "saida", results)
    process = context.Process(target=explain_and_measure, args=arguments)
    process.start()
    rows, refused, most = results.get(timeout=120)
    process.join()
    for name, value in old.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    items = {item.path: item for item in collect([root / "acervo"], root / "saida").items}
    seen = {row["arquivo"]: row for row in rows}
    rows = {path: seen[items[str(path)].name] for path in expected}
    return {
        "expected": expected,
        "rows": rows,
        "count": len(seen),
        "refused": refused,
        "peak": most,
        "changed": snapshot(root).items() ^ before.items(),
        "saida": root / "saida",
    }


def test_the_corpus_is_large_enough(outcome):
    assert len(outcome["expected"]) >= 60 and outcome["count"] == len(outcome["expected"])


def test_each_file_works_or_is_refused_as_expected(outcome):
    found = {path: row["situacao"] == "explicada" for path, row in outcome["rows"].items()}
    assert found == outcome["expected"]


def test_a_refusal_is_one_clear_line(outcome):
    assert len(outcome["refused"]) == list(outcome["expected"].values()).count(False)
    for name, refusal in outcome["refused"]:
        assert refusal.startswith("A imagem ") and len(refusal) < 400, name
        assert "\n" not in name and "Traceback" not in refusal


def test_a_refusal_says_neither_where_the_file_is_nor_what_a_decoder_said(outcome):
    """O caminho pode ter o nome de um paciente; o decodificador fala inglês e cita o arquivo."""
    for name, refusal in outcome["refused"]:
        assert str(outcome["saida"].parent) not in refusal, name
        assert not ENGLISH.search(refusal), refusal


def test_the_memory_stays_under_two_gigabytes(outcome):
    assert 0.05 < outcome["peak"] < 2


def test_nothing_is_written_outside(outcome):
    assert not outcome["changed"]


def test_no_identifier_of_a_patient_reaches_an_output(outcome):
    files = [path for path in outcome["saida"].rglob("*") if path.is_file()]
    assert len(files) > 100
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in hostile.SECRETS if secret.encode() in content], path


# o centro da coluna j de 16 fica em (j + 1/2) · 60 / 16 - 1/2, e cada coluna vale 4 a mais
STEPS_OF_RAMP = np.array([((j + 0.5) * 60 / 16 - 0.5) * 4 for j in (0, 4, 8, 12)])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_generated_corpus_is_read_as_it_is_or_refused_in_one_line(tmp_path, monkeypatch, seed):
    """A rampa é escura à esquerda e clara à direita, em qualquer formato e com qualquer nome."""
    monkeypatch.setattr(cam, "explain", fake_explain)
    expected, ramps = hostile.write_generated(tmp_path / "acervo", seed)
    table, refused = explain_folder([tmp_path / "acervo"], tmp_path / "s", fake_tools())
    items = {item.path: item for item in collect([tmp_path / "acervo"], tmp_path / "s").items}
    rows = {row["arquivo"]: row for row in table.to_dict("records")}
    assert len(rows) == len(items) == len(expected) > 80
    wrong = {}
    for path, good in expected.items():
        row = rows[items[str(path)].name]
        if good is not None and (row["situacao"] == "explicada") != good:
            wrong[path.name] = row["motivo"]
        if row["situacao"] == "explicada" and path in ramps:
            seen = np.load(tmp_path / "s" / row["mapa_grad-cam"])
            steps = seen.mean(axis=0)  # as colunas 0, 4, 8 e 12 da imagem de 16 × 16
            # como está, ou esticada de 0 a 236 para de 0 a 255
            stretch = np.clip(steps @ STEPS_OF_RAMP / (STEPS_OF_RAMP @ STEPS_OF_RAMP), 1, 255 / 236)
            if np.abs(steps - stretch * STEPS_OF_RAMP).max() > 3:
                wrong[path.name] = steps.tolist()
    assert not wrong
    for name, refusal in refused:
        assert refusal.startswith("A imagem ") and "\n" not in name + refusal
        assert "Traceback" not in refusal and not ENGLISH.search(refusal), refusal


def grey(tmp_path, content, **options):
    (tmp_path / "a.dcm").write_bytes(content)
    return datasets.read_image(tmp_path / "a.dcm", **options)[..., 0].tolist()


STEPS = np.array([[0, 1000, 2000, 4000]], np.uint16)
DICOMS = {
    "12 bits": (hostile.dicom(STEPS, BitsStored=12, HighBit=11), [0, 64, 128, 255]),
    "MONOCHROME1": (
        hostile.dicom(STEPS, PhotometricInterpretation="MONOCHROME1"),
        [255, 191, 128, 0],
    ),
    # janela de 1000 a 3000: abaixo é preto, acima é branco, 2000 fica no meio
    "janela": (hostile.dicom(STEPS, WindowCenter=2000.5, WindowWidth=2001), [0, 0, 128, 255]),
    "rescale e janela": (
        hostile.dicom(
            STEPS, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3000.5, WindowWidth=4001
        ),
        [0, 0, 128, 255],
    ),
    # o enchimento fica preto e não conta como o menor valor
    "enchimento": (hostile.dicom(STEPS + 5, PixelPaddingValue=4005), [0, 128, 255, 0]),
}


@pytest.mark.parametrize("name", DICOMS)
def test_dicom_greys_are_those_computed_by_hand(tmp_path, name):
    content, expected = DICOMS[name]
    assert grey(tmp_path, content) == [expected]


def test_a_large_image_is_reduced_keeping_its_proportion(tmp_path):
    step = np.zeros((300, 1200), np.uint8)
    step[:, 600:] = 240
    Image.fromarray(step).save(tmp_path / "a.png")
    (tmp_path / "a.dcm").write_bytes(hostile.dicom(step.astype(np.uint16)))
    for name in ("a.png", "a.dcm"):
        small = datasets.read_image(tmp_path / name, longest=200)
        assert small.shape == (50, 200, 3)
        assert (small[:, :95] < 3).all() and (small[:, 105:] > 237).all()
    assert datasets.read_image(tmp_path / "a.png", longest=5000).shape == (300, 1200, 3)
