"""Interface em português, e busca que acha “ativação” e “ativacao”, “pulmão” e “pulmões”."""

import json
import re
import unicodedata

from sphinx.search.pt import SearchPortuguese

# O fim da palavra, já sem acentos, e o que fica no lugar dele: a primeira regra que serve.
ENDINGS = [
    ["oes", "ao"],
    ["aes", "ao"],
    ["ais", "al"],
    ["eis", "el"],
    ["ns", "m"],
    ["res", "r"],
    ["re", "r"],
    ["s", ""],
]
# O que as extensões escrevem em inglês no corpo de uma página e nenhum catálogo traduz.
WRITTEN = {
    'Type<span class="colon">': 'Tipo<span class="colon">',
    'Yields<span class="colon">': 'Produz<span class="colon">',
}


def setup(app):
    """Registra a busca; as palavras da interface estão em book/locale."""
    app.add_search_language(Search)
    app.connect("html-page-context", _translate)
    app.connect("autodoc-skip-member", _skip)


def _translate(app, pagename, templatename, context, doctree):
    if "body" not in context:
        return
    for english, portuguese in WRITTEN.items():
        context["body"] = context["body"].replace(english, portuguese)
    # a linha não se parte entre o número e o seu sinal
    context["body"] = re.sub(r"(\d) %", "\\1\u00a0%", context["body"])


def _skip(app, what, name, obj, skip, options):
    # os campos de uma tupla já estão na docstring dela; o que o Python escreve deles é em inglês
    return True if (getattr(obj, "__doc__", "") or "").startswith("Alias for field") else None


def fold(word):
    """A palavra em minúsculas e sem acentos.

    >>> fold("Ativação")
    'ativacao'
    """
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def stem(word):
    """A forma sob a qual a busca guarda e procura uma palavra.

    >>> stem("pulmões"), stem("pulmao"), stem("imagens")
    ('pulmao', 'pulmao', 'imagem')
    """
    word = fold(word)
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word


class Search(SearchPortuguese):
    """A busca do Sphinx em português, sem acentos, com a mesma regra no índice e na página."""

    lang = "pt_BR"
    stopwords = SearchPortuguese.stopwords | {fold(word) for word in SearchPortuguese.stopwords}
    js_stemmer_rawcode = ""
    js_stemmer_code = (
        f"const ENDINGS = {json.dumps(ENDINGS)};"
        + r"""
var Stemmer = function () {
  this.stemWord = (word) => {
    word = word.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
    for (const [ending, instead] of ENDINGS)
      if (word.endsWith(ending) && word.length > ending.length + 1)
        return word.slice(0, -ending.length) + instead;
    return word;
  };
};
"""
    )

    def stem(self, word):
        """Veja `stem`."""
        return stem(word)
