"""Cada estação do laboratório, feita como quem lê a faria: com o mouse e só com o teclado."""

import io
import re
import shutil
import socket
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from live_site import AXE, CLASSES, ROOT, laboratory, unlike_new
from PIL import Image
from playwright.sync_api import expect

from covidcam import live, models, novelty, phantom
from covidcam.artefacts.films import Films
from covidcam.artefacts.laboratory import colours, described, films_script

STATIONS = ("hide", "guess", "plant", "dial", "break", "cheat", "own")
TWO = ("COVID-19", "NORMAL")
PAGE = """<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><title>Laboratório</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>Laboratório</h1>{places}
</main><script src="laboratorio/laboratory.js"></script></body></html>"""
FORGOTTEN = 300_000  # bytes: menos do que qualquer uma das redes
PLACE = '<div class="laboratory" data-station="{}"></div>'


def filmed(side, cases):
    """Fantomas, com as suas máscaras."""
    made = [phantom.radiograph(seed, label, side, look=look) for seed, label, look in cases]
    return Films(
        images=np.repeat(np.stack([film.image for film in made])[..., None], 3, axis=-1),
        lungs=np.stack([film.lungs for film in made]),
        lesions=np.stack([film.lesions for film in made]),
        rows=pd.DataFrame(
            {"label": [label for _, label, _ in cases], "modo": [look for *_, look in cases]}
        ),
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory, networks):
    """O laboratório inteiro, com redes sorteadas e poucos filmes."""
    folder, scripts = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("redes")

    def write(name, text):
        (scripts / f"{name}.js").write_text(text, "utf-8")

    write(
        "modelo-2",
        live.network_script("modelo-2", unlike_new(models.build("mini-vgg", CLASSES)), CLASSES),
    )
    write("pulmoes", live.network_script("pulmoes", networks["pulmoes"]))
    small = models.build("mini-vgg", TWO, input_shape=(64, 64, 3))
    for dial in (0, 25, 50, 75, 100):
        name = f"botao-{dial}"
        write(name, live.network_script(name, unlike_new(small, seed=dial), TWO))
    usual = novelty.UsualFilms(np.full(288, 0.06), np.eye(288), 10.0)
    write("estranheza", live.score_script("estranheza", usual))
    write("cores", live.script("cores", colours()))
    films = filmed(237, [(1, "COVID-19", "adulto"), (2, "NORMAL", "infantil")])
    write("filmes", films_script("filmes", list(described(films, films.images // 2)), 237))
    cases = [(k, TWO[k % 2], look) for k in (2, 3) for look in ("infantil", "adulto")]
    write("filmes-botao", films_script("filmes-botao", list(described(filmed(64, cases))), 64))
    dials = [
        {"dial": k / 4, "confounded": 0.8 + k / 20, "unconfounded": 0.8 - k / 20, "energy": 2.0}
        for k in range(5)
    ]
    names = [step["name"] for step in live.export(small).steps if "name" in step]
    broken = {name: {"likeness": 0.25, "changed": 0.5} for name in names}
    write("medidas", live.script("medidas", {"dial": dials, "broken": broken}))
    shutil.copytree(ROOT / "book/_static/laboratorio", folder / "laboratorio")
    laboratory.copy_networks(folder / "laboratorio", scripts)
    laboratory.write_engine(folder / "laboratorio")
    for name in STATIONS:
        (folder / f"{name}.html").write_text(PAGE.format(places=PLACE.format(name)), "utf-8")
    return folder


@pytest.fixture
def visit(context, published):
    """Abre uma estação, e confere no fim que nada foi pedido fora do disco e nada deu errado."""
    tab, troubles = context.new_page(), []
    tab.set_default_timeout(20_000)
    tab.on("console", lambda said: said.type == "error" and troubles.append(said.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on(
        "request",
        lambda asked: (
            asked.url.startswith(("file:", "data:", "blob:")) or troubles.append(asked.url)
        ),
    )

    def open_station(name, query="", keyboard=False):
        tab.goto((published / f"{name}.html").as_uri() + query)
        press = tab.get_by_role("button", name="Ligar a rede")
        if keyboard:
            tab.keyboard.press("Tab")
            expect(press).to_be_focused()
            tab.keyboard.press("Enter")
        else:
            press.click()
        where = tab.frame_locator("iframe") if name == "own" else tab
        expect(where.locator(".laboratory-board")).to_be_visible()
        return tab, where

    yield open_station
    tab.close()
    assert troubles == []


def says(where, words):
    expect(where.get_by_role("status")).to_contain_text(re.compile(words), timeout=20_000)


def drawn(tab):
    """O filme como está na tela."""
    return tab.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def violations(tab):
    return [
        f"{rule['id']}: {node['html'][:150]}"
        for rule in Axe().run(tab, options=AXE).response["violations"]
        for node in rule["nodes"]
    ]


def reach(tab, locator):
    """Chega a um comando só com a tecla Tab."""
    for _ in range(40):
        if locator.evaluate("node => node === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError("a tecla Tab não chega ao comando")


def test_hide_by_mouse(visit):
    tab, _ = visit("hide")
    says(tab, "No filme intacto, a rede diz .*mais o viés")
    tab.get_by_role("button", name="Esconder a lesão").click()
    says(tab, "No filme com a lesão escondida, a rede")
    tab.get_by_role("button", name="Refazer sem a lesão").click()
    says(tab, "No filme refeito sem a lesão, a rede")
    tab.get_by_role("button", name="A mesma forma em outro lugar").click()
    says(tab, "com a mesma forma escondida em outro lugar")
    before = drawn(tab)
    box = tab.get_by_role("application").bounding_box()
    tab.mouse.move(box["x"] + 80, box["y"] + 80)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 250, box["y"] + 250)
    tab.mouse.up()
    says(tab, "com essa parte escondida")
    assert drawn(tab) != before
    tab.get_by_role("button", name="Voltar ao filme intacto").click()
    says(tab, "No filme intacto")
    assert violations(tab) == []


def test_hide_by_keyboard_alone(visit):
    tab, _ = visit("hide", keyboard=True)
    says(tab, "No filme intacto")
    film = tab.get_by_role("application")
    reach(tab, film)
    for key in ("ArrowLeft", "ArrowUp", "ArrowLeft"):
        tab.keyboard.press(key)
    tab.keyboard.press(" ")
    says(tab, "com essa parte escondida")
    button = tab.get_by_role("button", name="Esconder a lesão")
    reach(tab, button)
    tab.keyboard.press("Enter")
    says(tab, "com a lesão escondida")


def test_a_map_is_drawn_in_the_scale_it_is_given(visit):
    tab, _ = visit("hide")
    says(tab, "No filme intacto")
    colour = """(top) => {
      const place = make("div"), colours = Array.from({ length: 256 }, (_, i) => [i, 0, 0]);
      const panel = board(place, { side: 4, colours, label: "" });
      const grey = new Uint8Array(16), map = new Float32Array(16).fill(0.5);
      panel.show({ grey, map, top, opacity: 1 });
      return panel.canvas.getContext("2d").getImageData(4, 4, 1, 1).data[0];
    }"""
    assert tab.evaluate(colour, 0.5) == 255
    assert tab.evaluate(colour, 1) == 64  # metade da escala, com metade da opacidade
    assert tab.evaluate(colour, 0) == 0  # um mapa sem nada a favor não se pinta


def test_occlusion_is_drawn_as_it_comes_and_ends_in_a_sentence(visit):
    tab, _ = visit("hide", "?esconda=0+occlusion")
    says(tab, "No filme intacto, a rede diz")
    assert tab.get_by_label("Mapa").input_value() == "occlusion"


# Outro filme e outro mapa no mesmo instante, e o que se diz até que não haja mais o que fazer.
HURRY = """async () => {
  const said = document.querySelector("[role=status]"), heard = [];
  new MutationObserver(() => heard.push(said.textContent)).observe(said, { childList: true });
  ["1", "layer-cam"].forEach((value, i) => {
    const select = document.querySelectorAll("select")[i];
    select.value = value;
    select.dispatchEvent(new Event("change"));
  });
  const grey = new Uint8Array(16);
  for (let turn = 0; turn < 9; turn++) await desk.ask("reference", { grey, side: 4 });
  return heard;
}"""


def test_what_was_asked_before_is_not_shown_after(visit):
    tab, _ = visit("hide")
    says(tab, "No filme intacto")
    (heard,) = tab.evaluate(HURRY)
    assert re.fullmatch("No filme intacto, a rede diz .*; a verdade é NORMAL.", heard)


def test_what_was_chosen_is_in_the_address_and_comes_back(visit):
    tab, _ = visit("hide")
    says(tab, "No filme intacto")
    tab.get_by_label("Filme").select_option("1")
    tab.get_by_label("Mapa").select_option("layer-cam")
    says(tab, "a verdade é NORMAL")
    expect(tab).to_have_url(re.compile(r"esconda=1\+layer-cam"))
    query = "?" + tab.url.split("?")[1]
    tab, _ = visit("hide", query)
    says(tab, "a verdade é NORMAL")
    assert tab.get_by_label("Mapa").input_value() == "layer-cam"
    assert tab.get_by_role("button", name="Esconder a lesão").is_disabled()


def test_guess_comes_before_the_map_and_the_map_before_the_truth(visit):
    tab, _ = visit("guess")
    says(tab, "Onde está a lesão?")
    to_map, to_truth = (
        tab.get_by_role("button", name=f"Mostrar {x}") for x in ("o mapa", "a verdade")
    )
    assert to_map.is_disabled() and to_truth.is_disabled()
    box = tab.get_by_role("application").bounding_box()
    tab.mouse.click(box["x"] + 20, box["y"] + 20)
    says(tab, "Seu palpite está no alto, à esquerda")
    to_map.click()
    says(tab, "o ponto mais quente do mapa está")
    to_truth.click()
    says(tab, "Era COVID-19. O seu palpite caiu fora da lesão.*em 1 filme: você, 0; o mapa, [01]")
    assert violations(tab) == []


def test_guess_by_keyboard_alone(visit):
    tab, _ = visit("guess", keyboard=True)
    says(tab, "Onde está a lesão?")
    reach(tab, tab.get_by_role("application"))
    tab.keyboard.press("Enter")
    says(tab, "Seu palpite está a meia altura, no meio")
    for name, words in (("Mostrar o mapa", "mais quente"), ("Mostrar a verdade", "Era COVID-19")):
        reach(tab, tab.get_by_role("button", name=name))
        tab.keyboard.press("Enter")
        says(tab, words)


def test_plant_by_keyboard_alone(visit):
    tab, _ = visit("plant", keyboard=True)
    says(tab, "Plante algo")
    for name in ("letra de lado", "margem branca", "o mesmo paciente"):
        reach(tab, tab.get_by_label(name))
        tab.keyboard.press(" ")
        says(tab, "A que viu os dois modos .* A que viu cada classe de um só modo")
        tab.keyboard.press("Home")
    expect(tab.locator("thead th")).to_have_count(3)
    assert violations(tab) == []


def test_dial_brings_one_network_at_a_time(visit):
    tab, _ = visit("dial", keyboard=True)
    says(tab, "Botão em 0 %.*acerta 80 %.*80 %")
    asked = "() => [...document.scripts].filter((s) => s.src.includes('/botao-')).length"
    assert tab.evaluate(asked) == 1
    reach(tab, tab.get_by_role("slider"))
    tab.keyboard.press("End")
    says(tab, "Botão em 100 %.*acerta 100 %.*60 %")
    assert tab.evaluate(asked) == 2
    assert tab.get_by_role("slider").get_attribute("aria-valuetext") == "100 %"
    assert violations(tab) == []


def test_break_and_mend(visit):
    tab, _ = visit("break", keyboard=True)
    says(tab, "A rede está inteira")
    whole, answers = drawn(tab), tab.locator("dl").inner_text()
    tab.get_by_label("Camada").select_option(label="block1_conv")
    reach(tab, tab.get_by_role("button", name="Embaralhar"))
    tab.keyboard.press("Enter")
    says(tab, "Camada block1_conv embaralhada.*inteira é −?[01],.*de teste.*0,25.*50 %")
    assert drawn(tab) != whole
    tab.get_by_role("button", name="Consertar").click()
    says(tab, "A rede está inteira")
    assert tab.locator("dl").inner_text() == answers
    assert violations(tab) == []


SLOW = """(slow) => {
  const ask = desk.ask.bind(desk);
  desk.ask = async (task, details, progress) => {
    const done = await ask(task, details, progress);
    if (slow === task && [details.name, details.as].includes("quebrada"))
      await new Promise((go) => setTimeout(go, 700));
    return done;
  };
}"""


@pytest.mark.parametrize("slow", ["shuffle", "explain"])
def test_a_network_mended_before_the_answer_stays_mended(visit, slow):
    tab, _ = visit("break")
    says(tab, "A rede está inteira")
    tab.evaluate(SLOW, slow)
    tab.get_by_role("button", name="Embaralhar").click()
    tab.get_by_role("button", name="Consertar").click()
    tab.wait_for_timeout(1500)  # a resposta atrasada já veio
    says(tab, "A rede está inteira")


def test_cheat_asks_for_a_reason_and_answers_with_counts(visit):
    tab, _ = visit("cheat")
    says(tab, "desconfie")
    reply = tab.get_by_role("button", name="Responder")
    assert reply.is_disabled()
    tab.get_by_label("a rede A").check()
    assert reply.is_disabled()
    tab.get_by_label("Por quê?").select_option("mode")
    reply.click()
    says(tab, r"(Certo|Não): quem trapaceia é a rede [AB].*nos 4 filmes.* em \d e da rede B em \d")
    assert violations(tab) == []


def test_cheat_by_keyboard_alone(visit):
    tab, _ = visit("cheat", keyboard=True)
    says(tab, "desconfie")
    for name in ("o mesmo paciente", "letra de lado", "margem branca"):
        reach(tab, tab.get_by_label(name))
        tab.keyboard.press(" ")
        says(tab, "Rede A .*Rede B ")
    for name in ("^Mapa de", "a rede A", "Por quê?"):
        reach(tab, tab.get_by_label(re.compile(name)))
        tab.keyboard.press("ArrowDown")
    expect(tab.get_by_label(re.compile("^Mapa de"))).to_have_value(re.compile("botao"))
    assert tab.get_by_label("a rede B").is_checked()
    reply = tab.get_by_role("button", name="Responder")
    reach(tab, reply)
    tab.keyboard.press("Enter")
    because = "(O seu motivo confere|seria bom, mas é da outra rede)"
    says(tab, f"(Certo|Não): quem trapaceia é a rede [AB].*{because}")
    expect(reply).to_be_focused()


# O seu filme -------------------------------------------------------------------------------------


def film(**change):
    image = Image.fromarray(phantom.radiograph(4, "NORMAL", 180).image)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return {"name": "filme.png", "mimeType": "image/png", "buffer": buffer.getvalue(), **change}


def test_own_says_strangeness_then_lungs_and_never_the_class(visit):
    tab, frame = visit("own")
    says(frame, "Nenhum filme aberto")
    frame.locator("input[type=file]").set_input_files(film())
    says(frame, "A estranheza é .* pulmões .*A resposta não é dita")
    text = frame.locator("body").inner_text()
    assert not [name for name in CLASSES if name in text]
    assert "logit" not in text and not frame.locator("dl").inner_text()
    assert violations(tab) == []


def test_own_refuses_in_one_sentence_and_goes_on(visit):
    _, frame = visit("own")
    chooser = frame.locator("input[type=file]")
    chooser.set_input_files(film(buffer=b"lixo" * 99))
    says(frame, "^Este arquivo não é uma imagem que a página leia; aceitam-se .*[.]$")
    chooser.set_input_files(film())
    says(frame, "A estranheza é")


CONNECT = """async (target) => {
  const image = () => new Promise((done, failed) => {
    Object.assign(new Image(), { onload: done, onerror: failed, src: target });
  });
  const worker = () => new Promise((done, failed) => {
    const source = `fetch("${target}").then(() => postMessage(1), () => postMessage(0))`;
    const made = new Worker(URL.createObjectURL(new Blob([source])));
    made.onmessage = ({ data }) => (data ? done() : failed(Error()));
    made.onerror = failed;
  });
  const tries = {
    fetch: () => fetch(target), worker, image,
    socket: () => new Promise((done, failed) => {
      Object.assign(new WebSocket(target.replace("http", "ws")), { onopen: done, onerror: failed });
    }),
    script: () => import(target),
  };
  const late = () => new Promise((done, failed) => setTimeout(failed, 500));
  const opened = [];
  for (const [name, attempt] of Object.entries(tries))
    await Promise.race([attempt(), late()]).then(() => opened.push(name), () => {});
  return opened;
}"""


def received(server):
    """O que se enviou a um servidor desta máquina, que nunca responde.

    O Chromium abre uma conexão, e não diz nada por ela, antes de saber que a mudança de endereço de
    um quadro é proibida.
    """
    said = b""
    with suppress(TimeoutError):
        while True:
            connection, _ = server.accept()
            connection.settimeout(0.5)
            with connection, suppress(TimeoutError):
                said += connection.recv(100)
    return said


def test_nothing_leaves_the_closed_frame(context, published):
    """De dentro do quadro nenhuma tentativa chega a um servidor; de fora dele, uma igual chega."""
    tab = context.new_page()
    context.set_offline(False)
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(1)
            address = f"http://127.0.0.1:{server.getsockname()[1]}/"
            tab.goto((published / "own.html").as_uri())
            tab.get_by_role("button", name="Ligar a rede").click()
            says(tab.frame_locator("iframe"), "Nenhum filme aberto")
            inside = next(each for each in tab.frames if each != tab.main_frame)
            assert inside.evaluate(CONNECT, address) == []
            inside.evaluate(f"void setTimeout(() => {{ location.href = '{address}'; }})")
            assert received(server) == b""
            tab.evaluate("address => void fetch(address).catch(() => {})", address)
            assert received(server).startswith(b"GET /")
    finally:
        context.set_offline(True)
        tab.close()


def test_own_by_keyboard_alone(visit):
    tab, frame = visit("own", keyboard=True)
    says(frame, "Nenhum filme aberto")
    with tab.expect_file_chooser() as chooser:
        reach(tab, frame.locator("input[type=file]"))
        tab.keyboard.press("Enter")
    chooser.value.set_files(film())
    says(frame, "A estranheza é")
    reach(tab, frame.get_by_label("Mapa"))
    tab.keyboard.press("ArrowDown")
    expect(frame.get_by_label("Mapa")).to_have_value("layer-cam")
    close = frame.get_by_role("button", name="Fechar e esquecer")
    reach(tab, close)
    # o quadro some no meio da tecla, e o Playwright esperaria por ela para sempre
    close.evaluate("button => void setTimeout(() => button.click())")
    expect(tab.get_by_role("button", name="Ligar a rede")).to_be_focused()


def test_closing_takes_everything_away(visit):
    """O quadro, o trabalhador e a memória: abrir e fechar não deixa nada além da primeira vez."""
    tab, frame = visit("own")
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("Performance.enable")
    left = []
    for turn in range(2):
        if turn:
            tab.get_by_role("button", name="Ligar a rede").click()
        frame.locator("input[type=file]").set_input_files(film())
        says(frame, "A estranheza é")
        assert len(tab.workers) == 1
        # o quadro some no meio do clique, e o Playwright esperaria por ele
        close = frame.get_by_role("button", name="Fechar e esquecer")
        close.evaluate("button => void setTimeout(() => button.click())")
        expect(tab.locator("iframe")).to_have_count(0)
        assert tab.workers == []
        devtools.send("HeapProfiler.collectGarbage")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        left.append({each["name"]: each["value"] for each in metrics})
    first, second = left
    assert second["Documents"] == first["Documents"] == 1
    assert second["JSEventListeners"] == first["JSEventListeners"]
    assert second["JSHeapUsedSize"] < first["JSHeapUsedSize"] + FORGOTTEN


@pytest.mark.parametrize("station", STATIONS)
def test_nothing_overflows_a_phone(visit, station):
    tab, _ = visit(station)
    tab.set_viewport_size({"width": 360, "height": 800})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tab.evaluate(wide) <= 0
    tab.set_viewport_size({"width": 1280, "height": 720})


def test_a_network_that_does_not_come_is_said(context, published, tmp_path):
    shutil.copytree(published, tmp_path / "site")
    (tmp_path / "site/laboratorio/modelo-2.js").unlink()
    tab = context.new_page()
    tab.goto((tmp_path / "site/guess.html").as_uri())
    press = tab.get_by_role("button", name="Ligar a rede")
    press.click()
    says(tab, "A estação não abriu: não foi possível carregar modelo-2.js")
    expect(press).to_be_enabled()
    tab.close()
