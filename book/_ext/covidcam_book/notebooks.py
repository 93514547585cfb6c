"""O caderno de cada página: texto que qualquer Jupyter mostra, e as saídas da construção."""

import ast
import json
from contextlib import suppress
from pathlib import Path, PurePosixPath

import nbformat
import yaml
from docutils.nodes import make_id
from jupyter_cache import get_cache
from myst_nb.core.read import read_myst_markdown_notebook
from pybtex.richtext import Text
from sphinx.util import logging

from covidcam_book import bibliography, cache, cells
from covidcam_book.portable import GLUE, Around, portable

LOGGER = logging.getLogger(__name__)

HOW = """\
*Este caderno é a página “{title}” do livro* covidcam; *as saídas são as da construção do livro.*

Para rodá-lo é preciso o pacote `covidcam`. {source} o ambiente:

```sh
python3 -m venv .venv
.venv/bin/pip install -r requirements.txt jupyterlab
.venv/bin/jupyter lab
```

Depois disso, rode as células de cima para baixo. A menos que se peça outra coisa, nada é baixado:
as radiografias são fantomas, desenhados pelo próprio pacote."""
FROM_ADDRESS = "Faça uma cópia do repositório (`git clone {address}`), entre na pasta dela e crie"
FROM_FOLDER = "Na pasta do livro, crie"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
HIDDEN = {"remove-input", "hide-input", "hide-cell"}


def is_notebook(app, pagename):
    """Se a página tem células de código."""
    return "{code-cell}" in text(app, pagename)


def text(app, pagename):
    """O texto de uma página; vazio se ela não é markdown."""
    file = Path(app.env.doc2path(pagename))
    return file.read_text("utf-8") if file.suffix == ".md" else ""


def front(text):
    """O cabeçalho de uma página, dict; vazio onde não há."""
    return yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}


def read(text):
    """As células de uma página em MyST, NotebookNode."""
    return read_myst_markdown_notebook(text)


def name(app, pagename):
    """O nome do arquivo do caderno de uma página: o título dela, sem acentos."""
    return f"{make_id(app.env.titles[pagename].astext())}.ipynb"


def write(app, written, repository):
    """Escreve os cadernos das páginas que têm código e foram escritas nesta construção.

    Parameters
    ----------
    app : sphinx.application.Sphinx
    written : set of str
        As páginas escritas.
    repository : mapping of str to str
        Os endereços que `covidcam_book.pages.repository` conhece.
    """
    folder = Path(app.outdir, "cadernos")
    folder.mkdir(exist_ok=True)
    current = [page for page in app.env.found_docs if is_notebook(app, page)]
    for file in set(folder.iterdir()) - {folder / name(app, page) for page in current}:
        file.unlink()  # de uma página que saiu, ou que mudou de título
    works = {c.key: _authors(c.entry) for c in bibliography.listed(app.env)}
    pages = {
        PurePosixPath(page).name: (title.astext(), _address(app, page, repository))
        for page, title in app.env.titles.items()
    }
    for pagename in sorted(written.intersection(current)):
        executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
        known = executed.is_file()
        notebook = answered(app, executed) if known else read(text(app, pagename))
        entries = [each.formatted_entry for each in bibliography.cited(app.env, pagename)]
        values = glued(executed.with_suffix(".glue.json"))
        if known and (lost := set(GLUE.findall(text(app, pagename))) - set(values)):
            LOGGER.warning(f"O caderno de {pagename} não tem os valores de {sorted(lost)}.")
        around = Around(
            folder=Path(app.env.doc2path(pagename)).parent,
            values=values,
            works=works,
            pages=pages,
            references="\n".join(f"- {entry.text.render_as('markdown')}" for entry in entries),
        )
        title = app.env.titles[pagename].astext()
        built = build(notebook, title, repository["source_address"], around)
        (folder / name(app, pagename)).write_text(nbformat.writes(built), "utf-8")


