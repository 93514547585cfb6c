"""A convolução compilada é a que está escrita em C, refeita onde há quem a compile."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "book/_static/laboratorio"
RUN = """async ({ kernel, plain }) => {
  const worker = startWorker({ ...laboratory.received.motor, kernel }, plain);
  const { engine } = await worker.started;
  const [described] = await laboratory.need("mini-vgg");
  await worker.ask("network", { name: "mini-vgg", described });
  const { rows, columns } = { rows: 90, columns: 90 };
  const film = Uint8Array.from({ length: rows * columns * 3 }, (_, i) => (i * 7919) % 251);
  const { logits } = await worker.ask("explain", { name: "mini-vgg", film });
  worker.end();
  return [engine, Array.from(logits)];
}"""


def recipe():
    """O comando escrito no alto do arquivo em C."""
    lines = (FOLDER / "conv.c").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if "clang --target" in line)
    command = " ".join(line.removeprefix("//").strip(" \\") for line in lines[start : start + 2])
    return command.split()


def test_the_recipe_is_written_where_the_source_is():
    assert recipe()[:2] == ["clang", "--target=wasm32"]
    assert recipe()[-3:] == ["-o", "conv.wasm", "conv.c"]


def test_the_kernel_is_small_and_asks_for_nothing_but_memory():
    content = (FOLDER / "conv.wasm").read_bytes()
    assert content[:4] == b"\0asm" and len(content) < 2000
    assert re.findall(rb"env|memory|convolve", content) == [b"env", b"memory", b"convolve"]


@pytest.mark.skipif(not shutil.which("clang") or not shutil.which("wasm-ld"), reason="sem clang")
def test_the_kernel_made_again_gives_the_same_answers(browser, tmp_path):
    shutil.copy(FOLDER / "conv.c", tmp_path)
    subprocess.run(recipe(), cwd=tmp_path, check=True)
    browser.start()
    answers = [
        browser.tab.evaluate(
            RUN, {"kernel": base64.b64encode(path.read_bytes()).decode(), "plain": False}
        )
        for path in (FOLDER / "conv.wasm", tmp_path / "conv.wasm")
    ]
    assert answers[0][0] == "WebAssembly"
    assert np.array_equal(answers[0][1], answers[1][1])
