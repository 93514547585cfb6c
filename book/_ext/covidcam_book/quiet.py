"""A construção só diz o que importa: os avisos, os erros e o que o livro tem a contar.

Com ``jupyter-book build -v`` nada disto acontece, e tudo o que as bibliotecas dizem aparece.
"""

import functools
import logging
import os
from pathlib import Path

from jupyter_client.provisioning import local_provisioner

OURS = ("sphinx.covidcam_book", "sphinx.sphinx.application")


def setup(app):
    """Cala o andamento do Sphinx, que o nosso substitui, e o ruído dos núcleos."""
    if app.verbosity == 0:
        for handler in logging.getLogger("sphinx").handlers:
            handler.addFilter(worth_saying)
        _send_kernels_to(Path(app.outdir).parent / "nucleos.log")


def worth_saying(record):
    """Se uma mensagem do Sphinx se mostra: avisos, erros, e as do livro e do fim da construção."""
    return record.levelno >= logging.WARNING or record.name.startswith(OURS)


def _send_kernels_to(log):
    """Põe num arquivo o que os núcleos dizem fora das células: recados do TensorFlow e do Jupyter.

    O que uma célula escreve, e o erro dela, chegam à página por outro caminho.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    launch = getattr(local_provisioner.launch_kernel, "func", local_provisioner.launch_kernel)
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    local_provisioner.launch_kernel = functools.partial(launch, stderr=opened)
