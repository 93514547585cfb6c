"""As peças da extensão, uma a uma."""

import io
import json
import shutil
import subprocess

import colab
import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from covidcam_book import (
    captions,
    citations,
    collapsed,
    disclosed,
    images,
    mathematics,
    notebooks,
    only,
    pages,
    portable,
    portuguese,
    spoken,
    story,
    tables,
    terms,
    unused,
)
from covidcam_book.portable import Around
from PIL import Image
from pybtex import PybtexEngine

from covidcam.errors import InputError
from covidcam.figures import source_note


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def test_flat_drawings_are_kept_exact_and_films_lose_what_nobody_sees():
    drawing = np.full((200, 300, 3), 255, np.uint8)
    drawing[50:60, :] = (10, 110, 138)
    rows, columns = np.indices((256, 256))
    grain = np.random.default_rng(0).normal(0, 4, (256, 256))
    film = np.clip(128 + 80 * np.sin(rows / 40) * np.cos(columns / 50) + grain, 0, 255)
    film = np.repeat(film.astype(np.uint8)[..., None], 3, axis=2)

    for array, worst, share in ((drawing, 0, 0.9), (film, 12, 0.5)):
        before, after = png(array), images.compress(png(array))
        read = np.asarray(Image.open(io.BytesIO(after)).convert("RGB")).astype(int)
        assert np.abs(read - array).max() <= worst
        assert abs(read.mean() - array.mean()) < 1, "os cinzas não mudam em média"
        assert len(after) < share * len(before)
    assert not images.is_lossless(images.compress(png(film)))
    assert images.is_lossless(images.compress(png(film), plot=True)), "um gráfico é sempre exato"


def test_formulas_become_mathml_with_whole_names():
    assert "<mi>ReLU</mi>" in mathematics.mathml(r"\mathrm{ReLU}(x)")
    assert 'display="block"' in mathematics.mathml("x", "block")
    assert 'rspace="0">&#x0002F;</mo>' in mathematics.mathml("a / b")
    assert "<msup>" in mathematics.mathml("A^k")
    covered = mathematics.mathml(r"\overline{\overline{G} H}")
    assert covered.count('<mrow class="overline">') == 2 and "mover" not in covered
    assert "msup" not in mathematics.mathml("x'") and "msup" in mathematics.mathml("x^2")


def test_a_formula_carries_its_latex():
    made = BeautifulSoup(mathematics.mathml(r"\alpha_k < 1"), "html.parser")
    assert made.annotation.get_text() == r"\alpha_k < 1"


def test_a_wide_table_is_named_by_its_first_titles_and_how_many_follow():
    frame = pd.DataFrame({name: ["—", "0,5"] for name in ("um", "dois, ou", "três", "quatro", "x")})
    (table,) = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser").select("table")
    assert table["aria-label"] == "um; dois, ou; três; quatro; e outros títulos"


def test_a_sentence_that_begins_with_a_number_is_read_from_the_left():
    column = ["97,3 % (73 de 75; de 91 % a 99 %), perda 0,09", "—", "16", "25"]
    frame = pd.DataFrame({"frase": column, "nota": ["0,5", "—", "1", "2"]})
    cells = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser").select("tbody td")
    assert ["words" in cell.get("class", []) for cell in cells] == [True, False] * 4


def test_a_table_has_one_row_of_titles_a_name_and_words_to_the_left():
    frame = pd.DataFrame(
        {"nota": ["0,5", "−1"], "quem": ["a rede", "o acaso"]}, pd.Index(["x", "y"], name="era")
    )
    box = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser")
    assert box.table["aria-label"] == "era; nota; quem"
    (titles,) = [row.find_all(["th", "td"]) for row in box.select("thead tr")]
    assert [(title.get_text(), title["scope"]) for title in titles] == [
        ("era", "col"),
        ("nota", "col"),
        ("quem", "col"),
    ]
    assert [cell.get_text() for cell in box.select("tbody th[scope=row]")] == ["x", "y"]
    left = [cell.get_text() for cell in box.select(".words")]
    assert left == ["era", "quem", "x", "a rede", "y", "o acaso"]


def test_a_list_of_facts_is_to_the_left_and_a_list_of_numbers_to_the_right():
    for values, left in ((["sim", "3", "4"], True), (["2", "3", "4"], False)):
        made = tables.compose(pd.DataFrame({"valor": values})._repr_html_())
        cells = BeautifulSoup(made, "html.parser").select("tbody td")
        assert {"words" in cell["class"] for cell in cells} == {left}


