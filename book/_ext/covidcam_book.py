"""A extensão do livro: o que as páginas precisam e o Jupyter Book não faz sozinho.

- As escolhas ``COVIDCAM_*`` são lidas aqui, com caminhos relativos à pasta de onde se constrói, e
  seguem absolutas para os núcleos que executam as páginas.
- O cache das páginas executadas não vê o nosso pacote nem os dados: é descartado quando o código,
  os dados, as escolhas ou as versões das bibliotecas mudaram desde que foi feito.
- O texto alternativo que ``covidcam.figures.show`` calcula chega ao HTML.
"""

import json
import os
import platform
import shutil
from pathlib import Path

from myst_nb.core.render import NbElementRenderer
from sphinx.util import logging

from covidcam import settings, store

LOGGER = logging.getLogger(__name__)


def setup(app):
    """Liga a extensão ao Sphinx."""
    chosen = settings.read()
    os.environ.update(chosen.environment())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _carry_alternative_texts()
    app.connect("config-inited", lambda app, config: _drop_stale_cache(app, chosen))
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _drop_stale_cache(app, chosen):
    cache = Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    mark = cache.with_name(".covidcam-fingerprint")
    current = _fingerprint(chosen)
    app.covidcam_stale = not mark.is_file() or mark.read_text("utf-8") != current
    if app.covidcam_stale:
        LOGGER.info("covidcam: pacote, dados ou escolhas mudaram; as páginas serão executadas.")
        shutil.rmtree(cache, ignore_errors=True)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(current, "utf-8")


def _outdated(app, env, added, changed, removed):
    return set(env.found_docs) - added - changed if app.covidcam_stale else set()


def _fingerprint(chosen):
    parts = {
        "código": store.fingerprint([store.PACKAGE]),
        "escolhas": chosen.environment(),
        "dados": store.listing(chosen.data) if chosen.source == "real" else "",
        "versões": store.library_versions(),
        "python": platform.python_version(),
    }
    return json.dumps(parts, ensure_ascii=False, indent=1, sort_keys=True)


def _carry_alternative_texts():
    """Faz o texto alternativo guardado na saída da célula chegar à imagem da página."""
    original = NbElementRenderer.render_image

    def render_image(self, data):
        (image,) = original(self, data)
        if alt := data.output_metadata.get(data.mime_type, {}).get("alt"):
            image["alt"] = alt
        image["classes"] += ["dark-light"]  # o tema escuro não altera os cinzas
        return [image]

    NbElementRenderer.render_image = render_image
