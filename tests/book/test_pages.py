"""O que toda página do livro cumpre, lido no próprio texto."""

import re
from pathlib import Path

import pytest
import yaml
from covidcam_book.cells import names
from myst_nb.core.read import read_myst_markdown_notebook
from pybtex.database import parse_file

ROOT = Path(__file__).parents[2]
CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# O que não é prosa: cabeçalho, células e diretivas de código, código e fórmulas, exemplos entre “”.
NOT_PROSE = re.compile(
    r"\A---\n.*?\n---\n|^```.*?^```$|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|“[^”]*”",
    re.MULTILINE | re.DOTALL,
)
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n\n|\n(?=[-|#])")
MEASURED = re.compile(r"\d+(?:,\d+)?\s*%|\d+,\d+")
# Números que não são resultados: a confiança dos intervalos e o acaso.
DEFINED = re.compile(r"\b95 %|\b0,5\b")
PREDICTION = re.compile(r"\bprobabilities\b|\bpredictions?\b|\bpredict\(|\.scores\b")


def entries(node):
    """Os arquivos que o sumário cita, em qualquer nível."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key in ("root", "file"))
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from entries(child)


PAGES = list(entries(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))))
each_page = pytest.mark.parametrize("page", PAGES)


def text(page):
    return (ROOT / f"{page}.md").read_text("utf-8")


def cells(page):
    return [re.sub(r"^:.*\n", "", code, flags=re.MULTILINE) for code in CELL.findall(text(page))]


def test_the_contents_and_the_folder_agree():
    assert len(PAGES) == len(set(PAGES)) > 5
    found = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "book").rglob("*.md")]
    written = {path.as_posix() for path in found if "_includes" not in path.parts}
    assert written == set(PAGES)


@each_page
def test_a_page_with_code_has_the_header_that_makes_it_run(page):
    if "{code-cell}" in text(page):
        front = yaml.safe_load(text(page).split("---\n")[1])
        assert front["kernelspec"]["name"] == "python3"
        assert front["jupytext"]["text_representation"]["format_name"] == "myst"


@each_page
def test_a_page_with_predictions_carries_the_disclaimer(page):
    if any(PREDICTION.search(code) for code in cells(page)):
        assert "```{include} _includes/aviso.md\n```" in text(page)


@each_page
def test_no_line_of_prose_is_taken_for_a_comment(page):
    """Em MyST, a linha que começa por “%” some da página."""
    prose = CELL.sub("", text(page))
    assert not re.findall(r"^%.*", prose, re.MULTILINE)


def test_no_two_works_are_cited_alike():
    works = parse_file(ROOT / "book/references.bib").entries.values()
    cited = [
        (*people[: 1 if len(people) > 2 else 2], len(people) > 2, work.fields["year"])
        for work in works
        for people in [[str(p.last_names) for p in work.persons.get("author", [])]]
    ]
    assert len(cited) > 50 and len(cited) == len(set(cited))


def test_the_disclaimer_says_what_it_must():
    assert "não é um diagnóstico" in (ROOT / "book/_includes/aviso.md").read_text("utf-8")


@each_page
def test_no_jet_and_no_image_without_words(page):
    assert not re.search(r"\bjet\b", text(page), re.IGNORECASE)
    assert not re.search(r"!\[\s*\]\(", text(page))
    for directive in re.findall(r"```\{(?:image|figure)\}.*?```", text(page), re.DOTALL):
        assert ":alt:" in directive
    for code in cells(page):
        assert "plt.show" not in code  # figures.show exige o texto alternativo


def typed_numbers(text):
    """As frases da prosa com uma porcentagem ou um decimal que não vem de célula nem de fonte."""
    return [
        " ".join(sentence.split())
        for sentence in SENTENCE_END.split(NOT_PROSE.sub("¤", text.replace("{cite", "¤cite¤")))
        if "¤cite¤" not in sentence and MEASURED.search(DEFINED.sub("", sentence))
    ]


@each_page
def test_no_result_is_typed_by_hand(page):
    assert typed_numbers(text(page)) == []


def test_a_typed_number_is_seen():
    said = "A rede acerta 91 % delas. Com {glue:text}`n` erros. Já 97 % {cite:p}`alguem2020`.\n\n"
    said += "São 0,85 de área; o intervalo de 95 %; a rede diz “98 %”.\n```\n12,3 %\n```\n"
    assert typed_numbers(said) == ["A rede acerta 91 % delas.", "São 0,85 de área;"]


@each_page
def test_code_fits_a_narrow_screen(page):
    long = [line for code in cells(page) for line in code.splitlines() if len(line) > 88]
    assert not long


def unseen(text):
    """Os nomes que uma célula à vista usa e que nasceram numa célula que não se vê."""
    born, problems = {}, []
    for cell in read_myst_markdown_notebook(text).cells:
        if cell.cell_type == "code":
            hidden = {"remove-cell", "remove-input"} & set(cell.metadata.get("tags", ()))
            used, bound = names(cell.source)
            if not hidden:
                problems += sorted(name for name in used - bound if born.get(name))
                problems += ["glue"] * ("glue" in used | bound)
            born |= dict.fromkeys(bound, bool(hidden))
    return problems


@each_page
def test_nothing_is_used_before_it_is_seen(page):
    assert unseen(text(page)) == []


def test_what_was_not_seen_is_seen():
    cell = "```{{code-cell}} ipython3\n{}\n```\n"
    hidden, shown = cell.format(":tags: [remove-cell]\na = 1"), cell.format("b = [a for c in 'x']")
    assert unseen(hidden + shown) == ["a"]
    assert unseen(hidden + cell.format("a = 2") + shown) == []
    assert unseen(cell.format("a = 2") + hidden + shown) == ["a"]
    assert unseen(hidden + cell.format("def f():\n    return a")) == ["a"]
    assert unseen(hidden + cell.format("[a for a in 'x']")) == []
    assert unseen(cell.format("from myst_nb import glue")) == ["glue"]
