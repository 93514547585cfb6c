"""O livro para quem o procura, o cita e o envia: endereços, cartões, citação e o mapa do site.

O que depende de onde o livro está publicado (`covidcam_book.pages.repository`) só existe onde isso
se sabe; sem isso, nenhuma ligação aponta para o que não há.
"""

import html
import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from covidcam import __version__
from covidcam_book import pages

CITING = "book/como-citar"
LICENCE = "https://creativecommons.org/licenses/by/4.0/deed.pt-br"
CODE_LICENCE = "https://opensource.org/license/mit"
LONGEST = 200  # caracteres de uma descrição; os buscadores cortam por aí
LOST = "Esta página não existe"
CARD = "_static/cartao.png"
CARD_WORDS = "covidcam: onde olhou a rede?"
FIGURE = re.compile(r'<img [^>]*src="(?:\.\./)*(_images/[^"]+\.(?:webp|png))"[^>]*>')
WORDS = re.compile(r'\balt="([^"]*)"')
# O que numa página se conta a partir de onde ela está.
RELATIVE = re.compile(r'\b(href|src|action|data-content_root)="(?!#|/|[a-z]+:)([^"]*)"')


def setup(app, chosen, commit):
    """Põe na cabeça de cada página o que ela é, e na raiz do site o que ele tem."""
    address = pages.repository(os.environ)
    app.covidcam_citation = {
        "year": app.config.copyright,
        "version": f"{__version__} ({commit})" if commit else __version__,
        "address": address["site_address"] or address["source_address"],
    }
    app.add_directive("como-citar", HowToCite)
    app.connect("config-inited", lambda app, config: _locate(config, address["site_address"]))
    app.connect(
        "html-page-context",
        lambda *page: _describe(*page, address, chosen.source == "fantoma"),
        priority=960,  # depois das figuras
    )
    app.connect("env-get-outdated", _outdated)
    app.connect("html-collect-pages", lambda app: [("404", {"title": LOST}, "404.html")])
    app.connect(
        "build-finished",
        lambda app, error: error or _write_root(app, address["site_address"]),
        priority=901,  # depois da página de entrada que o sumário escreve
    )