def answered(app, file):
    """Um caderno executado, com as saídas.

    Quando uma página não precisa rodar, as saídas vêm do cache; o MyST-NB as põe na página, mas não
    no caderno que escreve.
    """
    notebook = nbformat.read(file, 4)
    with suppress(KeyError):  # fora do cache está o que acaba de rodar sem ele
        _, notebook = get_cache(cache.folder(app)).merge_match_into_notebook(notebook)
    return notebook


def _address(app, page, repository):
    """Onde se lê uma página a partir de um caderno: no site, ou no caderno dela."""
    if repository["site_address"]:
        return f"{repository['site_address']}{page}.html"
    return name(app, page) if is_notebook(app, page) else f"../{page}.html"


def _authors(entry):
    """Os autores, como o texto os cita, e o ano."""
    people = entry.persons.get("author", [])
    last = [_plain(" ".join([*p.prelast_names, *p.last_names])) for p in people]
    several = len(last) > 2 or last[-1:] == ["others"]
    return (f"{last[0]} et al." if several else " e ".join(last)), entry.fields["year"]


def _plain(latex):
    """Um nome sem LaTeX; ler o que não o tem custa caro, e são quase todos."""
    return Text.from_latex(latex).render_as("text") if set(latex) & set("{\\") else latex


def glued(file):
    """O que as células deram à prosa: nome e valor, como ela o escreve.

    Parameters
    ----------
    file : Path
        O que o MyST-NB tirou das saídas de uma página; falta onde as células nada deram.

    Returns
    -------
    dict of str to str
    """
    if not file.is_file():
        return {}
    given = json.loads(file.read_text("utf-8"))
    written = {name: output["data"]["text/plain"] for name, output in given.items()}
    return {
        name: str(ast.literal_eval(text)) if text[:1] in "'\"" else text
        for name, text in written.items()
    }


def build(notebook, title, address, around):
    """O caderno de uma página.

    O que só leva números à prosa sai: eles já estão escritos nela. Das células que a página não
    mostra ficam as que as seguintes usam.

    Parameters
    ----------
    notebook : NotebookNode
        A página, executada ou não.
    title : str
    address : str
        De onde se copia o livro; vazio quando não se sabe.
    around : covidcam_book.portable.Around

    Returns
    -------
    NotebookNode
    """
    source = FROM_ADDRESS.format(address=address) if address else FROM_FOLDER
    kept, needed = [], set()
    for cell in reversed(notebook.cells):
        if cell.cell_type == "code":
            cell = _code(cell)
            used, bound = cells.names(cell.source)
            removed = "remove-cell" in cell.metadata.get("tags", ())
            if not cell.source or (removed and not bound & needed):
                continue
            needed = (needed - bound) | used
        else:
            cell.source = portable(cell.source, around)
        kept.insert(0, cell)
    how = nbformat.v4.new_markdown_cell(HOW.format(title=title, source=source), id="como-rodar")
    for count, cell in enumerate(kept):
        cell["id"] = f"celula-{count}"  # os mesmos a cada construção
    return nbformat.v4.new_notebook(cells=[how, *kept], metadata={"kernelspec": KERNEL})


def _code(cell):
    """A célula com o seu código e as saídas que se veem."""
    tags = set(cell.metadata.get("tags", ()))
    outputs = [
        _shown(output)
        for output in cell.get("outputs", ())
        if output.get("name") != "stderr" and "scrapbook" not in output.get("metadata", {})
    ]
    clean = nbformat.v4.new_code_cell(cells.without_glue(cell.source), outputs=outputs)
    clean.execution_count = cell.get("execution_count") if outputs else None
    clean.metadata["tags"] = sorted(tags)
    if tags & HIDDEN:
        clean.metadata["jupyter"] = {"source_hidden": True}
        if "hide-cell" in tags:
            clean.metadata["jupyter"]["outputs_hidden"] = True
    return clean


def _shown(output):
    """A saída sem a figura estreita, que só a página oferece."""
    shown = nbformat.from_dict(output)  # uma cópia
    shown.get("metadata", {}).get("image/png", {}).pop("narrow", None)
    return shown
