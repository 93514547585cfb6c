"""Onde estão os pesos da ImageNet: numa pasta do leitor ou no cache do próprio Keras."""

import os
from pathlib import Path

from covidcam.errors import InputError, ModelError

SITE = "https://storage.googleapis.com/tensorflow/keras-applications"
# O endereço e o MD5 que o Keras publica para cada rede sem o topo; depois, o nome do arquivo.
FILES = {
    "vgg16": (
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    ),
    "resnet50v2": (
        "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "fac2f116257151a9d068a22e544a4917",
    ),
    "xception": (
        "xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "b0042744bf5b25fce3cb969f33bebb97",
    ),
}
PRETRAINED = {name: address.rsplit("/", 1)[-1] for name, (address, _) in FILES.items()}


def weights_file(name: str, folder: str | os.PathLike | None = None) -> Path:
    """O arquivo com os pesos da ImageNet de uma rede sem o topo.

    Parameters
    ----------
    name : str
        ``"vgg16"``, ``"resnet50v2"`` ou ``"xception"``.
    folder : path-like, optional
        Pasta com os arquivos do Keras, com os nomes que ele lhes dá; por padrão o cache do
        próprio Keras, que baixa o que falta.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        Se a rede não é uma das que têm pesos.
    ModelError
        Se o arquivo não está na pasta, ou não pôde ser baixado.

    Examples
    --------
    >>> weights_file("vgg16", "pasta-que-nao-existe")
    Traceback (most recent call last):
    covidcam.errors.ModelError: Em pasta-que-nao-existe era esperado o arquivo de pesos \
vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5; há: nada.
    """
    if name not in FILES:
        raise InputError(f"A rede {name!r} não tem pesos da ImageNet; têm: {list(FILES)}.")
    (address, md5), file = FILES[name], PRETRAINED[name]
    if folder is None:
        return _from_keras(file, f"{SITE}/{address}", md5)
    path = Path(folder) / file
    if not path.is_file():
        found = ", ".join(sorted(os.listdir(folder))) if Path(folder).is_dir() else "nada"
        raise ModelError(f"Em {folder} era esperado o arquivo de pesos {file}; há: {found}.")
    return path


def _from_keras(file, address, md5):
    import keras

    try:
        return Path(keras.utils.get_file(file, address, cache_subdir="models", file_hash=md5))
    except Exception as error:  # o Keras levanta Exception, sem classe, quando não baixa
        raise ModelError(
            f"Os pesos {file} não estão no cache do Keras e não puderam ser baixados de {address}"
            f" ({error}). Baixe o arquivo à parte e diga em COVIDCAM_PESOS em que pasta ele está."
        ) from error
