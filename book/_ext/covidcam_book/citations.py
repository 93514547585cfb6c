"""As referências com “e” entre os autores e “et al.” no lugar de “and others”."""

from dataclasses import dataclass, field

from pybtex.plugin import register_plugin as register_list
from pybtex.richtext import Text
from pybtex.style.formatting.alpha import Style
from pybtex.style.template import FieldIsMissing, join, node, sentence
from sphinxcontrib.bibtex.plugin import register_plugin as register_citation
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


def setup(app):
    """Dá às duas partes, a lista e as citações no texto, o nome que _config.yml usa."""
    register_list("pybtex.style.formatting", "portuguese", List)
    register_citation("sphinxcontrib.bibtex.style.referencing", "portuguese", Citation)


class List(Style):
    """A lista, com os autores em português."""

    def format_names(self, role, as_sentence=True):
        """Os autores ou os editores de uma referência."""
        return sentence[people(role)] if as_sentence else people(role)


@node
def people(children, context, role):
    """Os nomes de um papel: “A, B e C”, ou “A, B et al.” quando o arquivo diz que há outros."""
    style, persons = context["style"], context["entry"].persons.get(role)
    if not persons:
        raise FieldIsMissing(role, context["entry"])
    others = str(persons[-1]) == "others"
    names = [style.format_name(person, style.abbreviate_names) for person in persons]
    if others:
        return Text(join(sep=", ")[names[:-1]].format_data(context), " et al.")
    return join(sep=", ", sep2=" e ", last_sep=" e ")[names].format_data(context)


@dataclass
class Citation(AuthorYearReferenceStyle):
    """A citação no texto: “Autora e Autor, ano”."""

    person: PersonStyle = field(default_factory=lambda: PersonStyle(sep2=" e ", last_sep=" e "))
