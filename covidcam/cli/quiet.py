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
    os.environ["KERAS_BACKEND"] = "tensorflow"  # o comando é só dele: outro motor não serve aqui
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    logging.getLogger("covidcam").setLevel(logging.ERROR)  # o que ele avisa, o comando diz
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import keras
        import tensorflow  # noqa: F401
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
    # o que estiver em ~/.keras/keras.json valeria para as redes, que são feitas com estes
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
