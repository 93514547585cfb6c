"""O laboratório do livro num Chromium: o tempo de uma resposta, os bytes e a memória.

    python -m benchmarks.live --site _build/html [--peers PASTA] [--rounds 30]

O classificador, de pesos sorteados, corre no nosso motor de dois modos, compilado e em JavaScript,
e ao lado dele nas bibliotecas que houver na pasta dada, onde alguém fez antes

    npm install onnxruntime-web @litertjs/core

Todos na mesma aba, com uma thread só (sem os cabeçalhos que um site estático não envia, não há
mais), do mesmo modelo do Keras e nos mesmos filmes, em rodadas alternadas. Para o onnxruntime-web o
modelo é escrito por tf2onnx. O que não estiver instalado é dito e pulado.

Depois, no site construído: a cadeia inteira de um filme; do aperto do botão ao primeiro mapa; os
bytes que cada estação traz, comprimidos como um servidor os comprime; e a memória depois de fechar.
Sai com erro se um limite não se cumpre.
"""

import argparse
import gzip
import importlib.util
import os
import statistics
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from playwright.sync_api import sync_playwright

from covidcam import live, models, phantom

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / ".ci"))

from check_browser import browser_path  # noqa: E402

OURS, PLAIN = "nosso, compilado", "nosso, JavaScript"
CHAINS = {"cadeia, compilada": 40, "cadeia, JavaScript": 250}  # e o limite de cada uma
SIZE = (237, 237)
PEERS = {"onnxruntime-web": "onnxruntime-web", "LiteRT.js": "@litertjs/core"}
STATIONS = ("hide", "guess", "plant", "dial", "break", "cheat", "own")
NETWORKS = ("modelo-2", "pulmoes", "botao-*")
OPENINGS = 5  # vezes que se abre a primeira estação, cada uma num navegador vazio
CLOSINGS = 4  # vezes que se abre e fecha a última
PAGE = """<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports": {
  "@litertjs/core": "./pares/@litertjs/core/dist/index.js",
  "@litertjs/wasm-utils": "./pares/@litertjs/wasm-utils/dist/index.js"}}</script>
<script src="livro/_static/laboratorio/laboratory.js"></script>
<script src="sorteada.js"></script><script src="live.js"></script>"""
ORT = '<script src="pares/onnxruntime-web/dist/ort.wasm.min.js"></script>'


class Silent(SimpleHTTPRequestHandler):
    """Um servidor de arquivos que não conta o que serve."""

    def log_message(self, *args):
        """Nada."""


