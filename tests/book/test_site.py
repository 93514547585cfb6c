"""O site de um livro pequeno, lido do disco e aberto num navegador; e os próprios conferentes."""

import json
import os
import re

import pytest
from bs4 import BeautifulSoup
from check_pages import check, english, weight
from conftest import DRAW, Book

PROSE = """A fórmula $A^k$ e, em linha própria,

$$M = \\sum_k \\mathrm{ReLU}(\\alpha_k A^k).$$

## Ativação e máscara

| método | nota |
|---|---|
| um | dois |

```{admonition} Uma pergunta
:class: dropdown
A resposta, escondida.
```

```{code-cell} ipython3
:tags: [remove-input]
from IPython.display import Markdown
Markdown("Um parágrafo que uma célula diz.")
```
"""
EXPLORE = """\
import numpy as np
from covidcam import figures

maps = np.zeros((2, 2, 3, 64, 64), np.uint8)
maps[0, :, 0, :32, :32] = 255
lesions = np.zeros((2, 64, 64), bool)
lesions[0, :32, :32] = True
scores = np.array([[[1.0, 0.0, 0.0]] * 2, [[np.nan] * 3] * 2])
figures.explorer(
    figures.Exploration(
        films=np.full((2, 64, 64), 90, np.uint8), lesions=lesions, truth=np.array([0, 1]),
        classes=("COVID-19", "NORMAL", "OUTRAS"), methods=("grad-cam", "occlusion"),
        probabilities=np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]),
        maps=maps, hits=scores, ratios=4 * scores,
    )
)
"""
STATUS = """```{estado}
```
"""
FILMS = """\
import numpy as np
from covidcam import figures
films = [np.full((60, 60), grey, np.uint8) for grey in (30, 90)]
figures.show(figures.grid(films, ["um", "outro"], columns=2), "Dois filmes.")
"""
STATIONS = """São {glue:text}`quantos`, {glue:text}`parte` deles.

```{estacao} hide
```

```{estacao} dial
```
"""
GLUE = """
from myst_nb import glue
glue("quantos", 12, display=False)
glue("parte", "93 %", display=False)
"""
TABLE = "import pandas as pd\npd.DataFrame({f'coluna {i}': [i] for i in range(30)})"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("site"))
    book.write("a", FILMS + TABLE, PROSE)
    book.write("b", DRAW + GLUE, STATIONS)
    book.write("c", EXPLORE, STATUS)
    contents = "format: jb-book\nroot: a\nchapters:\n" + "".join(f"- file: {p}\n" for p in "bc")
    (book.folder / "_toc.yml").write_text(contents, "utf-8")
    code, _, said = book.build()
    assert code == 0, said
    return book.page("a").parent


def test_the_built_pages_have_no_problem(site):
    assert [check(site / f"{name}.html", site) for name in "abc"] == [[], [], []]


def test_pages_carry_what_a_browser_needs_and_nothing_more(site):
    a, b = ((site / f"{name}.html").read_text("utf-8") for name in "ab")
    assert "<math" in a and "mathjax" not in a.lower().replace("mathjax_ignore", "")
    assert "unpkg" not in a and "fontawesome.js" not in a and "searchindex" not in a
    (image,) = BeautifulSoup(b, "html.parser").select('img[src*="_images"]')
    assert (image["width"], image["height"]) == ("825", "330") and ".webp" in image["src"]
    assert 'href="cadernos/pagina-b.ipynb"' in b
    notebook = (site / "cadernos" / "pagina-b.ipynb").read_text("utf-8")
    assert "São 12, 93 % deles." in notebook
    assert a.count('rel="stylesheet"') == 1
    assert "fa-solid-900" not in (site / "_static" / "livro.css").read_text("utf-8")
    assert "/edit/" not in b, "sem repositório conhecido não há o que editar"
    static = site / "_static"
    assert not [*static.rglob("*.map"), *static.rglob("*awesome*")]
    scripts = list(static.glob("scripts/*.js"))
    assert scripts and not any("sourceMappingURL" in script.read_text() for script in scripts)
    asked = {tag.split('"')[0].split("?")[0] for tag in a.split('src="_static/')[1:]}
    assert {f"scripts/{script.name}" for script in scripts} <= asked, "há um que ninguém pede"


def test_the_explorer_asks_for_its_films_instead_of_carrying_them(site):
    soup = BeautifulSoup((site / "c.html").read_text("utf-8"), "html.parser")
    (told,) = soup.select('.explorer script[type="application/json"]')
    films = json.loads(told.string)["films"]
    addresses = {film[kind] for film in films for kind in ("image", "maps")}
    assert len(films) == 2 and all((site / address).is_file() for address in addresses)
    assert "data:image/webp" not in str(soup)


