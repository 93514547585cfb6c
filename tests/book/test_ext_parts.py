"""As peças da extensão, uma a uma."""

import io
import shutil
import subprocess

import nbformat
import numpy as np
import pytest
from covidcam_book import citations, images, mathematics, notebooks, pages, portuguese
from PIL import Image
from pybtex import PybtexEngine


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


def test_formulas_become_mathml_with_whole_names():
    assert "<mi>ReLU</mi>" in mathematics.mathml(r"\mathrm{ReLU}(x)")
    assert 'display="block"' in mathematics.mathml("x", "block")
    assert "<msup>" in mathematics.mathml("A^k")


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
    }


def test_a_notebook_says_how_to_run_it_and_brings_what_it_includes(tmp_path):
    (tmp_path / "aviso.md").write_text("Não é um diagnóstico.", "utf-8")
    text = "# Título\n\n```{include} aviso.md\n```\n\n```{code-cell} ipython3\nx = 1\n```\n"
    notebook = notebooks.build(text, "Título", "https://example.org/a/b", tmp_path)
    nbformat.validate(notebook)
    first, prose, code = notebook.cells
    assert "git clone https://example.org/a/b" in first.source and "“Título”" in first.source
    assert "Não é um diagnóstico." in prose.source and "{include}" not in prose.source
    assert code.source == "x = 1" and code.cell_type == "code"
    alone = notebooks.build(text, "Título", "", tmp_path).cells[0].source
    assert "git clone" not in alone
    assert "Na pasta do livro, crie o ambiente:" in alone and "crie o ambiente:" in first.source