def test_the_titles_over_several_columns_stay_over_them():
    columns = pd.MultiIndex.from_product([["modo"], ["um", "dois"]])
    index = pd.MultiIndex.from_product([["g"], ["p", "q"]])
    made = tables.compose(pd.DataFrame([[1, 2], [3, 4]], index, columns)._repr_html_())
    soup = BeautifulSoup(made, "html.parser")
    (over,) = soup.select("th[scope=colgroup]")
    assert over["colspan"] == "2" and over.get_text() == "modo"
    assert soup.select_one("th[scope=rowgroup]")["rowspan"] == "2"
    assert not [title for title in soup.select("th") if not title.get_text()]


def test_each_group_of_columns_stands_off_from_the_one_before():
    columns = pd.MultiIndex.from_product([["modo", "idade"], ["um", "dois"]])
    made = tables.compose(pd.DataFrame([["1", "2", "3", "4"]], ["x"], columns)._repr_html_())
    soup = BeautifulSoup(made, "html.parser")
    assert [cell.get_text() for cell in soup.select(".starts")] == ["idade", "um", "3"]
    flat = tables.compose(pd.DataFrame({"um": ["1"], "dois": ["2"]})._repr_html_())
    assert "starts" not in flat


def test_what_is_between_parentheses_does_not_break():
    told = ["90 % (de 80 % a 95 %)", "100 % (sem intervalo)", "3 (2 de 5; de 1 a 9)"]
    frame = pd.DataFrame({"acerto": told, "nota": ["a", "0,5 (de 0,1 a 0,9)", "0,1"]})
    soup = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser")
    assert [one.get_text() for one in soup.select("td > span.short")] == [
        "(de 80 % a 95 %)",
        "(sem intervalo)",
        "(de 0,1 a 0,9)",
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        ('<div class="admonition note">', '<div role="note" class="admonition note">'),
        ('<a title="arXiv:1810.03292.">', '<a title="arXiv:1810.03292.">'),
        (
            '<span class="math"><math><mi>a</mi></math></span> e '
            '<span class="math"><math><mi>b</mi></math></span>, fim',
            '<span class="math"><math><mi>a</mi></math></span> e <span class="together">'
            '<span class="math"><math><mi>b</mi></math></span>,</span> fim',
        ),
        (
            "<h2>COVID-19</h2><p>COVID-19</p>",
            '<h2><span class="together">COVID-19</span></h2><p>COVID-19</p>',
        ),
        (
            '<a title="COVID-19" href="#x">a COVID-19</a>',
            '<a title="COVID-19" href="#x">a <span class="together">COVID-19</span></a>',
        ),
        ("0,5 (de −0,1 a 0,9) em 8 × 8", "0,5 (de\u00a0−0,1 a\u00a00,9) em 8\u00a0×\u00a08"),
    ],
)
def test_what_only_a_screen_reader_hears(written, said):
    assert spoken.spoken(written) == said


def test_a_work_without_a_link_gets_the_one_of_its_number():
    assert 'href="https://arxiv.org/abs/1810.03292"' in spoken.spoken("<p>arXiv:1810.03292.</p>")


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".b,.a:hover,p{x:1}", ".a:hover,p{x:1}"),
        (".a:not(.b){x:1}", ".a:not(.b){x:1}"),
        (":is(.a, p) i{x:1}", ":is(.a, p) i{x:1}"),
        ("/* .a */.a .b{x:1}", ""),
        ("@media print{.a{x:1}.b{x:2}}", "@media print{.a{x:1}}"),
        ("@media print{.b{x:2}}", ""),
        ('@font-face{src:url("b;{.woff2")}', '@font-face{src:url("b;{.woff2")}'),
        ('.a::before{content:"}"}.b{x:1}', '.a::before{content:"}"}'),
        ('@charset "utf-8";.a{x:1}', '@charset "utf-8";\n.a{x:1}'),
    ],
)
def test_a_rule_about_classes_nobody_has_leaves_the_sheet(css, kept):
    assert unused.prune(css, {"a"}) == kept


def test_the_words_of_a_site_are_its_classes_and_what_its_scripts_say(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "s.js").write_text("x.classList.add('dito')", "utf-8")
    (tmp_path / "_static" / "outro.js").write_text("ninguem", "utf-8")
    page = '<p class="um dois" id="aqui">prosa</p><script>let z</script>'
    page += '<script src="../_static/s.js?v=1"></script>'
    (tmp_path / "a.html").write_text(page, "utf-8")
    found = unused.words(tmp_path)
    assert {"um", "dois", "aqui", "dito", "z"} <= found and not {"prosa", "ninguem"} & found