def test_each_station_has_its_place_and_a_page_of_them_one_script(site):
    soup = BeautifulSoup((site / "b.html").read_text("utf-8"), "html.parser")
    places = soup.select(".laboratory[data-station]")
    assert [place["data-station"] for place in places] == ["hide", "dial"]
    assert all("precisa de JavaScript" in place.noscript.text for place in places)
    (script,) = soup.select('script[src$="laboratory.js"]')
    assert (site / script["src"]).exists()
    assert "sete estações" not in soup.text, "este livro não tem o laboratório a que ligar"


def test_a_sheet_of_films_leaves_each_one_in_a_file_that_opens(site):
    soup = BeautifulSoup((site / "a.html").read_text("utf-8"), "html.parser")
    links = soup.select(".films figure > a")
    assert [link.img["alt"] for link in links] == ["um", "outro"]
    assert len({link["href"] for link in links}) == 2
    for link in links:
        assert link.img["src"] == link["href"] and link.img["loading"] == "lazy"
        assert (site / link["href"]).read_bytes()[8:12] == b"WEBP"


def test_the_status_page_says_what_ran_and_with_what(site):
    tables = BeautifulSoup((site / "c.html").read_text("utf-8"), "html.parser").select("main table")
    text = tables[0].get_text(" ")
    assert {a["href"] for a in tables[0].select("a")} == {"a.html", "b.html", "#"}
    assert re.search(r"Página b\s+\d{2}/\d{2}/\d{4} \d{2}:\d{2}\s+\d+,\d", text)
    assert "fantomas" in tables[1].get_text() and "numpy" in tables[1].get_text()


@pytest.fixture(scope="module")
def tabs():
    check_browser = pytest.importorskip("check_browser")
    if check_browser.browser_path() is None:
        assert not os.environ.get("CI"), "a verificação contínua precisa de um navegador"
        pytest.skip("sem navegador nesta máquina")
    with check_browser.browser() as context:
        yield check_browser, context


def test_a_reader_finds_nothing_wrong_in_any_width_or_theme(site, tabs):
    check_browser, context = tabs
    for page in ("a.html", "b.html", "c.html", "search.html"):
        assert check_browser.look(context, site / page) == []


def test_a_wide_figure_is_a_narrow_one_on_a_phone(site, tabs):
    """Noutro tamanho, e não a mesma reduzida: a letra teria 6 px."""
    seen = {}
    for width in (360, 1440):
        with tabs[1].browser.new_context(viewport={"width": width, "height": 800}) as context:
            tab = context.new_page()
            tab.goto((site / "b.html").as_uri())
            figure = tab.get_by_role("img", name="Uma tela com 2 < 3")
            figure.scroll_into_view_if_needed()
            tab.wait_for_function("image => image.naturalWidth", arg=figure.element_handle())
            seen[width] = figure.evaluate("image => [image.naturalWidth, image.naturalHeight]")
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide == width, "a figura não faz a página rolar para o lado"
    assert seen == {360: [462, 330], 1440: [825, 330]}


def test_what_a_hidden_cell_says_is_seen(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "a.html").as_uri())
    assert tab.get_by_text("Um parágrafo que uma célula diz.").is_visible()
    tab.close()


def test_search_finds_with_and_without_accents(site, tabs):
    check_browser, context = tabs
    words = ["ativacao", "ativação", "ativações", "inexistente"]
    found = check_browser.searched(context, site, words)
    assert found.pop("inexistente") == []
    assert list(found.values()) == [["Página a"]] * 3


def test_a_misspelt_word_finds_the_nearest_and_the_page_marks_it(site, tabs):
    tab = tabs[1].new_page()
    tab.goto(f"{(site / 'search.html').as_uri()}?q=ativacxo")
    tab.get_by_text("eis o que há com: ativacao").wait_for()
    tab.get_by_role("link", name="Página a").first.click()
    tab.get_by_role("button", name="Tirar o realce").wait_for()
    assert "Ativação" in tab.locator("article mark").all_inner_texts()
    before = tab.locator("article").inner_text()
    tab.get_by_role("button", name="Tirar o realce").click()
    assert tab.locator("article mark").count() == 0
    assert tab.locator("article").inner_text() == before
    tab.close()