def description(doctree):
    """O primeiro parágrafo de uma página, no que cabe numa linha de um buscador.

    Parameters
    ----------
    doctree : docutils.nodes.document

    Returns
    -------
    str
        Vazio se a página não tem um parágrafo que não seja de uma caixa.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text) > 40:
            return shortened(text)
    return ""


def shortened(text):
    """Um texto cortado entre duas palavras.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Com até `LONGEST` caracteres.

    Examples
    --------
    >>> shortened("mapa " * 60)[-10:]
    'mapa mapa…'
    """
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rpartition(" ")[0].rstrip(" ,;:—") + "…"


def figure(body):
    """A primeira figura de uma página.

    Parameters
    ----------
    body : str
        Em HTML.

    Returns
    -------
    address, words : str
        A partir da raiz do site, e o texto alternativo, como está no HTML; ou os do cartão do
        livro.
    """
    found = FIGURE.search(body)
    words = found and WORDS.search(found[0])
    return (found[1], words[1]) if words else (CARD, CARD_WORDS)


def structured(book, page, citation, root):
    """O que uma página é, no vocabulário do schema.org.

    Parameters
    ----------
    book, page : dict
        O nome, a descrição e, onde se sabe, o endereço de cada um.
    citation : mapping of str to str
        O ano e a versão.
    root : bool
        Se é a capa, que é o livro.

    Returns
    -------
    dict
    """
    whole = {
        "@type": "Book",
        **book,
        "bookFormat": "https://schema.org/EBook",
        "isAccessibleForFree": True,
        "version": citation["version"],
    }
    part = {"@type": "Chapter", **page, "isPartOf": {"@type": "Book", **book}}
    common = {
        "inLanguage": "pt-BR",
        "author": {"@type": "Organization", "name": "covidcam"},
        "datePublished": citation["year"],
        "license": LICENCE,
    }
    return {"@context": "https://schema.org", **(whole if root else part), **common}


def bibtex(title, citation):
    """A entrada de quem cita o livro.

    Parameters
    ----------
    title : str
    citation : mapping of str to str
        O ano, a versão e, onde se sabe, o endereço.

    Returns
    -------
    str
    """
    fields = {
        "author": "{covidcam}",
        "title": title,
        "year": citation["year"],
        "note": f"Livro executável e pacote Python, versão {citation['version']}",
        "url": citation["address"],
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join(["@misc{covidcam,", *lines, "}"])


class HowToCite(SphinxDirective):
    """A citação desta construção: em texto e em BibTeX."""

    def run(self):
        """Um parágrafo e um bloco que se copia."""
        title, citation = self.config.html_title, self.env.app.covidcam_citation
        end = "" if title.endswith(("?", "!", ".")) else "."
        text = f"covidcam ({citation['year']}). {title}{end} Versão {citation['version']}."
        paragraph = nodes.paragraph(text=text)
        if citation["address"]:
            paragraph += [
                nodes.Text(" "),
                nodes.reference("", citation["address"], refuri=citation["address"]),
            ]
        self.env.metadata[self.env.docname]["covidcam_citation"] = dict(citation)
        code = bibtex(title, citation)
        return [paragraph, nodes.literal_block(code, code, language="bibtex")]


def _outdated(app, env, added, changed, removed):
    """A página que cita outra versão é lida de novo."""
    cited = {name: data.get("covidcam_citation") for name, data in env.metadata.items()}
    return [name for name, each in cited.items() if each not in (None, app.covidcam_citation)]


def _locate(config, site):
    config.html_baseurl = site  # é o que o Sphinx usa nos endereços canônicos


def _describe(app, pagename, templatename, context, doctree, address, synthetic):
    site, citation = address["site_address"], app.covidcam_citation
    context["citation"], context["licence"] = citation, LICENCE
    context["code_licence"] = CODE_LICENCE
    if CITING in app.env.found_docs:
        context["citing_address"] = context["pathto"](CITING)
    if doctree is None:
        context["page_description"] = ""
        return
    context["page_description"] = description(doctree)
    # de um filme real só se mostra o que leva o crédito embaixo, e um cartão não leva
    picture, words = figure(context["body"]) if synthetic else (CARD, CARD_WORDS)
    context["card_picture"], context["card_words"] = picture, words
    book = {"name": app.config.html_title} | ({"url": site} if site else {})
    page = {
        "name": app.env.titles[pagename].astext(),
        "description": context["page_description"],
    } | ({"url": context["pageurl"]} if site else {})
    root = pagename == app.config.root_doc
    if root:
        book |= {"description": context["page_description"]}
        app.covidcam_cover = {**context, "structured": ""}
    told = json.dumps(structured(book, page, citation, root), ensure_ascii=False)
    context["structured"] = told.replace("</", r"<\/")  # um título não fecha o script


def _write_root(app, site):
    """A entrada, a página de quem se perdeu e, onde se sabe o endereço, o mapa do site."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir)
    first = f"{app.config.root_doc}.html"
    if first != "index.html" and hasattr(app, "covidcam_cover"):
        cover = {**app.covidcam_cover, "first": first, "from_root": lambda name, *_: name}
        text = app.builder.templates.render("root.html", cover)
        (folder / "index.html").write_text(text, "utf-8")
    for name in ("sitemap.xml", "robots.txt"):
        (folder / name).unlink(missing_ok=True)
    if not site:
        return
    lost = folder / "404.html"
    lost.write_text(rooted(lost.read_text("utf-8"), urlsplit(site).path), "utf-8")
    addresses = [f"{site}{page}.html" for page in sorted(app.env.found_docs)]
    (folder / "sitemap.xml").write_text(sitemap(addresses), "utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {site}sitemap.xml\n"
    (folder / "robots.txt").write_text(robots, "utf-8")


def rooted(text, root):
    """Uma página que se lê de qualquer endereço: o que se contava dela conta-se da raiz.

    Parameters
    ----------
    text : str
        Em HTML.
    root : str
        O caminho do site no servidor.

    Returns
    -------
    str

    Examples
    --------
    >>> rooted('<a href="book/a.html"> <a href="#b"> <a href="https://c.d">', "/livro/")
    '<a href="/livro/book/a.html"> <a href="#b"> <a href="https://c.d">'
    """
    return RELATIVE.sub(lambda m: f'{m[1]}="{root}{m[2].removeprefix("./")}"', text)


def sitemap(addresses):
    """O mapa do site.

    Parameters
    ----------
    addresses : iterable of str

    Returns
    -------
    str
        Em XML.
    """
    entries = "".join(f"<url><loc>{html.escape(each)}</loc></url>\n" for each in addresses)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )
