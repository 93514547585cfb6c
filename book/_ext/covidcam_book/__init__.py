"""A extensão do livro: o que as páginas precisam e o Jupyter Book não faz sozinho.

As escolhas ``COVIDCAM_*`` são lidas aqui, com caminhos relativos à pasta de onde se constrói, e
seguem absolutas para os núcleos que executam as páginas. O resto tem um arquivo por assunto:

cache
    As páginas são executadas de novo quando o pacote, os dados ou as escolhas mudam.
ahead
    Um segundo processo adianta o que as últimas páginas vão pedir.
assets
    Uma só folha de estilo, e scripts que esperam o texto.
citations
    Autores em português nas citações e na lista de referências.
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
pages, notebooks
    O que cada página leva além do texto: cadernos, ligações, tabelas que rolam.
"""

import os

from covidcam import settings
from covidcam_book import (
    ahead,
    assets,
    cache,
    citations,
    images,
    laboratory,
    mathematics,
    pages,
    portuguese,
    status,
)


def setup(app):
    """Liga a extensão ao Sphinx."""
    chosen = settings.read()
    os.environ.update(chosen.environment())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cache.setup(app, chosen)
    status.setup(app, chosen, pages.commit(app.srcdir))
    for subject in (ahead, assets, citations, images, laboratory, mathematics, portuguese, pages):
        subject.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
