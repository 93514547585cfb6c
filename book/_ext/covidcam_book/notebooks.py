"""O caderno de cada página, que diz na primeira célula do que precisa para rodar."""

import re
from pathlib import Path, PurePosixPath

import nbformat
import yaml
from myst_nb.core.read import read_myst_markdown_notebook

HOW = """\
*Este caderno é a página “{title}” do livro* covidcam.

Para rodá-lo é preciso o pacote `covidcam`. {source} o ambiente:

```sh
python3 -m venv .venv
.venv/bin/pip install -r requirements.txt jupyterlab
.venv/bin/jupyter lab
```

Depois disso, rode as células de cima para baixo. Nada é baixado: as radiografias são fantomas,
desenhados pelo próprio pacote."""
FROM_ADDRESS = "Faça uma cópia do repositório (`git clone {address}`), entre na pasta dela e crie"
FROM_FOLDER = "Na pasta do livro, crie"
INCLUDE = re.compile(r"```\{include\} (\S+)\n```")


def is_notebook(app, pagename):
    """Se a página tem células de código."""
    return "{code-cell}" in text(app, pagename)


def front(text):
    """O cabeçalho de uma página, dict; vazio onde não há."""
    return yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}


def read(text):
    """As células de uma página em MyST, NotebookNode."""
    return read_myst_markdown_notebook(text)


def name(pagename):
    """O nome do arquivo do caderno de uma página."""
    return f"{PurePosixPath(pagename).name}.ipynb"


def write(app, address):
    """Escreve os cadernos de todas as páginas que têm código."""
    folder = Path(app.outdir, "cadernos")
    folder.mkdir(exist_ok=True)
    for pagename in app.env.found_docs:
        if is_notebook(app, pagename):
            title = app.env.titles[pagename].astext()
            notebook = build(text(app, pagename), title, address, Path(app.srcdir, "book"))
            (folder / name(pagename)).write_text(nbformat.writes(notebook), "utf-8")


def build(text, title, address, folder):
    """O caderno de uma página.

    Parameters
    ----------
    text : str
        A página, em MyST.
    title : str
    address : str
        De onde se copia o livro; vazio quando não se sabe.
    folder : Path
        De onde a página inclui trechos.

    Returns
    -------
    nbformat.NotebookNode
    """
    text = INCLUDE.sub(lambda match: (folder / match[1]).read_text("utf-8"), text)
    notebook = read_myst_markdown_notebook(text)
    source = FROM_ADDRESS.format(address=address) if address else FROM_FOLDER
    how = nbformat.v4.new_markdown_cell(HOW.format(title=title, source=source), id="como-rodar")
    notebook.cells.insert(0, how)
    for count, cell in enumerate(notebook.cells[1:]):
        cell["id"] = f"celula-{count}"  # os mesmos a cada construção
    return notebook


def text(app, pagename):
    """O texto de uma página; vazio se ela não é markdown."""
    file = Path(app.env.doc2path(pagename))
    return file.read_text("utf-8") if file.suffix == ".md" else ""
