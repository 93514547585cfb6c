"""A extensão do livro, em construções de verdade de um livro de duas páginas."""

import shutil
from html.parser import HTMLParser

import nbformat
from conftest import DRAW, ROOT


class Images(HTMLParser):
    """Os atributos das imagens e da raiz de uma página."""

    def __init__(self, page):
        super().__init__()
        self.images, self.root = [], {}
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes))
        elif tag == "html":
            self.root = dict(attributes)


def assert_figure_speaks(page):
    (figure,) = [image for image in Images(page).images if "_images" in image["src"]]
    assert figure["alt"] == "Uma tela com 2 < 3 e “aspas”."
    assert "dark-light" in figure["class"].split()


def outputs(book):
    """O que as células do caderno da página b mostram."""
    file = book.page("b").parent / "cadernos" / "pagina-b.ipynb"
    cells = nbformat.read(file, 4).cells
    return [cell.outputs for cell in cells if cell.cell_type == "code"]


def drawn(book):
    """Os arquivos de imagem do site: a figura, larga e estreita."""
    return {file.name for file in (book.page("b").parent / "_images").iterdir()}


def test_pages_run_when_what_they_depend_on_changes_and_only_then(book):
    code, ran, said = book.build()
    assert (code, ran) == (0, ["a", "b"]), said
    assert_figure_speaks(book.page("b"))
    assert Images(book.page("b")).root["lang"] == "pt-BR"

    shown = outputs(book)
    assert any("image/png" in each[0].get("data", {}) for each in shown if each)

    assert book.build()[:2] == (0, []), "nada mudou"

    book.write("b", DRAW, prose="Outra frase.")
    assert book.build()[:2] == (0, []), "só a prosa mudou"
    assert "Outra frase." in book.page("b").read_text("utf-8")
    assert_figure_speaks(book.page("b"))
    assert outputs(book) == shown, "o caderno não perde o que não precisou rodar"

    before = drawn(book)
    book.write("b", DRAW.replace("new()", "new(2)"), prose="Outra frase.")
    assert book.build()[:2] == (0, ["b"]), "uma figura mudou"
    assert len(before) == len(drawn(book)) == 2 and not before & drawn(book), "a antiga se foi"

    errors = book.package / "covidcam" / "errors.py"
    errors.write_text(errors.read_text("utf-8") + "# nada\n", "utf-8")
    assert book.build()[:2] == (0, ["a", "b"]), "o pacote mudou"

    assert book.build(COVIDCAM_TAMANHO="tudo")[:2] == (0, ["a", "b"]), "uma escolha mudou"


def test_pages_are_written_again_when_the_extension_changes_and_none_runs(book):
    ours = shutil.copytree(ROOT / "book" / "_ext" / "covidcam_book", book.folder / "covidcam_book")
    config = book.folder / "_config.yml"
    written = config.read_text("utf-8")
    config.write_text(written.replace(str(ROOT / "book" / "_ext"), str(book.folder)), "utf-8")
    assert book.build()[:2] == (0, ["a", "b"])
    assert 'aria-label="Resultado"' in book.page("b").read_text("utf-8")

    spoken = ours / "spoken.py"
    spoken.write_text(spoken.read_text("utf-8").replace('"Resultado"', '"Saída"'), "utf-8")
    assert book.build()[:2] == (0, [])
    assert 'aria-label="Saída"' in book.page("b").read_text("utf-8")


def test_a_build_cut_in_the_middle_leaves_no_page_as_it_was(book):
    cut = book.folder / "corta"
    book.write("a", "import os\nprint('tamanho', os.environ['COVIDCAM_TAMANHO'])")
    book.write("b", f"import os\nif os.path.exists({str(cut)!r}): os.kill(os.getppid(), 9)")
    assert book.build(COVIDCAM_TAMANHO="2020")[:2] == (0, ["a", "b"])
    assert "tamanho 2020" in book.page("a").read_text("utf-8")

    cut.touch()
    assert book.build(COVIDCAM_TAMANHO="tudo")[:2] == (-9, ["a", "b"])
    cut.unlink()
    assert book.build(COVIDCAM_TAMANHO="tudo")[:2] == (0, ["b"]), "o que rodou não se perde"
    assert "tamanho tudo" in book.page("a").read_text("utf-8")
    assert book.build(COVIDCAM_TAMANHO="tudo")[:2] == (0, [])


def test_a_raising_cell_fails_the_build_every_time(book):
    book.write("b", "raise ValueError('de propósito')")
    for _ in range(2):
        code, ran, said = book.build()
        assert code != 0 and "b" in ran
        assert "de propósito" in said
