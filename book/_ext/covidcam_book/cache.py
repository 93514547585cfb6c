"""O que se refaz quando muda o que o Sphinx não vê: as páginas executadas e as escritas."""

import json
import platform
import shutil
from pathlib import Path

from sphinx.util import logging

from covidcam import store

LOGGER = logging.getLogger(__name__)


def setup(app, chosen):
    """Descarta o cache se o pacote, os dados, as escolhas ou as bibliotecas mudaram.

    Se só esta extensão mudou, as páginas são escritas de novo, sem executar nenhuma. Se a
    construção anterior não chegou ao fim, todas são lidas de novo: o Sphinx julga pela data de
    cada uma, e não sabe quais ficaram como estavam antes. As que já rodaram vêm do cache.
    """
    app.add_config_value("covidcam_extension", store.fingerprint([Path(__file__).parent]), "env")
    app.connect("config-inited", lambda app, config: _drop_stale(app, chosen))
    app.connect("env-get-outdated", _outdated)
    app.connect("build-finished", _finish, priority=999)  # depois de tudo o que ainda escreve


def folder(app):
    """Onde ficam as páginas executadas."""
    return Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")


def _drop_stale(app, chosen):
    cache = folder(app)
    mark, begun = cache.with_name(".covidcam-fingerprint"), _begun(app)
    current = _fingerprint(chosen)
    app.covidcam_stale = not mark.is_file() or mark.read_text("utf-8") != current
    if app.covidcam_stale:
        LOGGER.info("covidcam: pacote, dados ou escolhas mudaram; as páginas serão executadas.")
        shutil.rmtree(cache, ignore_errors=True)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(current, "utf-8")
    app.covidcam_again = app.covidcam_stale or begun.is_file()
    begun.parent.mkdir(parents=True, exist_ok=True)
    begun.touch()


def _begun(app):
    """O arquivo que existe enquanto a construção não chega ao fim."""
    return folder(app).with_name(".covidcam-begun")


def _outdated(app, env, added, changed, removed):
    return set(env.found_docs) - added - changed if app.covidcam_again else set()


def _finish(app, error):
    if error is None:
        _begun(app).unlink(missing_ok=True)


def _fingerprint(chosen):
    parts = {
        "código": store.fingerprint([store.PACKAGE]),
        "escolhas": chosen.environment(),
        "dados": store.listing(chosen.data) if chosen.source == "real" else "",
        "versões": store.library_versions(),
        "python": platform.python_version(),
    }
    return json.dumps(parts, ensure_ascii=False, indent=1, sort_keys=True)
