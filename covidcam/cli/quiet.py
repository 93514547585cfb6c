"""Calar o que não é para quem usa o comando."""

import logging
import os
import sys
import warnings


def hush() -> None:
    """Cala os avisos dos leitores de imagem e o que o TensorFlow escreve ao ser carregado.

    Os primeiros citam o conteúdo dos arquivos, que pode identificar um paciente. O segundo escreve
    direto no descritor da saída de erros, que por isso é desviado enquanto ele é carregado.
    """
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
