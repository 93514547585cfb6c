"""Os termos do glossário: em cada página, a primeira vez de cada um diz o que é e leva até lá."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref

GLOSSARY = "book/glossario"
# Palavras de todo dia, que quase nunca estão no texto com o sentido que o glossário lhes dá.
EVERYDAY = {"passo", "lote", "treino", "teste", "validação", "filme", "controle", "referência"}
EVERYDAY |= {"divisão", "canal", "precisão", "energia"}
PLURALS = (("ão", "ões"), ("l", "is"), ("m", "ns"), ("", "s"))
APART = r"(?<![\w-]){}(?![\w-])"
ELSEWHERE = "\ufffc"  # no lugar de uma ligação, e com ela sai o que só a apresenta
ASIDE = re.compile(r"\s*\([^()]*\ufffc[^()]*\)|\s*(?:Em|Veja) [^.]*\ufffc[^.]*(?:\.|$)")
HELD = (nodes.literal, nodes.reference, nodes.math, nodes.raw, nodes.table, nodes.citation)


def setup(app):
    """Liga os termos depois que as páginas são lidas, e escreve de novo as que os citam."""
    app.connect("env-updated", _changed)
    app.connect("doctree-resolved", _link)


def _changed(app, env):
    """Se o glossário mudou, as páginas já escritas ligam para onde não há mais nada."""
    before, env.covidcam_terms = getattr(env, "covidcam_terms", None), definitions(env)
    if before == env.covidcam_terms:
        return []
    return [page for page in env.found_docs if page.startswith("book/")]


def _link(app, doctree, docname):
    known = app.env.covidcam_terms
    if docname == GLOSSARY or not docname.startswith("book/") or not known:
        return
    glossary = app.builder.get_relative_uri(docname, GLOSSARY)
    link(
        doctree,
        {
            word: (f"{glossary}#{anchor}", meaning)
            for word, (anchor, meaning, explained) in known.items()
            if docname not in explained
        },
    )


def definitions(env):
    """Onde cada palavra se define, o que ela quer dizer e as páginas que a explicam.

    Parameters
    ----------
    env : BuildEnvironment

    Returns
    -------
    dict of str to tuple
        Da palavra para a âncora no glossário, a definição e as páginas a que ela leva.
    """
    if GLOSSARY not in env.found_docs:
        return {}
    known = {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        explained = tuple(sorted(link["reftarget"] for link in item.findall(pending_xref)))
        meaning = define(item)
        for term in item.findall(nodes.term):
            known |= dict.fromkeys(words(term.astext()), (term["ids"][0], meaning, explained))
    return known


def define(item):
    """A definição de uma entrada do glossário, sem as ligações a outras páginas.

    Parameters
    ----------
    item : nodes.definition_list_item

    Returns
    -------
    str
        Numa linha só.
    """
    paragraph = item.next_node(nodes.definition).next_node(nodes.paragraph).deepcopy()
    for elsewhere in list(paragraph.findall(pending_xref)):
        elsewhere.replace_self(nodes.Text(ELSEWHERE))
    return " ".join(ASIDE.sub("", paragraph.astext()).split())


def link(doctree, entries):
    """Faz da primeira vez de cada palavra, num parágrafo, uma ligação.

    Parameters
    ----------
    doctree : nodes.document
        Muda-se.
    entries : dict of str to (str, str)
        Da palavra para o endereço da definição e a própria, que o navegador mostra a quem para
        sobre a ligação.
    """
    waiting = {word: pattern(word) for word in entries}
    for text in list(doctree.findall(nodes.Text)):
        if not _is_prose(text):
            continue
        found = {word: expression.search(text) for word, expression in waiting.items()}
        said = sorted((match.span(), word) for word, match in found.items() if match)
        parts, at = [], 0
        for (start, end), word in said:
            if start < at:
                continue  # já está dentro de outro termo
            del waiting[word]
            parts += [nodes.Text(text[at:start])]
            address, meaning = entries[word]
            parts += [
                nodes.reference(
                    "",
                    text[start:end],
                    refuri=address,
                    reftitle=meaning,
                    internal=True,
                    classes=["term"],
                )
            ]
            at = end
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[at:])])


def _is_prose(text):
    """Se é texto corrido de um parágrafo, fora de códigos, fórmulas, ligações e resultados."""
    node, inside = text.parent, False
    while node is not None:
        if isinstance(node, HELD) or {"cell", "caption"} & set(node.get("classes", [])):
            return False
        inside = inside or isinstance(node, nodes.paragraph)
        node = node.parent
    return inside


def words(term):
    """As palavras que uma entrada do glossário define.

    Parameters
    ----------
    term : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> words("otimizador, passo e lote")
    ['otimizador']
    >>> words("mapa plano")
    ['mapa plano']
    """
    return [word for word in re.split(r", | e ", term) if word not in EVERYDAY]


def pattern(word):
    """A expressão que acha uma palavra, no singular ou no plural, inteira.

    Parameters
    ----------
    word : str

    Returns
    -------
    re.Pattern

    Examples
    --------
    >>> [bool(pattern("canal").search(text)) for text in ("Os canais", "canaleta")]
    [True, False]
    >>> [bool(pattern("CAM").search(text)) for text in ("um CAM", "Grad-CAM", "cam")]
    [True, False, False]
    """
    ending, plural = next(pair for pair in PLURALS if word.endswith(pair[0]))
    stem = re.escape(word.removesuffix(ending)).replace(r"\ ", r"\s+")
    either = f"{stem}(?:{ending}|{plural})" if ending else f"{stem}{plural}?"
    return re.compile(APART.format(either), 0 if word.isupper() else re.IGNORECASE)
