"""Uma página vazia num Chromium sem rede, aberta do disco, com o motor e redes pequenas ao lado."""

import base64
import os
import shutil

import numpy as np
import pytest
from live_site import CLASSES, ROOT, browser_path, laboratory, unlike_new
from playwright.sync_api import sync_playwright

from covidcam import live, models
from covidcam.lungs import network as lungs

SIDE = 90
BLANK = '<!doctype html><meta charset="utf-8"><script src="laboratorio/laboratory.js"></script>'
PREPARE = """async ({ plain, names }) => {
  await laboratory.need("motor", "panel");
  const worker = startWorker(laboratory.received.motor, plain);
  const { engine } = await worker.started;
  for (const name of names) {
    const [described] = await laboratory.need(name);
    await worker.ask("network", { name, described });
  }
  globalThis.worker = worker;
  return engine;
}"""
# Matrizes vão e vêm em base64: um JSON de números seria dez vezes maior.
ASK = """async ({ task, details }) => {
  const read = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const write = (bytes) => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 4096)
      text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(text);
  };
  const film = details.film && read(details.film);
  const file = "file" in details && new Blob([read(details.file)]);
  const done = await worker.ask(task, { ...details, ...(film && { film }), ...(file && { file }) });
  return Object.fromEntries(Object.entries(done).map(([name, value]) => [name,
    ArrayBuffer.isView(value)
      ? { type: value.constructor.name, bytes: write(new Uint8Array(value.buffer)) }
      : value]));
}"""
TYPES = {"Float32Array": np.float32, "Float64Array": np.float64, "Uint8Array": np.uint8}


class Browser:
    """Uma aba, e o que se pede ao trabalhador dela."""

    def __init__(self, tab, address):
        self.tab, self.address, self.started = tab, address, None

    def start(self, *names, plain=False):
        """Abre a página, com o motor compilado ou só o JavaScript; devolve qual dos dois."""
        if self.started != (names, plain):
            self.tab.goto(self.address)
            self.engine = self.tab.evaluate(PREPARE, {"plain": plain, "names": list(names)})
            self.started = names, plain
        return self.engine

    def ask(self, task, **details):
        for name, value in details.items():
            if isinstance(value, np.ndarray | bytes):
                details[name] = base64.b64encode(bytes(value)).decode()
        done = self.tab.evaluate(ASK, {"task": task, "details": details})
        return {
            name: np.frombuffer(base64.b64decode(value["bytes"]), TYPES[value["type"]])
            if isinstance(value, dict)
            else value
            for name, value in done.items()
        }


@pytest.fixture(scope="session")
def networks():
    """As três redes pequenas do livro e a dos pulmões, com pesos sorteados."""
    shape = (SIDE, SIDE, 3)
    made = {
        name: unlike_new(models.build(name, CLASSES, input_shape=shape))
        for name in ("mini-vgg", "mini-resnet", "mini-xception")
    }
    return {**made, "pulmoes": unlike_new(lungs.build())}


@pytest.fixture(scope="session")
def site(tmp_path_factory, networks):
    """A pasta do site: os arquivos do laboratório como o livro os publica."""
    folder = tmp_path_factory.mktemp("site")
    scripts = tmp_path_factory.mktemp("redes")
    for name, model in networks.items():
        classes = CLASSES if name != "pulmoes" else ()
        (scripts / f"{name}.js").write_text(live.network_script(name, model, classes), "utf-8")
    shutil.copytree(ROOT / "book/_static/laboratorio", folder / "laboratorio")
    laboratory.copy_networks(folder / "laboratorio", scripts)
    laboratory.write_engine(folder / "laboratorio")
    (folder / "vazia.html").write_text(BLANK, "utf-8")
    return folder


# Um por arquivo: o Playwright não abre dois na mesma thread, e o livro também tem o seu.
@pytest.fixture(scope="module")
def context():
    if browser_path() is None:
        pytest.skip("não há navegador")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox"], env={**os.environ}
        )
        context = chromium.new_context(locale="pt-BR")
        context.set_offline(True)
        yield context
        chromium.close()


@pytest.fixture(scope="module")
def browser(context, site):
    return Browser(context.new_page(), (site / "vazia.html").as_uri())


@pytest.fixture(scope="session")
def films():
    """Filmes em cores, sem nada de especial além de não serem lisos."""
    import cv2

    noise = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3)).astype(np.uint8)
    soft = [cv2.GaussianBlur(image, (0, 0), 6).astype(float) for image in noise]
    return np.stack([np.clip((image - 128) * 8 + 128, 0, 255) for image in soft]).astype(np.uint8)
