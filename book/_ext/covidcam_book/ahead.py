"""Um segundo processo adianta o que as últimas páginas vão pedir."""

import os
import subprocess
import sys

from covidcam_book import only

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
LAST = "book/modelo-2"  # a página que mais treina, e uma das últimas que o Sphinx lê


def setup(app):
    """Começa com a leitura das páginas e acaba com a construção."""
    app.connect("env-before-read-docs", _start)
    app.connect("build-finished", _stop)


def _start(app, env, docnames):
    if app.covidcam_again and LAST in docnames and only.VARIABLE not in os.environ:
        command = [sys.executable, "-m", "covidcam.artefacts.ahead"]
        app.covidcam_ahead = subprocess.Popen(command, **QUIET)


def _stop(app, error):
    if ahead := getattr(app, "covidcam_ahead", None):
        ahead.terminate()
        ahead.wait()
