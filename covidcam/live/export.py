"""Uma rede do Keras como uma lista curta de passos e os pesos deles, em meia precisão.

O que não muda depois do treino é dobrado: a normalização em lote e a ativação entram na convolução
que as precede, e uma convolução separável vira a convolução comum que ela é. Uma camada que o motor
da página não conhece é recusada pelo nome: uma conta a mais ou a menos daria outra rede.

A meia precisão erra cada número em até uma parte em 2048. Quase todo o erro dos logits vem dos
vieses e das primeiras camadas, que são poucos números: destes vai também o que faltou.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from covidcam.errors import ModelError

if TYPE_CHECKING:
    import keras

FINE = 4096  # dos pesos das primeiras camadas, quantos vão com o que faltou


@dataclass(frozen=True)
class Exported:
    """Uma rede pronta para a página.

    Attributes
    ----------
    steps : tuple of dict
        Na ordem em que se fazem. Cada passo diz o que faz em ``op`` e, em ``from``, os números dos
        passos que lê; o primeiro é a entrada. Os que têm pesos dizem onde começam, em ``kernel`` e
        ``bias``.
    output : int
        O passo da saída: os logits, antes da softmax, ou o último mapa de quem não tem classes.
    activation : int or None
        O passo do último mapa, o que entra na média global; None onde não há.
    weights : ndarray, float16 (n,)
    rest : ndarray, float16 (m,)
        O que se soma aos primeiros m pesos, m ≤ n.
    """

    steps: tuple[dict, ...]
    output: int
    activation: int | None
    weights: np.ndarray
    rest: np.ndarray


def export(model: "keras.Model") -> Exported:
    """Exporta uma rede treinada.

    Parameters
    ----------
    model : keras.Model
        Um grafo com uma entrada (H, W, C) de tamanho fixo e uma saída.

    Returns
    -------
    Exported

    Raises
    ------
    ModelError
        Se há uma camada que o motor da página não conhece, ou configurada de um modo que ele não
        conhece; se há um peso que não cabe em meia precisão; ou se o grafo é outro.

    Examples
    --------
    >>> from covidcam import models
    >>> exported = export(models.build("mini-vgg", ["COVID-19", "NORMAL"]))
    >>> [step["op"] for step in exported.steps][:5]
    ['input', 'scale', 'mean', 'average', 'normalize']
    >>> exported.weights.dtype
    dtype('float16')
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            f"A rede {model.name} tem {len(model.inputs)} entradas e {len(model.outputs)} saídas;"
            " aceita-se uma de cada."
        )
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or None in shape:
        raise ModelError(f"A rede {model.name} recebe {shape}; aceita-se (H, W, C), sem None.")
    readers = Counter(id(tensor) for op in model.operations for tensor in _read(op))
    steps, places = [{"op": "input", "shape": list(shape)}], {id(model.inputs[0]): 0}
    for op in model.operations:
        kind = type(op).__name__
        if kind == "InputLayer":
            continue
        if kind not in LAYERS:
            known = ", ".join(LAYERS)
            raise ModelError(f"A camada {op.name} é {kind}; o motor da página só tem {known}.")
        sources = [places[id(tensor)] for tensor in _read(op)]
        # só se dobra num passo o que mais ninguém lê sem dobra
        alone = all(readers[id(tensor)] == 1 for tensor in _read(op))
        made = LAYERS[kind](op, steps[sources[0]] if alone else None)
        if made is None:
            places[id(op.output)] = sources[0]
            continue
        steps.append({**made, "from": sources})
        places[id(op.output)] = len(steps) - 1
    pools = [step["from"][0] for step in steps if step["op"] == "pool"]
    return Exported(
        tuple(steps), places[id(model.outputs[0])], pools[0] if pools else None, *_pack(steps)
    )


def _read(op):
    """Os tensores que uma operação lê."""
    if type(op).__name__ == "InputLayer":
        return []
    return op.input if isinstance(op.input, list | tuple) else [op.input]


def _pack(steps):
    """Tira dos passos as matrizes, deixa neles onde cada uma começa e as devolve em fila."""
    found = [(step, name) for name in ("bias", "kernel") for step in steps if name in step]
    biases = sum(step["bias"].size for step in steps if "bias" in step)
    parts, size, fine = [np.zeros(0)], 0, 0
    for step, name in found:
        values = step[name].ravel()
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ModelError(
                f"A camada {step['name']} tem um peso de {np.abs(values).max():.3g}; na página"
                " cabem até 65504, em meia precisão."
            )
        step[name] = size
        parts.append(values)
        size += values.size
        fine = size if size <= biases + FINE else fine
    exact = np.concatenate(parts)
    weights = exact.astype(np.float16)
    return weights, (exact - weights)[:fine].astype(np.float16)


def _demand(op, accepted, found):
    """Recusa uma configuração que o motor da página não conhece."""
    if not accepted:
        raise ModelError(
            f"A camada {op.name} ({type(op).__name__}) é {found}, e a página não sabe."
        )


# Cada camada -> o passo que a faz, ou None se coube no passo anterior (`last`; None se outro o lê).