WARNING = """<div class="admonition warning">
<p class="admonition-title">Aviso</p>
<p><strong>Isto não é um diagnóstico.</strong> As redes
são exercícios.</p>
</div>"""


@pytest.mark.parametrize("head", ["", '<details class="page-head">O alto</details>'])
def test_the_source_and_the_disclaimer_become_one_line_under_the_title(head):
    note = source_note("fantoma").data
    body = disclosed.fold(f"<h1>Título</h1>{head}<p>Um.</p>{note}<p>Dois.</p>{WARNING}")
    made = BeautifulSoup(body, "html.parser")
    assert not made.select(".admonition")
    (line,) = made.select(".source-line")
    assert line.summary.get_text() == "Radiografias sintéticas · Isto não é um diagnóstico"
    assert "Nenhuma é de uma pessoa" in line.get_text() and "são exercícios" in line.get_text()
    assert line.find_previous_sibling().name == ("details" if head else "h1")
    assert line.find_next_sibling().get_text() == "Um."


def test_the_cell_that_only_told_the_source_goes_with_it():
    cell = (
        '<div class="cell tag_remove-input docutils container">\n<div class="cell_output docutils'
    )
    cell += ' container">\n<div class="output text_html">{}</div></div>\n</div>\n'
    note, kept = cell.format(source_note("fantoma").data), cell.format("<b>1</b>")
    made = BeautifulSoup(disclosed.fold(f"<h1>T</h1>\n{note}<p>Um.</p>{kept}"), "html.parser")
    assert made.select_one(".source-line").find_next_sibling().get_text() == "Um."
    assert [each.get_text(strip=True) for each in made.select(".cell")] == ["1"]


def test_where_the_reader_moves_the_probabilities_the_disclaimer_stays_whole():
    body = f'<h1>Título</h1><div class="explorer"></div>{source_note("real").data}{WARNING}'
    made = BeautifulSoup(disclosed.fold(body), "html.parser")
    assert (
        made.select_one(".admonition.warning") and made.summary.get_text() == "Radiografias reais"
    )
    assert disclosed.fold("<h1>Título</h1>") == "<h1>Título</h1>"


def test_figures_are_numbered_and_say_in_short_what_they_show():
    drawn = '<img alt="Um &lt; dois. Mais." class="dark-light plot" src="a.webp">'
    films = '<div class="films" aria-label="Três."><figure><img alt="x"></figure></div>'
    body = captions.number(f'<img alt="y" src="b.png">{drawn}<p>z</p>{films}')
    said = BeautifulSoup(body, "html.parser").select(".figure-caption")
    assert [each.get_text() for each in said] == ["Figura 1. Um < dois.", "Figura 2. Três."]
    assert [each.find_previous_sibling().name for each in said] == ["img", "div"]
    assert captions.brief(f"curvas: {'a, 1; ' * 50}") == "Curvas."


def test_only_a_cell_without_tags_is_closed():
    cell = (
        '<div class="cell{} docutils container">\n<div class="cell_input docutils container">\n'
        '<div class="highlight-ipython3 notranslate"><div class="highlight"><pre>x</pre></div>\n'
        "</div>\n</div>\n</div>"
    )
    made = BeautifulSoup(
        collapsed.collapse(cell.format("") + cell.format(" tag_hide-input")), "html.parser"
    )
    (closed,) = made.select("details.code")
    assert not closed.has_attr("open") and closed.select_one(".cell_input pre").get_text() == "x"
    assert len(made.select(".cell_input")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# A\n\nUma *rede* lê. E diz.\n\nMais.\n", "Uma rede lê. E diz."),
        ("# A\n\n```{code-cell}\nx = 1\n```\n\nUma rede.\n\n", "Uma rede."),
        ("# A\n\nUm [filme](b.md). São {glue:text}`n`.\n\n", "Um filme."),
        ("# A\n\nVeja [](b.md).\n\n", ""),
        (f"# A\n\n{'palavra ' * 40}.\n\n", ""),
    ],
)
def test_a_page_is_announced_by_its_first_words(text, said):
    assert story.lede(text) == said


