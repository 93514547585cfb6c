"""Trabalhar numa página: com ``COVIDCAM_PAGINAS``, só as que ele nomeia são executadas.

As outras continuam no livro, para que as ligações valham, mas sem saídas; uma construção sem ele
executa depois o que faltou.
"""

import os
from pathlib import Path, PurePosixPath

from covidcam.errors import InputError

VARIABLE = "COVIDCAM_PAGINAS"


def setup(app):
    """Restringe a execução, se se pediu, antes que o MyST-NB leia a configuração."""
    if asked := os.environ.get(VARIABLE):
        app.connect("config-inited", lambda app, config: _restrict(app, config, asked), priority=0)


def others(pages, asked):
    """As páginas que não se executam.

    Parameters
    ----------
    pages : iterable of str
        Os nomes dos arquivos, sem a extensão.
    asked : str
        As que se executam, separadas por vírgulas, com ou sem a pasta e a extensão.

    Returns
    -------
    set of str

    Raises
    ------
    InputError
        Se não há uma página com um dos nomes.
    """
    wanted = {PurePosixPath(name.strip()).stem for name in asked.split(",")}
    if unknown := sorted(wanted - set(pages)):
        raise InputError(f"{VARIABLE} pede {unknown}; as páginas são {sorted(pages)}.")
    return set(pages) - wanted


def _restrict(app, config, asked):
    pages = [path.stem for path in Path(app.srcdir, "book").rglob("*.md")]
    config.nb_execution_excludepatterns = [f"{name}.md" for name in sorted(others(pages, asked))]
    config.suppress_warnings = [*config.suppress_warnings, "mystnb.glue"]  # quem não roda não conta
