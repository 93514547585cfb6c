"""O relatório aberto do disco, sem rede, num navegador de verdade."""

import base64
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from tiny_tools import explain_folder, fake_explain, fake_tools

from covidcam import cam
from covidcam.batch import DISCLAIMER

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


class Page(HTMLParser):
    """As etiquetas e o texto de uma página."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)

    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(cam, "explain", fake_explain)
    (tmp_path / "f").mkdir()
    film = np.full((40, 40), 90, np.uint8)
    film[10:30, 5:35] = 160
    Image.fromarray(film).save(tmp_path / "f" / "<b>tórax & cia.png")
    Image.new("L", (40, 40), 250).save(tmp_path / "f" / "clara.png")
    Image.new("L", (40, 40), 0).save(tmp_path / "f" / "preta.png")
    (tmp_path / "f" / "ruim.png").write_bytes(b"nada")
    explain_folder([tmp_path / "f"], tmp_path / "s", fake_tools(), ["grad-cam", "layer-cam"])
    return tmp_path / "s" / "relatorio.html"


def test_it_is_self_contained_and_its_images_say_what_they_show(report):
    page = Page(report.read_text("utf-8"))
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 3 * 3  # três imagens boas: o filme e dois mapas de cada uma
    for image in images:
        assert image["src"].startswith("data:image/jpeg;base64,") and len(image["alt"]) > 20
        assert base64.b64decode(image["src"].partition(",")[2])[:2] == b"\xff\xd8"
    assert not {"script", "link", "iframe", "b"} & {tag for tag, _ in page.tags}
    assert not [a for _, attributes in page.tags for a in attributes if a in ("href", "onerror")]
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv"))
    assert "default-src 'none'" in policy


def test_it_says_what_the_tables_say(report):
    text = Page(report.read_text("utf-8")).text()
    assert DISCLAIMER in text and "<b>tórax & cia.png" in text
    assert "4 imagens; recusadas: 1; com aviso: 2." in text
    assert "Recusada: A imagem não pôde ser lida" in text
    assert text.count("O mapa não encontrou nada") == 2  # a preta, nos dois métodos
    assert "nenhum pulmão foi encontrado; a imagem não se parece" in text  # a clara, toda igual
    assert re.search(r"\d+\s% do mapa está dentro dos pulmões, que cobrem \d+\s% da imagem", text)


@pytest.mark.skipif(not BROWSER, reason="não há um Chromium")
def test_chromium_shows_it_without_network(report, tmp_path):
    common = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    common += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'perfil'}"]
    picture = tmp_path / "tela.png"
    command = [BROWSER, *common, "--window-size=1000,2400", f"--screenshot={picture}"]
    subprocess.run([*command, report.as_uri()], check=True, capture_output=True, timeout=60)
    shown = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    # os cinzas do filme e o amarelo do máximo do mapa estão na tela
    for colour, least in (((90, 90, 90), 3000), ((160, 160, 160), 3000)):
        assert (np.abs(shown - colour).max(axis=2) < 6).sum() > least, colour
    red, green, blue = np.moveaxis(shown, 2, 0)
    assert ((green - blue > 60) & (red - blue > 40)).sum() > 1000
