"""O laboratório no Firefox da distribuição, aberto do disco: as estações 1 e 7, feitas uma vez.

    python -m benchmarks.firefox --site _build/html [--firefox firefox-esr]

O Firefox é guiado pelo WebDriver BiDi que ele próprio fala. Imprime o que cada estação disse e em
quanto tempo, e sai com erro se uma não fez o que devia, se a classe foi dita onde não se diz, ou se
a página pediu alguma coisa fora do disco.
"""

import argparse
import asyncio
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
from tornado.websocket import websocket_connect

from covidcam import phantom

PATIENCE = 60  # segundos que se espera por uma frase
LOCAL = ("file:", "data:", "blob:", "about:", "resource:", "chrome:")


class Firefox:
    """Uma conversa em WebDriver BiDi."""

    def __init__(self, socket):
        self.socket, self.numbers, self.asked = socket, itertools.count(1), []

    async def send(self, method, **params):
        """Pede uma coisa e espera a resposta; os pedidos que a página faz são anotados."""
        number = next(self.numbers)
        await self.socket.write_message(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            said = json.loads(await self.socket.read_message())
            if said.get("method") == "network.beforeRequestSent":
                self.asked.append(said["params"]["request"]["url"])
            if said.get("id") == number:
                if said["type"] == "error":
                    raise RuntimeError(f"{method}: {said['message']}")
                return said["result"]

    async def call(self, context, function, *arguments):
        """O que uma função devolve na página."""
        values = [{"type": "string", "value": value} for value in arguments]
        answer = await self.send(
            "script.callFunction",
            functionDeclaration=function,
            awaitPromise=True,
            target={"context": context},
            arguments=values,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"]

    async def find(self, context, selector, text=""):
        """O primeiro elemento de um seletor que contém um texto, quando ele vier."""
        look = """(selector, text) => [...document.querySelectorAll(selector)]
          .find((node) => node.textContent.includes(text))"""

        async def found():
            return (await self.call(context, look, selector, text)).get("sharedId")

        return {"sharedId": await patiently(found, f"não há {selector} com “{text}”")}

    async def press(self, context, element, *moves):
        """Aperta o mouse num elemento, o leva por aí e solta."""
        await self.call_on(context, element, "node => node.scrollIntoView({ block: 'center' })")
        origin = {"type": "element", "element": element}
        go = [
            {"type": "pointerMove", "x": x, "y": y, "origin": origin} for x, y in moves or [(0, 0)]
        ]
        down, up = ({"type": f"pointer{end}", "button": 0} for end in ("Down", "Up"))
        actions = [{"type": "pointer", "id": "mouse", "actions": [go[0], down, *go[1:], up]}]
        await self.send("input.performActions", context=context, actions=actions)

    async def call_on(self, context, element, function):
        """Uma função de um elemento."""
        await self.send(
            "script.callFunction",
            functionDeclaration=function,
            awaitPromise=False,
            target={"context": context},
            arguments=[element],
        )

    async def says(self, context, place, words):
        """Espera que a página diga umas palavras; devolve a frase e os segundos."""
        start = time.monotonic()
        read = "(place) => document.querySelector(`${place} [role=status]`)?.textContent ?? ''"

        async def said():
            sentence = (await self.call(context, read, place))["value"]
            return sentence if re.search(words, sentence) else None

        return await patiently(said, f"não se disse “{words}”"), time.monotonic() - start


async def patiently(look, trouble):
    """O que se procura, assim que houver."""
    end = time.monotonic() + PATIENCE
    while not (found := await look()):
        if time.monotonic() > end:
            raise RuntimeError(f"em {PATIENCE} s, {trouble}")
        await asyncio.sleep(0.02)
    return found


async def hide(firefox, tab):
    """A estação 1: ligar, esconder a lesão, e pintar."""
    place = ".laboratory[data-station=hide]"
    await firefox.press(tab, await firefox.find(tab, f"{place} button", "Ligar a rede"))
    yield await firefox.says(tab, place, "No filme intacto, a rede diz")
    for name, words in (
        ("Esconder a lesão", "com a lesão escondida"),
        ("A mesma forma", "escondida em outro lugar"),
    ):
        await firefox.press(tab, await firefox.find(tab, f"{place} button", name))
        yield await firefox.says(tab, place, words)
    canvas = await firefox.find(tab, f"{place} canvas")
    await firefox.press(tab, canvas, (-40, -40), (0, 0), (40, 40))
    yield await firefox.says(tab, place, "com o que você escondeu")


async def own(firefox, tab, film):
    """A estação 7: ligar, abrir um filme no quadro fechado, ver o mapa, fechar."""
    place = ".laboratory[data-station=own]"
    await firefox.press(tab, await firefox.find(tab, f"{place} button", "Ligar a rede"))
    children = await patiently(partial(frames, firefox, tab), "o quadro fechado não veio")
    frame = children[0]["context"]
    yield await firefox.says(frame, "main", "Nenhum filme aberto")
    chooser = await firefox.find(frame, "input[type=file]")
    await firefox.send("input.setFiles", context=frame, element=chooser, files=[str(film)])
    said, seconds = await firefox.says(frame, "main", "A estranheza é .*A resposta da rede não é")
    if any(name in said for name in phantom.LABELS):
        raise RuntimeError(f"a classe foi dita: {said}")
    yield said, seconds
    await firefox.press(frame, await firefox.find(frame, "button", "Fechar e esquecer"))
    start = time.monotonic()

    async def gone():
        return not await frames(firefox, tab)

    await patiently(gone, "o quadro não se fechou")
    yield "O quadro se fechou.", time.monotonic() - start


async def frames(firefox, tab):
    """Os quadros de uma aba."""
    tree = await firefox.send("browsingContext.getTree", root=tab)
    return tree["contexts"][0]["children"]


async def talk(port, site, film):
    """Faz as duas estações, e devolve o que se pediu fora do disco."""

    async def listening():
        return port.exists() and json.loads(port.read_text())

    where = await patiently(listening, "o Firefox não começou")
    address = f"ws://{where['ws_host']}:{where['ws_port']}/session"
    firefox = Firefox(await websocket_connect(address))
    session = await firefox.send("session.new", capabilities={})
    print("Firefox", session["capabilities"]["browserVersion"])
    await firefox.send("session.subscribe", events=["network.beforeRequestSent"])
    tab = (await firefox.send("browsingContext.getTree"))["contexts"][0]["context"]
    page = (site / "book/laboratorio.html").absolute().as_uri()
    await firefox.send("browsingContext.navigate", context=tab, url=page, wait="complete")
    for title, station in (("1", hide(firefox, tab)), ("7", own(firefox, tab, film))):
        async for said, seconds in station:
            print(f"estação {title}, {seconds:.2f} s: {said}", flush=True)
    await firefox.send("browser.close")
    return [url for url in firefox.asked if not url.startswith(LOCAL)]


def main():
    """Abre o Firefox, faz as duas estações e sai com erro se algo não foi como devia."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--site", type=Path, default=Path("_build/html"))
    parser.add_argument("--firefox", default="firefox-esr")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "filme.png")
        cv2.imwrite(str(film), phantom.radiograph(4, "NORMAL", 480).image)
        command = [options.firefox, "--headless", "--profile", folder, "--remote-debugging-port=0"]
        quiet = subprocess.DEVNULL
        port = Path(folder, "WebDriverBiDiServer.json")  # onde ele diz em que porta escuta
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
            try:
                outside = asyncio.run(talk(port, options.site, film))
            finally:
                process.terminate()
    print("\n".join(f"pedido fora do disco: {url}" for url in outside) or "Nada fora do disco.")
    sys.exit(bool(outside))


if __name__ == "__main__":
    main()
