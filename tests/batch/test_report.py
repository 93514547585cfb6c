"""O relatório aberto do disco, sem rede, num navegador de verdade."""

import base64
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from tiny_tools import explain_folder, fake_explain, fake_tools

from covidcam import cam, figures
from covidcam.batch import DISCLAIMER
from covidcam.batch.report import GREY, PAGE, _scale, write

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
    assert len(images) == 1 + 3 * 3  # a escala; de três imagens boas, o filme e dois mapas
    for image in images:
        kind, _, content = image["src"].partition(",")
        start = {"data:image/jpeg;base64": b"\xff\xd8", "data:image/png;base64": b"\x89P"}[kind]
        assert base64.b64decode(content)[:2] == start and len(image["alt"]) > 20
    assert not {"script", "link", "iframe", "b"} & {tag for tag, _ in page.tags}
    assert not [a for _, attributes in page.tags for a in attributes if a == "onerror"]
    for link in (attributes["href"] for tag, attributes in page.tags if tag == "a"):
        name, _, place = unquote(link).partition("#")
        assert not name or (report.parent / name).is_file()
        assert not place or f'id="{place}"' in report.read_text("utf-8")
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


def test_the_class_explained_is_said_of_each_image(report):
    text = Page(report.read_text("utf-8")).text()
    assert text.count("Classe explicada: COVID-19 , a prevista.") == 1  # a preta
    assert text.count("Classe explicada: OUTRAS , a prevista.") == 1  # a clara


def test_the_scale_has_the_colours_of_the_overlays():
    (source,) = re.findall(r"[A-Za-z0-9+/=]{100,}", _scale())
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
    grey = np.full((12, 256), GREY, np.uint8)
    assert np.array_equal(shown, figures.overlay(grey, np.tile(np.linspace(0, 1, 256), (12, 1))))
    assert shown[0, 0].tolist() == [GREY] * 3  # sem cor onde o mapa é zero


def bright_lung(image):
    """O pulmão é o que brilha: cada filme tem o seu, e não outro."""
    mask = image[..., 0] > 120
    return SimpleNamespace(mask=mask, confidence=1.0)


def test_each_film_is_shown_with_its_own_map_and_its_own_lungs(tmp_path, monkeypatch):
    monkeypatch.setattr(cam, "explain", fake_explain)
    (tmp_path / "f").mkdir()
    corners = {"a": (8, 12), "b": (32, 4), "c": (20, 36)}
    films = {}
    for name, (top, left) in corners.items():
        films[name] = np.full((64, 64), 60, np.uint8)
        films[name][top : top + 24, left : left + 16] = 160
        Image.fromarray(films[name]).save(tmp_path / "f" / f"{name}.png")
    tools = replace(fake_tools(), find_lungs=bright_lung)
    table, _ = explain_folder([tmp_path / "f"], tmp_path / "s", tools)

    page = Page((tmp_path / "s" / "relatorio.html").read_text("utf-8"))
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"][1:]
    shown = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))
        for source in sources
    ]
    for k, (name, (top, left)) in enumerate(corners.items()):
        whole = np.asarray(Image.open(tmp_path / "s" / table["sobreposicao_grad-cam"][k]))
        rows, columns = np.nonzero((whole == 255).all(axis=2))  # o contorno
        box = (rows.min(), rows.max(), columns.min(), columns.max())
        assert box == (top, top + 23, left, left + 15)
        # a cor mais viva está onde o filme brilha: o mapa é o dele, e não está virado
        vivid = np.ptp(whole.astype(int), axis=2)
        assert vivid[top + 4 : top + 20, left + 4 : left + 12].min() > 40
        film, over = shown[2 * k], shown[2 * k + 1]
        assert np.abs(film[..., 0].astype(int) - films[name]).mean() < 4
        assert np.abs(over.astype(int) - whole).mean() < 12  # o JPEG borra o contorno


def row(name, **facts):
    empty = dict.fromkeys(("motivo", "aviso", "leitura", "no_treino", "classe_explicada"))
    common = {"arquivo": name, "estranheza": 0.5, "confianca_dos_pulmoes": 1.0}
    maps = {"plano_grad-cam": False, "energia_nos_pulmoes_grad-cam": 0.5, "parte_dos_pulmoes": 0.25}
    return empty | common | maps | {"sobreposicao_grad-cam": f"sobreposicoes/{name}"} | facts


REQUEST = {
    "modelo": {"nome": "r", "arquivo": "x", "treinado em": "real", "classes": ["a"]}
    | {"diz a classe": False},
    "métodos": ["grad-cam"],
    "classe explicada": "a prevista",
    "versões": {"keras": "3"},
}
PICTURES = {"filme": "AAAA", "grad-cam": "AAAA"}


def test_many_images_make_pages_and_the_doubtful_come_first(tmp_path):
    rows = [row(f"{k:03d}.png") for k in range(2 * PAGE + 1)]
    rows[150] = row("150.png", aviso="estranha", estranheza=1.5)
    rows[160] = row("160.png", aviso="estranha", estranheza=3.0)
    rows[170] = row("170.png", motivo="A imagem está cortada.", estranheza=None)
    write(tmp_path, REQUEST, DISCLAIMER, rows, lambda position: PICTURES)
    pages = ["relatorio.html", "relatorio-2.html", "relatorio-3.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(pages)
    titles = [re.findall("<h2>(.*?)</h2>", (tmp_path / name).read_text("utf-8")) for name in pages]
    assert titles[0][:4] == ["170.png", "160.png", "150.png", "000.png"]
    assert [len(each) for each in titles] == [PAGE, PAGE, 1]
    assert {name for each in titles for name in each} == {one["arquivo"] for one in rows}
    first = (tmp_path / pages[0]).read_text("utf-8")
    links = re.findall(r'<td><a href="(.*?)">(.*?)</a>', first)  # o índice leva a cada uma
    assert len(links) == len(rows)
    for link, name in links:
        page, _, place = link.partition("#")
        text = (tmp_path / (page or pages[0])).read_text("utf-8")
        assert re.search(rf'id="{place}">\s*<h2>{name}<', text)
    write(tmp_path, REQUEST, DISCLAIMER, rows[:3], lambda position: PICTURES)
    assert [path.name for path in tmp_path.iterdir()] == ["relatorio.html"]


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
