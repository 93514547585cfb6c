"""O que se exporta, escrito como um script que a página carrega.

Um script, e não um arquivo de dados: aberta do disco, uma página não lê outro arquivo, mas carrega
um script. Os números vão comprimidos, com os bytes de mesma ordem juntos, e em base64, de que a
compressão do servidor desfaz o aumento.
"""

import base64
import json
import zlib
from typing import TYPE_CHECKING

import numpy as np

from covidcam.cam.network import Network
from covidcam.live.export import Exported, export

if TYPE_CHECKING:
    import keras

    from covidcam.novelty import UsualFilms


def network_script(name: str, model: "keras.Model", classes: tuple[str, ...] = ()) -> str:
    """O script que entrega uma rede à página.

    Parameters
    ----------
    name : str
        Com que nome a página a pede.
    model : keras.Model
        Como em `export`.
    classes : tuple of str
        Na ordem das saídas; vazio em quem não classifica.

    Returns
    -------
    str

    Raises
    ------
    covidcam.errors.ModelError
        Como `export`.
    """
    exported = export(model)
    described = {
        "steps": exported.steps,
        "output": exported.output,
        "activation": exported.activation,
        "classes": list(classes),
        "grid": _grid(model, exported),
        "weights": encode(exported.weights),
        "rest": encode(exported.rest),
    }
    return script(name, described)


def score_script(name: str, usual: "UsualFilms") -> str:
    """O script que entrega à página a régua da estranheza.

    Parameters
    ----------
    name : str
    usual : covidcam.novelty.UsualFilms
        Da precisão, que é simétrica, vai a metade de cima, em float32.

    Returns
    -------
    str
    """
    upper = usual.precision[np.triu_indices(len(usual.mean))]
    described = {
        "mean": encode(usual.mean.astype(np.float32)),
        "precision": encode(upper.astype(np.float32)),
        "limit": usual.limit,
    }
    return script(name, described)


def script(name: str, value) -> str:
    r"""Um valor como um script que o entrega à página.

    Parameters
    ----------
    name : str
    value
        O que o JSON escreve.

    Returns
    -------
    str

    Examples
    --------
    >>> script("classes", ["COVID-19", "NORMAL"])
    'laboratory.receive("classes", ["COVID-19","NORMAL"]);\n'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"laboratory.receive({json.dumps(name)}, {text});\n"


def encode(values: np.ndarray) -> str:
    """Os bytes de uma matriz, primeiro o menos significativo de cada número, e assim por diante.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    str
        Comprimidos (zlib) e em base64.

    Examples
    --------
    >>> packed = encode(np.array([0x0102, 0x0304], np.uint16))
    >>> zlib.decompress(base64.b64decode(packed)).hex()
    '02040103'
    """
    ordered = values.ravel().astype(values.dtype.newbyteorder("<"))
    planes = ordered.view(np.uint8).reshape(-1, values.itemsize).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def _grid(model: "keras.Model", exported: Exported) -> dict | None:
    """Onde estão, na imagem, as células do último mapa, como `covidcam.cam` as acha."""
    if exported.activation is None:
        return None
    network = Network(model)
    pools = "GlobalAveragePooling2D"
    pooling = next(step for step in network.steps if type(step.layer).__name__ == pools)
    (slot,) = pooling.sources.values()
    size = model.input_shape[1:3]
    axes = network.registration(slot, size, network.shape(slot)[1:3])[:2]
    names = ("count", "start", "step", "low", "high")
    return {
        axis: {name: getattr(where, name) for name in names}
        for axis, where in zip("yx", axes, strict=True)
    }