@contextmanager
def served(folder):
    """O endereço de uma pasta, enquanto se usa."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def write_page(folder, site, peers):
    """A página da medida e a mesma rede nos três formatos.

    Devolve a rede e os nomes dos motores que há.
    """
    import keras
    import tensorflow as tf

    model = models.build("mini-vgg", phantom.LABELS)
    model(np.zeros((1, *model.input_shape[1:]), np.float32))  # a exportação exige que tenha corrido
    (folder / "livro").symlink_to(site.absolute())
    (folder / "live.js").write_text((HERE / "live.js").read_text("utf-8"), "utf-8")
    (folder / "sorteada.js").write_text(live.network_script("sorteada", model), "utf-8")
    found = []
    if peers:
        (folder / "pares").symlink_to((peers / "node_modules").absolute())
    for name, package in PEERS.items():
        if peers and (peers / "node_modules" / package).exists():
            found.append(name)
        else:
            print(f"{name}: não instalado, pulado")
    if "onnxruntime-web" in found and importlib.util.find_spec("tf2onnx") is None:
        found.remove("onnxruntime-web")
        print("onnxruntime-web: sem tf2onnx, pulado")
    if "onnxruntime-web" in found:
        model.export(str(folder / "rede.onnx"), format="onnx", verbose=False)
    if "LiteRT.js" in found:
        one = keras.Input(model.input_shape[1:], batch_size=1)  # ele exige um lote de tamanho fixo
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(one, model(one)))
        (folder / "rede.tflite").write_bytes(converter.convert())
    (folder / "vazia.html").write_text(PAGE + ORT * ("onnxruntime-web" in found), "utf-8")
    return model, [OURS, PLAIN, *found]


def compressed(site, addresses):
    """Quantos bytes um servidor envia por estes endereços, comprimidos quando isso ajuda."""
    total = 0
    for path in {unquote(urlsplit(address).path) for address in addresses}:
        data = (site / path.removeprefix("/livro/")).read_bytes()
        total += min(len(data), len(gzip.compress(data, 6)))
    return total


def opened(chromium, address, station):
    """Abre uma estação num navegador vazio.

    Devolve os pedidos até o botão, os depois dele e, salvo no quadro fechado, os milissegundos.
    """
    context, asked = chromium.new_context(locale="pt-BR"), []
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{address}/livro/book/laboratorio.html", wait_until="networkidle")
    tab.add_script_tag(path=HERE / "live.js")
    before = [url for url in asked if url.startswith("http")]
    milliseconds = None
    if station == "own":
        place = tab.locator(".laboratory[data-station=own]")
        place.get_by_role("button").click()
        place.frame_locator("iframe").get_by_text("Nenhum filme aberto").wait_for()
    else:
        milliseconds = tab.evaluate("press", station)
    after = [url for url in asked[len(before) :] if url.startswith("http")]
    context.close()
    return before, after, milliseconds


def memory(session):
    """Os MB dos processos do navegador, cada página partilhada contada uma vez."""
    total = 0
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        rows = Path(f"/proc/{process['id']}/smaps_rollup").read_text().splitlines()
        total += next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def close_and_weigh(chromium, address):
    """A memória antes de abrir a estação do filme do leitor, com o mapa dela à vista, e fechada."""
    film = {"name": "filme.png", "mimeType": "image/png", "buffer": png()}
    context = chromium.new_context(locale="pt-BR")
    tab = context.new_page()
    tab.goto(f"{address}/livro/book/laboratorio.html", wait_until="networkidle")
    page, browser = context.new_cdp_session(tab), chromium.new_browser_cdp_session()
    place = tab.locator(".laboratory[data-station=own]")

    def weigh():
        page.send("HeapProfiler.collectGarbage")
        tab.wait_for_timeout(1000)
        return memory(browser)

    weights = []
    for _ in range(CLOSINGS):
        before = weigh()
        place.get_by_role("button", name="Ligar a rede").click()
        frame = place.frame_locator("iframe")
        frame.locator("input[type=file]").set_input_files(film)
        frame.get_by_text("A estranheza é").wait_for()
        during = weigh()
        frame.get_by_role("button", name="Fechar e esquecer").click()
        place.locator("iframe").wait_for(state="detached")
        weights.append((before, during, weigh()))
    context.close()
    return weights


class Report:
    """O que se imprime, e se algum limite não se cumpriu."""

    failed = False

    def line(self, title, value, limit=None, more=""):
        """Uma medida e, se há, o limite dela."""
        verdict = "" if limit is None else f"   limite {limit:g}"
        if limit is not None and value > limit:
            self.failed, verdict = True, f"{verdict}   NÃO SE CUMPRE"
        print(f"{title:<44} {value:>10.4g}{more}{verdict}", flush=True)

    def times(self, title, values, limit=None):
        """A mediana de alguns tempos, em milissegundos."""
        span = f" ({min(values):.1f} a {max(values):.1f})"
        self.line(f"ms, {title}", statistics.median(values), limit, span)


def compare(report, tab, model, names, rounds):
    """Os motores do classificador, em rodadas alternadas, e a distância de cada um ao Keras."""
    found = tab.evaluate("measure", {"names": names, "rounds": rounds})
    films = np.repeat(np.array(found["films"], np.float32).reshape(-1, *SIZE, 1), 3, axis=-1)
    expected = model(films, training=False).numpy()
    for name in names:
        away = np.abs(np.array(found["answers"][name]) - expected).max()
        report.times(name, found["times"][name])
        report.line("   distância ao Keras, em probabilidade", away, 1e-3)
    peers = [name for name in names if name in PEERS]
    if peers:
        fastest = min(peers, key=lambda name: statistics.median(found["times"][name]))
        pairs = zip(found["times"][OURS], found["times"][fastest], strict=True)
        ratio = statistics.median(ours / other for ours, other in pairs)
        report.line(f"razão, {OURS} / {fastest}", ratio, 1.5)


def open_all(report, chromium, address, site):
    """O tempo até o primeiro mapa e os bytes de cada estação."""
    firsts = [opened(chromium, address, STATIONS[0])[2] for _ in range(OPENINGS)]
    report.times("do botão ao primeiro mapa", firsts, 1500)
    asked = {station: opened(chromium, address, station) for station in STATIONS}
    before = asked[STATIONS[0]][0]
    page = [url for url in before if "/laboratorio/" in url]
    report.line("KB antes do botão, só do laboratório", compressed(site, page) / 1e3)
    report.line("KB antes do botão, a página inteira", compressed(site, before) / 1e3, 350)
    for station, (_, after, _) in asked.items():
        report.line(f"KB até o primeiro mapa, {station}", compressed(site, after) / 1e3, 1000)
    folder = site / "_static/laboratorio"
    networks = [path for pattern in NETWORKS for path in sorted(folder.glob(f"{pattern}.js"))]
    addresses = [f"/livro/_static/laboratorio/{path.name}" for path in networks]
    for path, url in zip(networks, addresses, strict=True):
        report.line(f"KB da rede {path.stem}", compressed(site, [url]) / 1e3, 300)
    addresses += [url for _, after, _ in asked.values() for url in after]
    report.line("KB de tudo, depois do botão", compressed(site, addresses) / 1e3, 3000)


def main():
    """Mede tudo e imprime cada medida ao lado do seu limite."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--site", type=Path, default=Path("_build/html"))
    parser.add_argument("--peers", type=Path, help="pasta com node_modules")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        model, names = write_page(folder, options.site, options.peers)
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        with served(folder) as address:
            tab = chromium.new_page()
            tab.set_default_timeout(0)
            tab.goto(f"{address}/vazia.html")
            compare(report, tab, model, names, options.rounds)
            whole = {"names": list(CHAINS), "rounds": options.rounds}
            for name, times in tab.evaluate("measure", whole)["times"].items():
                report.times(name, times, CHAINS[name])
            tab.close()
            open_all(report, chromium, address, options.site)
            for before, during, after in close_and_weigh(chromium, address):
                print(f"memória, MB: {before:.0f} antes, {during:.0f} aberta, {after:.0f} fechada")
        chromium.close()
    sys.exit(report.failed)


def png():
    """Um fantoma como um arquivo."""
    import cv2

    return cv2.imencode(".png", phantom.radiograph(4, "NORMAL", 480).image)[1].tobytes()


if __name__ == "__main__":
    main()
