"""O que cada página leva além do texto: caderno, endereços verdadeiros, tabelas que rolam."""

import os
import subprocess

from covidcam_book import notebooks, tables

COLAB = "https://colab.research.google.com/github"


def setup(app):
    """Prepara cada página antes de ela ser escrita, e os cadernos depois de todas."""
    address = repository(os.environ)
    version, written = commit(app.srcdir), set()
    app.connect("html-page-context", lambda *page: _prepare(*page, address, version), priority=900)
    app.connect("html-page-context", lambda app, pagename, *_: written.add(pagename))
    app.connect(
        "build-finished", lambda app, error: error or notebooks.write(app, written, address)
    )


def repository(environ):
    """Os endereços que a construção conhece; vazios fora de um repositório publicado.

    Parameters
    ----------
    environ : mapping of str to str
        ``GITHUB_SERVER_URL`` e ``GITHUB_REPOSITORY``, que o GitHub põe no ambiente, dizem onde está
        o código; ``COVIDCAM_SITE``, onde o livro será publicado; ``COVIDCAM_CADERNOS``, o ramo dos
        cadernos que o Colab abre. Ao lado delas, ``COVIDCAM_AVISO`` é um recado que todas as
        páginas mostram.

    Examples
    --------
    >>> repository({})
    {'source_address': '', 'edit_base': '', 'site_address': '', 'colab_base': ''}
    """
    name, server = environ.get("GITHUB_REPOSITORY"), environ.get("GITHUB_SERVER_URL")
    source = f"{server}/{name}" if name and server else ""
    site = environ.get("COVIDCAM_SITE", "")
    branch = server == "https://github.com" and name and environ.get("COVIDCAM_CADERNOS")
    return {
        "source_address": source,
        "edit_base": source and f"{source}/edit/main/",
        "site_address": site and f"{site.rstrip('/')}/",
        "colab_base": f"{COLAB}/{name}/blob/{branch}/" if branch else "",
    }


def commit(folder):
    """O commit de que o livro é feito; vazio fora de um repositório."""
    asked = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""  # um livro construído de um arquivo compactado não tem repositório


def _prepare(app, pagename, templatename, context, doctree, address, version):
    context.update(address, commit=version, notice=os.environ.get("COVIDCAM_AVISO"))
    if doctree is None:
        return
    if address["edit_base"]:
        context["edit_address"] = address["edit_base"] + pagename + context["page_source_suffix"]
    if notebooks.is_notebook(app, pagename):
        notebook = notebooks.name(app, pagename)
        context["notebook"] = context["pathto"](f"cadernos/{notebook}", 1)
        if address["colab_base"]:
            context["colab_address"] = address["colab_base"] + notebook
    context["body"] = tables.compose(context["body"])