@pytest.mark.parametrize(
    ("authors", "listed"),
    [
        ("Silva, Ana", "Ana Silva"),
        ("Silva, Ana and Souza, Bia", "Ana Silva e Bia Souza"),
        ("Silva, Ana and Souza, Bia and Costa, Caio", "Ana Silva, Bia Souza e Caio Costa"),
        ("Silva, Ana and Souza, Bia and others", "Ana Silva, Bia Souza et al"),
    ],
)
def test_authors_are_listed_in_portuguese(authors, listed):
    citations.setup(None)
    entry = f"@misc{{a, author = {{{authors}}}, title = {{Mapas}}, year = {{2020}}}}"
    text = PybtexEngine().format_from_string(entry, "portuguese", output_backend="plaintext")
    assert f"{listed}. Mapas. 2020." in text


@pytest.mark.parametrize(
    "words",
    [
        ("ativação", "ativacao", "Ativações", "ativacoes"),
        ("pulmão", "pulmões", "pulmao"),
        ("fiel", "fiéis"),
        ("imagem", "imagens"),
        ("valor", "valores"),
        ("árvore", "arvores"),
    ],
)
def test_the_search_knows_neither_accents_nor_plurals(words):
    assert len({portuguese.stem(word) for word in words}) == 1


def test_different_words_stay_different():
    words = ["mapa", "máscara", "lesão", "pulmão", "rede", "classe", "camada", "gradiente"]
    assert len({portuguese.stem(word) for word in words}) == len(words)


@pytest.mark.skipif(shutil.which("node") is None, reason="sem node para rodar o script da busca")
def test_the_search_page_stems_as_the_index_did():
    words = [
        "Ativação",
        "ativacoes",
        "pulmões",
        "fiéis",
        "gás",
        "raios",
        "as",
        "Grad",
        "árvores",
        "é",
    ]
    script = f"{portuguese.Search.js_stemmer_code};const s = new Stemmer();"
    script += f"console.log({words!r}.map((w) => s.stemWord(w)).join(' '));"
    said = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == [portuguese.stem(word) for word in words]


def test_addresses_exist_only_where_the_repository_is_known():
    assert not any(pages.repository({}).values())
    assert not pages.repository({"GITHUB_REPOSITORY": "a/b"})["edit_base"]
    known = pages.repository(
        {
            "GITHUB_REPOSITORY": "a/b",
            "GITHUB_SERVER_URL": "https://example.org",
            "COVIDCAM_SITE": "https://example.net/livro",
        }
    )
    assert known == {
        "source_address": "https://example.org/a/b",
        "edit_base": "https://example.org/a/b/edit/main/",
        "site_address": "https://example.net/livro/",
        "colab_base": "",
    }


def test_notebooks_open_in_colab_only_from_a_published_branch():
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b"}
    assert not pages.repository(github)["colab_base"]
    base = pages.repository(github | {"COVIDCAM_CADERNOS": "cadernos"})["colab_base"]
    assert base == "https://colab.research.google.com/github/a/b/blob/cadernos/"
    elsewhere = {"GITHUB_SERVER_URL": "https://example.org", "COVIDCAM_CADERNOS": "cadernos"}
    assert not pages.repository(github | elsewhere)["colab_base"]


def test_in_colab_the_first_cell_installs_the_package_and_leaves_its_tensorflow():
    how = nbformat.v4.new_markdown_cell("como", id="como-rodar")
    code = nbformat.v4.new_code_cell("1 + 1", id="celula-0")
    page = nbformat.v4.new_notebook(cells=[how, code])
    first, second = colab.installing(page, "https://github.com/a/b", "abc123").cells
    assert second.source == "1 + 1"
    assert "covidcam @ git+https://github.com/a/b@abc123" in first.source
    assert '"pandas>=' in first.source and "tensorflow" not in first.source