def _scale(op, last):
    plain = np.ndim(op.scale) == np.ndim(op.offset) == 0
    _demand(op, plain, "de um fator por canal")
    return {"op": "scale", "by": float(op.scale), "add": float(op.offset)}


def _mean(op, last):
    _demand(op, op.axis in (-1, [-1], (-1,)) and op.keepdims, f"uma média no eixo {op.axis}")
    return {"op": "mean"}


def _normalize(op, last):
    whole = tuple(np.atleast_1d(op.axis)) in ((1, 2, 3), (-3, -2, -1))
    _demand(op, whole and not op.scale and not op.center, f"por eixo ({op.axis}) ou com pesos")
    return {"op": "normalize", "epsilon": float(op.epsilon)}


def _halve(name):
    def halve(op, last):
        plain = op.pool_size == (2, 2) and op.strides == (2, 2) and op.padding == "valid"
        _demand(op, plain, f"de janela {op.pool_size}, passo {op.strides} e borda {op.padding}")
        return {"op": name}

    return halve


def _double(op, last):
    plain = op.size == (2, 2) and op.interpolation == "nearest"
    _demand(op, plain, f"de {op.size}, {op.interpolation}")
    return {"op": "double"}


def _add(op, last):
    _demand(op, len(_read(op)) == 2, f"uma soma de {len(_read(op))}")
    return {"op": "add", "relu": 0}


def _convolve(op, last):
    _check_window(op)
    return _convolution(op, _array(op.kernel))


def _separable(op, last):
    _check_window(op)
    _demand(op, op.depth_multiplier == 1, f"de {op.depth_multiplier} mapas por canal")
    depth = _array(op.depthwise_kernel)
    return _convolution(op, depth * _array(op.pointwise_kernel))


def _check_window(op):
    rows, columns = op.kernel_size
    square = rows == columns and op.strides[0] == op.strides[1]
    inside = op.padding == "same" or op.kernel_size == (1, 1)
    found = f"de janela {op.kernel_size}, passo {op.strides} e borda {op.padding}"
    _demand(op, square and inside, found)
    plain = tuple(op.dilation_rate) == (1, 1) and getattr(op, "groups", 1) == 1
    _demand(op, plain, "dilatada ou em grupos")
    _demand(op, op.data_format == "channels_last", "de canais na frente")
    _demand(op, _activation(op) in ("linear", "relu"), f"seguida de {_activation(op)}")


def _convolution(op, kernel):
    bias = _array(op.bias) if op.use_bias else np.zeros(kernel.shape[-1])
    return {
        "op": "convolve",
        "name": op.name,
        "side": kernel.shape[0],
        "stride": op.strides[0],
        "inputs": kernel.shape[2],
        "outputs": kernel.shape[3],
        "relu": int(_activation(op) == "relu"),
        "kernel": kernel,
        "bias": bias,
    }


def _fold_normalization(op, last):
    convolved = last is not None and last["op"] == "convolve" and not last["relu"]
    _demand(op, convolved, "depois de outra coisa que uma convolução só dela")
    channels = len(last["bias"])
    gamma = _array(op.gamma) if op.scale else np.ones(channels)
    beta = _array(op.beta) if op.center else np.zeros(channels)
    factor = gamma / np.sqrt(_array(op.moving_variance) + op.epsilon)
    last["kernel"] = last["kernel"] * factor
    last["bias"] = (last["bias"] - _array(op.moving_mean)) * factor + beta


def _fold_relu(op, last):
    plain = op.max_value is None and not op.negative_slope and not op.threshold
    _demand(op, plain, "outra que max(0, x)")
    foldable = last is not None and last.get("relu") == 0
    _demand(op, foldable, "depois de outra coisa que uma convolução ou soma só dela")
    last["relu"] = 1


def _pool(op, last):
    _demand(op, op.data_format == "channels_last", "de canais na frente")
    return {"op": "pool"}


def _dense(op, last):
    last_layer = _activation(op) in ("linear", "softmax", "sigmoid")
    _demand(op, last_layer, f"seguida de {_activation(op)}")
    kernel = _array(op.kernel)
    bias = _array(op.bias) if op.use_bias else np.zeros(kernel.shape[1])
    inputs, outputs = kernel.shape
    return {
        "op": "dense",
        "name": op.name,
        "inputs": inputs,
        "outputs": outputs,
        "kernel": kernel,
        "bias": bias,
    }


def _array(variable):
    return variable.numpy().astype(np.float64)


def _activation(op):
    return op.activation.__name__


LAYERS: Mapping[str, Callable] = MappingProxyType(
    {
        "Rescaling": _scale,
        "Mean": _mean,
        "AveragePooling2D": _halve("average"),
        "MaxPooling2D": _halve("max"),
        "UpSampling2D": _double,
        "LayerNormalization": _normalize,
        "Conv2D": _convolve,
        "SeparableConv2D": _separable,
        "BatchNormalization": _fold_normalization,
        "ReLU": _fold_relu,
        "Add": _add,
        "GlobalAveragePooling2D": _pool,
        "Dense": _dense,
    }
)
