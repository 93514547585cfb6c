"""A diretiva ``bibliografia``: as obras que a página cita, tiradas da lista do livro."""

from docutils import nodes
from pybtex.plugin import find_plugin
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class Bibliography(nodes.General, nodes.Element):
    """O lugar da lista, preenchido quando todas as citações são conhecidas."""


class BibliographyDirective(SphinxDirective):
    """Marca o lugar da lista."""

    def run(self):
        """Veja `FillBibliography`."""
        return [Bibliography()]


class FillBibliography(SphinxPostTransform):
    """Põe a lista no lugar."""

    default_priority = 8  # depois da lista do livro, antes que as ligações sejam resolvidas
    backend = find_plugin("pybtex.backends", "docutils")()

    def run(self, **options):
        """Uma linha por obra citada, na ordem da lista do livro."""
        for node in self.document.findall(Bibliography):
            entries = [each.formatted_entry for each in cited(self.env, self.env.docname)]
            items = [nodes.list_item("", self.backend.paragraph(entry)) for entry in entries]
            node.replace_self(nodes.bullet_list("", *items))


def setup(app):
    """Registra a diretiva."""
    app.add_node(Bibliography)
    app.add_directive("bibliografia", BibliographyDirective)
    app.add_post_transform(FillBibliography)


def cited(env, docname):
    """As citações da lista do livro que uma página usa.

    Parameters
    ----------
    env : sphinx.environment.BuildEnvironment
    docname : str

    Returns
    -------
    list of sphinxcontrib.bibtex.domain.Citation
    """
    keys = {
        target.key
        for reference in (env.get_domain("cite").citation_refs if "cite" in env.domains else ())
        if reference.docname == docname
        for target in reference.targets
    }
    return [citation for citation in listed(env) if citation.key in keys]


def listed(env):
    """As obras da lista do livro; nenhuma num livro sem lista.

    Parameters
    ----------
    env : sphinx.environment.BuildEnvironment

    Returns
    -------
    list of sphinxcontrib.bibtex.domain.Citation
    """
    return env.get_domain("cite").citations if "cite" in env.domains else []
