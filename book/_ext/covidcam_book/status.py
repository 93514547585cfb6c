"""A diretiva ``estado``: quando cada página foi executada, em quanto tempo e com que versões."""

import platform
from datetime import datetime

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from covidcam import __version__, figures, store

SOURCES = {"fantoma": "fantomas, desenhados pelo pacote", "real": "acervos reais"}


class Status(nodes.General, nodes.Element):
    """O lugar das tabelas, preenchido depois que todas as páginas rodaram."""


class StatusDirective(SphinxDirective):
    """Marca o lugar das tabelas."""

    def run(self):
        """Veja `FillStatus`."""
        self.env.metadata[self.env.docname]["covidcam_status"] = True
        return [Status()]


class FillStatus(SphinxPostTransform):
    """Põe as tabelas no lugar."""

    default_priority = 8  # antes que as ligações entre páginas sejam resolvidas

    def run(self, **options):
        """Uma tabela das páginas executadas e uma do que as executou."""
        for node in self.document.findall(Status):
            node.replace_self([executed(self.env), circumstances(self.app)])


def setup(app, chosen, commit):
    """Registra a diretiva; a página dela é refeita quando outra é executada."""
    app.covidcam_circumstances = {
        "covidcam": f"{__version__} ({commit})" if commit else __version__,
        "fonte das imagens": SOURCES[chosen.source],
        "Python": platform.python_version(),
        **store.library_versions(),
    }
    app.add_node(Status)
    app.add_directive("estado", StatusDirective)
    app.add_post_transform(FillStatus)
    app.connect("env-updated", _holders)


def executed(env):
    """A tabela das páginas: quando e em quantos segundos cada uma rodou."""
    rows, total = [], 0
    for pagename, data in sorted(NbMetadataCollector.get_doc_data(env).items()):
        if run := data.get("exec_data"):
            link = pending_xref(
                refdomain="std", reftype="doc", reftarget=f"/{pagename}", refexplicit=True
            )
            link += nodes.inline(text=env.titles[pagename].astext())
            when = datetime.fromtimestamp(run["mtime"]).strftime("%d/%m/%Y %H:%M")
            rows.append([link, when, figures.number(run["runtime"] or 0, 1)])
            total += run["runtime"] or 0
    rows.append(["todas", "", figures.number(total, 1)])
    shown = table(["página", "executada em", "segundos"], rows)
    for row in shown.findall(nodes.row):
        row[-1]["classes"].append("text-right")
    shown["classes"].append("totals")
    return shown


def circumstances(app):
    """A tabela do que executou as páginas."""
    return table(["com o quê", "versão"], [list(row) for row in app.covidcam_circumstances.items()])


def table(head, rows):
    """Uma tabela do docutils.

    Parameters
    ----------
    head : list of str
    rows : list of list of str or docutils node
    """
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    group += [nodes.thead("", _row(head)), nodes.tbody("", *map(_row, rows))]
    return nodes.table("", group, classes=["colwidths-auto"])


def _row(cells):
    texts = [cell if isinstance(cell, nodes.Node) else nodes.Text(cell) for cell in cells]
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", text)) for text in texts))


def _holders(app, env):
    if not NbMetadataCollector.new_exec_data(env):
        return []
    return [name for name, data in env.metadata.items() if data.get("covidcam_status")]