def around(folder):
    return Around(
        folder=folder,
        values={"n": "três"},
        works={"a2020": ("Silva e Souza", "2020"), "b2021": ("Costa et al.", "2021")},
        pages={"outra": ("A outra página", "outra.ipynb")},
        references="- Uma obra.",
    )


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        ("São {glue:text}`n` e {glue:text}`falta`.", "São três e —."),
        ("Sim {cite:p}`a2020,b2021`.", "Sim (Silva e Souza, 2020; Costa et al., 2021)."),
        ("Segundo {cite:t}`b2021`.", "Segundo Costa et al. (2021)."),
        (
            "Veja [](outra.md) e [lá](outra.md).",
            "Veja [A outra página](outra.ipynb) e [lá](outra.ipynb).",
        ),
        ("Veja [](fora.md).", "Veja *fora*."),
        ("[fora](https://example.org/a.md)", "[fora](https://example.org/a.md)"),
        (":::{warning}\nUm.\n\nDois.\n:::", "> **Aviso**\n>\n> Um.\n>\n> Dois."),
        (":::{admonition} Pense\nUm.\n:::", "> **Pense**\n>\n> Um."),
        (
            ":::{dropdown} Resposta\nUm.\n:::",
            "<details><summary>Resposta</summary>\n\nUm.\n\n</details>",
        ),
        ("```{estacao} hide\n```\n\nDois.", f"{portable.LIVE}\n\nDois."),
        ("um termo\n: a definição,\n  em duas\n", "- **um termo**: a definição, em duas\n"),
        ("```{include} aviso.md\n```", "Não é um diagnóstico."),
        ("```{bibliografia}\n```", "- Uma obra."),
        ("$$\n\\alpha_k\n$$\n\n- um\n- dois", "$$\n\\alpha_k\n$$\n\n- um\n- dois"),
    ],
)
def test_the_text_of_a_notebook_needs_no_book(myst, plain, tmp_path):
    (tmp_path / "aviso.md").write_text("Não é um diagnóstico.\n", "utf-8")
    assert portable.portable(myst, around(tmp_path)) == plain


GLUED = """\
# Título

```{code-cell} ipython3
:tags: [remove-cell]
from myst_nb import glue

for name in "ab":
    glue(name, 1, display=False)
```

```{code-cell} ipython3
:tags: [remove-cell]
k = 2  # usada adiante
glue("k", k, display=False)
```

```{code-cell} ipython3
:tags: [remove-cell]
glue("n", k)
unused = k
```

```{code-cell} ipython3
:tags: [hide-cell]
print(k)
```
"""


def test_a_notebook_keeps_only_the_code_it_needs_and_says_how_to_run_it(tmp_path):
    executed = notebooks.read(GLUED)
    executed.cells[-1].outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="ruído"),
        nbformat.v4.new_output("stream", name="stdout", text="2"),
        nbformat.v4.new_output(
            "display_data",
            {"image/png": "MA=="},
            metadata={"image/png": {"alt": "Três.", "narrow": "MA=="}},
        ),
    ]
    made = notebooks.build(executed, "Título", "https://example.org/a/b", around(tmp_path))
    nbformat.validate(made)
    first, prose, needed, shown = made.cells
    assert "git clone https://example.org/a/b" in first.source and "“Título”" in first.source
    assert prose.source == "# Título"
    assert needed.source == "k = 2  # usada adiante"
    said, drawn = shown.outputs
    assert said.text == "2"
    assert drawn.metadata == {"image/png": {"alt": "Três."}}, "a estreita é só da página"
    assert shown.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    alone = notebooks.build(notebooks.read(GLUED), "Título", "", around(tmp_path)).cells[0].source
    assert "git clone" not in alone
    assert "Na pasta do livro, crie o ambiente:" in alone and "crie o ambiente:" in first.source


def test_what_the_cells_told_the_prose_is_read_from_what_the_build_kept(tmp_path):
    kept = {name: {"data": {"text/plain": text}} for name, text in (("a", "'93 %'"), ("b", "12"))}
    (file := tmp_path / "pagina.glue.json").write_text(json.dumps(kept), "utf-8")
    assert notebooks.glued(file) == {"a": "93 %", "b": "12"}
    assert notebooks.glued(tmp_path / "outra.glue.json") == {}


def test_only_the_pages_asked_for_run():
    pages_there = ["modelo-1", "modelo-2", "index"]
    assert only.others(pages_there, "book/modelo-1.md, index") == {"modelo-2"}
    with pytest.raises(InputError, match="pede \\['modelo-3'\\]"):
        only.others(pages_there, "modelo-3")


def test_an_interval_is_one_cell_also_where_a_title_spans_rows():
    groups = pd.MultiIndex.from_tuples([("modo", "um"), ("modo", "dois"), ("sexo", "F")])
    frame = pd.DataFrame({"n": ["3", "4", "5"], "nota": ["0,8", "0,7", "—"]}, groups)
    frame["de"], frame["a"] = ["0,6", "0,5", ""], ["0,9", "0,8", ""]
    table = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser")
    last = [row.find_all(["th", "td"])[-1].get_text() for row in table.select("tr")]
    assert last == ["nota", "0,8 (de 0,6 a 0,9)", "0,7 (de 0,5 a 0,8)", "—"]
    assert [len(row.select("td")) for row in table.select("tbody tr")] == [2, 2, 2]


def test_an_interval_is_one_cell_with_a_bar_on_the_scale_of_its_column():
    frame = pd.DataFrame(
        {"diferença": ["0,50", "−1,00"], "de": ["0,00", "−2,00"], "a": ["2,00", "0,00"]},
        index=["um", "outro"],
    )
    table = BeautifulSoup(tables.compose(frame._repr_html_()), "html.parser").table
    assert [cell.get_text() for cell in table.select("thead > tr > *")] == ["", "diferença"]
    cells = table.select("td:has(.interval)")
    assert [cell.get_text() for cell in cells] == [
        "0,50 (de 0,00 a 2,00)",
        "−1,00 (de −2,00 a 0,00)",
    ]
    drawn = [[part["style"] for part in cell.select(".interval *")] for cell in cells]
    # de −2 a 2: o zero no meio; a primeira faixa à direita dele, a outra à esquerda
    assert drawn == [
        ["left:50.0%", "left:50.0%;width:50.0%", "left:62.5%"],
        ["left:50.0%", "left:0.0%;width:50.0%", "left:25.0%"],
    ]

    written = ["91\u00a0% (de 87\u00a0% a 95\u00a0%)", "20 % (de 10 % a 40 %)"]
    shares = pd.DataFrame({"acurácia": written})
    table = BeautifulSoup(tables.compose(shares._repr_html_()), "html.parser")
    assert [one["style"] for one in table.select(".interval i")] == [
        "left:87.0%;width:8.0%",
        "left:10.0%;width:30.0%",
    ]
    alone = tables.compose(shares[:1]._repr_html_())
    assert "interval" not in alone, "uma barra só não se compara com nada"
    parts = pd.DataFrame({"AUC": ["0,75 (de 0,50 a 1,00)", "0,50 (de 0,25 a 0,75)"]})
    table = BeautifulSoup(tables.compose(parts._repr_html_()), "html.parser")
    assert [one["style"] for one in table.select(".interval i")] == [
        "left:50.0%;width:50.0%",
        "left:25.0%;width:50.0%",
    ], "de 0 a 1, como toda outra coluna de partes"
    mixed = pd.DataFrame({"nota": ["1,26 (de 1,23 a 1,29)", "98 % (de 95 % a 99 %)"]})
    assert "interval" not in tables.compose(mixed._repr_html_()), "duas unidades, escala nenhuma"


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("Uma etapa da rede. Em @.", "Uma etapa da rede."),
        ("Um número. É seu. Em @ e @.", "Um número. É seu."),
        ("Disto, um (@; em @, mais); da\nrede, dois (@).", "Disto, um; da rede, dois."),
        ("Sem ligação. Em cima.", "Sem ligação. Em cima."),
    ],
)
def test_a_definition_stands_without_its_links(written, meaning):
    from docutils import nodes
    from sphinx.addnodes import pending_xref

    paragraph = nodes.paragraph()
    for i, part in enumerate(written.split("@")):
        paragraph += [pending_xref("", nodes.inline(text="a página"))] if i else []
        paragraph += nodes.Text(part)
    item = nodes.definition_list_item("", nodes.term(text="x"), nodes.definition("", paragraph))
    assert terms.define(item) == meaning
    assert paragraph.astext().count("a página") == written.count("@"), "o glossário fica como era"


def test_the_first_time_of_each_term_in_prose_leads_to_its_definition():
    from docutils import nodes

    document = nodes.section()
    document += nodes.title(text="A camada")
    first = nodes.paragraph(
        "", "", nodes.Text("As camadas de Grad-CAM: "), nodes.literal(text="logit")
    )
    first += nodes.Text(", um logit, outra camada e o mapa plano.")
    document += first
    document += nodes.container("", nodes.paragraph(text="máscara"), classes=["cell"])
    document += nodes.paragraph(text="Outro mapa plano, um CAM.")
    words = ("camada", "logit", "mapa plano", "máscara", "CAM")
    terms.link(document, {word: (f"g.html#{word}", f"É {word}.") for word in words})
    linked = [(one.astext(), one["refuri"]) for one in document.findall(nodes.reference)]
    titles = [one["reftitle"] for one in document.findall(nodes.reference)]
    assert titles == ["É camada.", "É logit.", "É mapa plano.", "É CAM."]
    assert linked == [
        ("camadas", "g.html#camada"),
        ("logit", "g.html#logit"),
        ("mapa plano", "g.html#mapa plano"),
        ("CAM", "g.html#CAM"),
    ]
    assert first.astext() == "As camadas de Grad-CAM: logit, um logit, outra camada e o mapa plano."
