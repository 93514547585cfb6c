"""A extensão do livro: o que as páginas precisam e o Jupyter Book não faz sozinho.

As escolhas ``COVIDCAM_*`` são lidas aqui, com caminhos relativos à pasta de onde se constrói, e
seguem absolutas para os núcleos que executam as páginas. O resto tem um arquivo por assunto:

cache
    As páginas são executadas de novo quando o pacote, os dados ou as escolhas mudam.
quiet, watch
    O que a construção diz enquanto trabalha, e o que ela cala.
only
    Quem trabalha numa página executa só essa.
ahead
    Um segundo processo adianta o que as últimas páginas vão pedir.
assets, unused
    Uma só folha de estilo, e scripts que esperam o texto.
citations, bibliography
    Autores em português nas citações e nas listas, a do livro e a de cada página do tutorial.
head
    O alto das páginas do tutorial: objetivo, dados, pacotes, caderno, passos.
laboratory
    As redes do laboratório ao lado da página, e o motor como um texto que ela carrega.
images
    Texto alternativo, compressão, tamanho e carga tardia das figuras.
mathematics
    As fórmulas viram MathML na construção.
portuguese
    Interface em português e busca que não depende de acentos.
status
    A tabela de quando e com o que as páginas foram executadas.
pages, notebooks, tables
    O que cada página leva além do texto: cadernos, ligações, tabelas compostas.
captions
    Cada figura com o seu número e, em poucas palavras, o que mostra.
collapsed
    O código vem fechado, menos no tutorial.
disclosed
    De onde vêm as radiografias, e que não são diagnóstico, numa linha que se abre.
terms
    A primeira vez de cada termo, numa página, leva ao glossário.
story
    O que vem a seguir, e com que palavras começa.
spoken
    O que só um leitor de tela ouve: papéis, nomes e línguas.
published
    Endereços, cartões, citação, e o que a raiz do site tem.
"""

import os

from covidcam import settings
from covidcam_book import (
    ahead,
    assets,
    bibliography,
    cache,
    captions,
    citations,
    collapsed,
    disclosed,
    head,
    images,
    laboratory,
    mathematics,
    only,
    pages,
    portuguese,
    published,
    quiet,
    spoken,
    status,
    story,
    terms,
    watch,
)


def setup(app):
    """Liga a extensão ao Sphinx."""
    chosen = settings.read()
    os.environ.update(chosen.environment())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    quiet.setup(app)
    only.setup(app)
    cache.setup(app, chosen)
    watch.setup(app, chosen)
    commit = pages.commit(app.srcdir)
    status.setup(app, chosen, commit)
    published.setup(app, chosen, commit)
    for subject in (
        ahead,
        assets,
        citations,
        images,
        laboratory,
        mathematics,
        portuguese,
        pages,
        bibliography,
        head,
        captions,
        collapsed,
        disclosed,
        story,
        terms,
        spoken,
    ):
        subject.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