def test_the_theme_is_chosen_before_the_page_is_drawn(site, tabs):
    page = (site / "a.html").read_text("utf-8")
    assert page.index("dataset.theme = dark") < page.index('rel="stylesheet"')
    context = tabs[1].browser.new_context(color_scheme="dark")
    tab = context.new_page()
    tab.route("**/*.js", lambda route: route.abort())
    tab.goto((site / "a.html").as_uri())
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    context.close()


def test_without_scripts_no_button_is_dead_and_the_contents_are_there(site, tabs):
    context = tabs[1].browser.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 800}
    )
    tab = context.new_page()
    tab.goto((site / "a.html").as_uri())
    assert not [button for button in tab.locator("button").all() if button.is_visible()]
    assert tab.get_by_role("navigation", name="Sumário do livro").is_visible()
    context.close()


def test_the_explorer_comes_back_as_it_was_left(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "c.html").as_uri())
    tab.get_by_role("radio", name="2: era NORMAL").check()
    tab.get_by_label("Método").select_option("occlusion")
    tab.get_by_label("Contorno da lesão").uncheck()
    tab.goto((site / "a.html").as_uri())
    tab.go_back()
    assert tab.get_by_role("radio", name="2: era NORMAL").is_checked()
    assert tab.get_by_label("Método").input_value() == "1"
    assert not tab.get_by_label("Contorno da lesão").is_checked()
    said = tab.locator("svg.explorer-film").get_attribute("aria-label")
    assert "era NORMAL" in said and "occlusion" in said
    tab.close()


def test_an_address_of_another_explorer_changes_nothing(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "c.html").as_uri() + "?film=9&method=x&opacity=muita&length=3")
    assert tab.get_by_role("radio", name="1: era COVID-19").is_checked()
    assert tab.get_by_label("Método").input_value() == "0"
    assert tab.get_by_label("Opacidade").input_value() == "65"
    tab.close()


def test_the_explorer_asks_before_it_shows(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "c.html").as_uri())
    film, said = tab.locator("svg.explorer-film"), tab.get_by_role("status")
    heat = tab.locator(".explorer-tile").first
    tab.get_by_label("Adivinhar").check()
    assert heat.is_hidden() and "energia" not in said.inner_text()
    film.focus()
    for _ in range(4):  # do centro para fora do quarto de cima, à esquerda
        tab.keyboard.press("ArrowRight")
    heard = tab.locator("main > [aria-live]")
    assert heard.text_content() == "A mira está a 60 % da borda esquerda e a 50 % da borda de cima."
    tab.keyboard.press("Enter")
    assert heat.is_visible() and "Você apontou fora da lesão" in said.inner_text()

    tab.get_by_label("Classe explicada").select_option("NORMAL")  # outro mapa, o mesmo palpite
    assert heat.is_visible()
    tab.get_by_role("radio", name="2: era NORMAL").check()
    assert heat.is_hidden()
    tab.get_by_role("radio", name="1: era COVID-19").check()
    box = film.bounding_box()
    film.click(position={"x": box["width"] / 4, "y": box["height"] / 4})
    assert "Você apontou dentro da lesão" in said.inner_text()
    tab.close()


def test_a_curtain_parts_two_methods(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "c.html").as_uri())
    film = tab.locator("svg.explorer-film")
    curtain = tab.get_by_label("Cortina")
    assert curtain.is_hidden()
    tab.get_by_label("Ao lado dele").select_option("occlusion")
    curtain.press("ArrowRight")
    tiles = tab.locator(".explorer-tile")
    parts = [[float(one.get_attribute(name)) for name in ("x", "width")] for one in tiles.all()]
    assert parts == [
        [0, pytest.approx(0.55 * 64)],
        [pytest.approx(0.55 * 64), pytest.approx(0.45 * 64)],
    ]
    assert tab.locator(".explorer-name").all_text_contents() == ["grad-cam", "occlusion"]
    film.scroll_into_view_if_needed()
    box = film.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 5, box["y"] + box["height"] / 2)
    tab.mouse.up()
    assert curtain.input_value() == "20"
    tab.close()


def test_the_explorer_answers_to_the_keyboard_and_says_what_it_shows(site, tabs):
    tab = tabs[1].new_page()
    tab.goto((site / "c.html").as_uri())
    film, said = tab.locator("svg.explorer-film"), tab.get_by_role("status")
    assert "dentro da lesão; a energia dentro dela é 4,0 vezes" in said.inner_text()
    assert "era COVID-19" in film.get_attribute("aria-label")
    middle = "document.querySelector('feFuncA').getAttribute('tableValues').split(' ')[50]"
    assert float(tab.evaluate(middle)) == pytest.approx(0.5 * 0.65)

    rewritten = """() => new MutationObserver(() => (window.repeated = true)).observe(
        document.querySelector(".explorer [role=status]"), {subtree: true, childList: true})"""
    tab.evaluate(rewritten)
    tab.get_by_label("Limiar").focus()
    for _ in range(11):
        tab.keyboard.press("ArrowRight")
    assert float(tab.evaluate(middle)) == 0
    assert tab.evaluate("window.repeated") is None, "quem ouve ouviria a mesma frase a cada passo"
    tab.get_by_label("Classe explicada").select_option("NORMAL")
    assert "não acha nada a favor" in said.inner_text()
    tab.get_by_role("radio", name="1: era COVID-19").press("ArrowRight")
    assert tab.locator(".explorer dd").all_inner_texts() == ["10 %", "80 %", "10 %"]
    assert tab.locator(".explorer-outline").is_visible() is False  # um normal não tem contorno
    tab.get_by_role("radio", name="2: era NORMAL").press("ArrowLeft")
    tab.get_by_label("Contorno da lesão").press("Space")
    assert tab.locator(".explorer-outline").evaluate("(p) => p.style.visibility") == "hidden"
    tab.close()


def test_without_scripts_the_explorer_stays_out_of_the_way(site, tabs):
    context = tabs[1].browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((site / "c.html").as_uri())
    assert tab.locator(".explorer").is_hidden()
    context.close()


def test_the_browser_check_sees_what_is_wrong(tmp_path, tabs):
    check_browser, context = tabs
    page = tmp_path / "ruim.html"
    page.write_text(
        '<!doctype html><html><body style="width: 2000px"><img src="falta.png">'
        '<script src="https://example.org/x.js"></script><script>naoExiste()</script>'
        '<button aria-label="Toggle sidebar">x</button></body></html>',
        "utf-8",
    )
    said = "\n".join(check_browser.look(context, page, [360, 768], ["light"]))
    for symptom in (
        "px para o lado",
        "pedido que falhou: file:",
        "pedido para fora do livro: https://example.org/x.js",
        "erro de script",
        "axe image-alt",
        "axe html-has-lang",
        "em inglês: Toggle sidebar",
    ):
        assert symptom in said


def test_the_file_check_sees_what_is_wrong(tmp_path):
    page = tmp_path / "ruim.html"
    page.write_text(
        '<html lang="en"><head><script src="https://example.org/x.js"></script></head><body><main>'
        '<h1>Um</h1><h1>Outro</h1><h3 id="aqui">Saltado</h3><img src="ruim.html">'
        '<a href="falta.html">x</a><a href="#nada">x</a><a href="ruim.html#aqui">x</a>'
        '<a href="../fora.html">x</a><button title="Skip to main content">x</button>'
        '<picture><source srcset="sumiu.webp"></picture>'
        '<div class="cell_output">Traceback <b>(most recent</b> call last)</div>'
        '<div class="cell_output"><pre>WARNING:tensorflow:5 calls</pre></div>'
        f"</main></body></html><!--{' ' * 600_000}-->",
        "utf-8",
    )
    (tmp_path.parent / "fora.html").write_text("", "utf-8")
    problems = check(page, tmp_path)
    assert f"tem {page.stat().st_size} bytes, mais do que 600000" in problems
    assert sorted(problem for problem in problems if not problem.startswith("tem ")) == [
        "2 títulos de primeiro nível",
        "a língua é 'en', e não pt-BR",
        "carrega de fora: https://example.org/x.js",
        "de um título h1 se salta a um h3",
        "em inglês: Skip to main content",
        "há um erro de execução",
        "imagem sem texto alternativo: ruim.html",
        "ligação morta: ../fora.html",
        "ligação morta: falta.html",
        "ligação morta: sumiu.webp",
        "uma biblioteca fala de si numa saída: 'WARNING:tensorflow:5 calls'",
        "âncora morta: #nada",
    ]


def test_the_weight_of_the_site_is_of_what_a_reader_may_fetch(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "a.html").write_bytes(b"x" * 7)
    (tmp_path / "_static" / "b.js").write_bytes(b"x" * 5)
    for name in ("livro.pdf", "livro.zip"):
        (tmp_path / name).write_bytes(b"x" * 1000)
    assert weight(tmp_path) == 12


def test_portuguese_is_not_taken_for_english():
    words = ["Buscar no livro…", "Mostrar o código", "Nota", "Aviso", "Nesta página", "a seguir"]
    assert english(words) == []
