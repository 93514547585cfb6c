"""As recusas: cada argumento errado é recusado em um só lugar, antes de a rede correr."""

from collections.abc import Hashable, Iterable
from difflib import get_close_matches

import numpy as np

from covidcam.cam.steps import graph_of
from covidcam.errors import InputError, ModelError

FLOAT32_MAX = float(np.finfo(np.float32).max)


def check_methods(method, methods):
    """Devolve a tupla de nomes pedidos, ou recusa o que não existe, com o mais parecido."""
    known = f"Os que existem são: {', '.join(methods)}."
    if isinstance(method, str):
        names = (method,)
    elif isinstance(method, Iterable):
        names = tuple(method)
    else:
        raise InputError(f"method é {method!r}; aceita-se um nome ou uma lista de nomes. {known}")
    if not names:
        raise InputError(f"nenhum método foi pedido. {known}")
    for name in names:
        if not isinstance(name, str) or name not in methods:
            near = get_close_matches(str(name), methods, n=1)
            hint = f" Será que é {near[0]!r}?" if near else ""
            raise InputError(f"o método {name!r} não existe.{hint} {known}")
    return tuple(dict.fromkeys(names))


def check_quantities(name, asked, quantities):
    """Recusa um método que pede o que o motor não sabe calcular."""
    for quantity in sorted(asked - quantities):
        raise InputError(
            f"o método {name!r} pede {quantity!r}, que o motor não calcula; aceitas: "
            f"{', '.join(sorted(quantities))}."
        )


def check_options(options, known):
    """Recusa uma opção que nenhum dos métodos conhece, ou um valor que a sua regra não aceita.

    ``known`` leva o nome de cada método pedido às suas opções: nome -> parâmetro.
    """
    every = set().union(*known.values())
    for option in options.keys() - every:
        raise InputError(
            f"a opção {option!r} não existe em {', '.join(known)}; aceitas: "
            f"{', '.join(sorted(every)) or 'nenhuma'}."
        )
    for name, parameters in known.items():
        for option in options.keys() & parameters.keys():
            value, rule = options[option], parameters[option].annotation
            if not getattr(rule, "accepts", lambda value: isinstance(value, Hashable))(value):
                accepted = rule if hasattr(rule, "accepts") else "um número ou um texto"
                raise InputError(f"{option} de {name} é {value!r}; aceita-se {accepted}.")


def check_layers(layer):
    """Devolve a tupla de camadas pedidas."""
    layers = tuple(layer) if isinstance(layer, (list, tuple)) else (layer,)
    if not layers or any(not isinstance(one, str) for one in layers if layers != (None,)):
        raise InputError(
            f"layer é {layer!r}; aceita-se o nome de uma camada, uma lista de nomes ou None."
        )
    return layers


def check_choice(name, value, accepted):
    """Recusa um valor que não é um dos aceitos."""
    if not isinstance(value, (str, type(None))) or value not in accepted:
        raise InputError(f"{name} é {value!r}; aceitas: {', '.join(map(repr, accepted))}.")
    return value


def check_component(names, wants):
    """Recusa a primeira componente em métodos que perguntam ao modelo fora do grafo."""
    for name in names:
        if "probe" in wants(name):
            raise InputError(
                f"smooth='first-component' só vale para métodos que somam canais, e {name!r} "
                "não é um deles."
            )


def check_batch_size(batch_size):
    """Recusa um tamanho de lote que não é um inteiro positivo."""
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise InputError(f"batch_size é {batch_size!r}; aceita-se um inteiro a partir de 1.")


def check_model(model, shape):
    """Devolve o grafo do modelo, construindo um Sequential que ainda não viu imagens."""
    import keras

    if keras.config.backend() != "tensorflow":
        raise ModelError(
            f"a Keras usa o {keras.config.backend()}; os mapas aceitam só o TensorFlow "
            "(KERAS_BACKEND=tensorflow)."
        )
    if not isinstance(model, keras.Model):
        raise ModelError(f"model é {type(model).__name__}; aceita-se um keras.Model.")
    if isinstance(model, keras.Sequential) and not model.built:
        check_shape(shape, (None,) * 4)
        try:
            model.build((None, *shape[1:]))
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"o modelo {model.name!r} não se constrói com imagens {shape[1:]}: {error}"
            ) from error
    graph = graph_of(model)
    if graph is None:
        raise ModelError(
            f"o modelo {model.name!r} só existe como código (uma subclasse com o seu próprio "
            "call), sem grafo de camadas; aceita-se um Sequential ou um modelo funcional."
        )
    if len(graph.inputs) != 1 or len(graph.inputs[0].shape) != 4:
        found = ", ".join(str(tensor.shape) for tensor in graph.inputs)
        raise ModelError(f"o modelo tem as entradas {found}; aceita-se uma, (N, H, W, C).")
    return graph


def check_output(graph, output):
    """Devolve a posição da saída pedida, por nome ou número; só é dispensável havendo uma."""
    names = output_names(graph)
    listed = ", ".join(f"{position} ({name!r})" for position, name in enumerate(names))
    if output is None and len(names) > 1:
        raise InputError(f"o modelo tem {len(names)} saídas; escolha uma com output=: {listed}.")
    positions = [i for i, name in enumerate(names) if output is None or output == name]
    if isinstance(output, (int, np.integer)) and not isinstance(output, bool):
        positions = [output] if 0 <= output < len(names) else []
    if not positions:
        raise InputError(f"a saída {output!r} não existe; aceitas, pela posição ou nome: {listed}.")
    if len(positions) > 1:
        raise InputError(f"{len(positions)} saídas têm o nome {output!r}; dê a posição: {listed}.")
    (index,) = positions
    shape = graph.outputs[index].shape
    if len(shape) < 2 or not shape[-1] or any(side != 1 for side in shape[1:-1]):
        raise ModelError(
            f"a saída {names[index]!r} tem forma {tuple(shape)}; aceita-se (N, classes)."
        )
    return index


def output_names(graph):
    """O nome de cada saída: a chave, num dicionário de saídas; senão o da camada."""
    import keras

    names = list(graph.output_names)
    for position, (path, _) in enumerate(keras.tree.flatten_with_path(graph._outputs_struct)):
        if path and isinstance(path[-1], str):
            names[position] = path[-1]
    return names


def as_array(images):
    """Devolve as imagens como matriz de números, ou recusa o que não é uma."""
    try:
        images = np.asarray(images)
    except ValueError as error:
        raise InputError("as imagens têm tamanhos diferentes; aceita-se um por chamada.") from error
    except (NotImplementedError, TypeError) as error:
        raise InputError(
            f"as imagens são {type(images).__name__}, que não vira uma matriz de números (dentro "
            "de uma tf.function não se explica); aceita-se (N, H, W, C)."
        ) from error
    if images.dtype.kind not in "uif":
        raise InputError(f"as imagens têm tipo {images.dtype}; aceita-se inteiro ou real.")
    return images


def check_shape(shape, expected):
    """Recusa uma forma que não é a esperada, onde None aceita qualquer lado."""
    accepted = "(N, " + ", ".join("?" if side is None else str(side) for side in expected[1:]) + ")"
    if len(shape) == 3:
        raise InputError(
            f"as imagens têm forma {shape}: falta um eixo; o modelo aceita {accepted}. "
            "Uma imagem só se passa como images[None]; imagens sem canal, como images[..., None]."
        )
    pairs = zip(shape[1:], expected[1:], strict=False)
    if len(shape) != 4 or any(want not in (None, side) for side, want in pairs):
        raise InputError(f"as imagens têm forma {shape}; o modelo aceita {accepted}.")
    if 0 in shape:
        raise InputError(f"não há imagens: a forma é {shape}; aceita-se N a partir de 1.")


def declared_range(model):
    """Devolve a faixa de pixels que as anotações do modelo dizem, ou None."""
    return getattr(getattr(model, "covidcam", None), "range", None)


def check_images(images, shape, pixel_range):
    """Recusa forma, pixels não finitos (o grafo compilado os esconderia) e faixa errada."""
    check_shape(images.shape, shape)
    least, most = float(images.min()), float(images.max())  # um NaN chega aos dois
    if not (least >= -FLOAT32_MAX and most <= FLOAT32_MAX):
        broken = [not np.all(np.abs(image) <= FLOAT32_MAX) for image in images]
        raise InputError(
            f"{sum(broken)} de {len(images)} imagens têm pixels NaN ou infinitos (a primeira é a "
            f"de índice {broken.index(True)}); aceitam-se só valores finitos."
        )
    if pixel_range is not None:
        check_range(least, most, *pixel_range)


def check_range(least, most, low, high):
    """Recusa imagens cuja faixa de valores contradiz a que o modelo diz esperar."""
    slack = 0.05 * (high - low)
    scaled = low == 0 and high > 1 and least >= 0 and 0 < most <= 1
    if scaled or least < low - slack or most > high + slack:
        hint = " Parecem já divididos pelo máximo: dê os valores originais." if scaled else ""
        raise InputError(
            f"os pixels vão de {least:g} a {most:g}, mas este modelo foi treinado com valores de "
            f"{low:g} a {high:g}.{hint}"
        )


def check_logits(logits, scores):
    """Recusa logits de que nada se deriva: NaN, infinito, ou a própria probabilidade."""
    broken = ~np.isfinite(logits).all(axis=1)
    if broken.any():
        raise ModelError(
            f"o modelo deu logits NaN ou infinitos em {broken.sum()} de {len(logits)} imagens (a "
            f"primeira é a de índice {broken.argmax()}), com imagens finitas: os pesos ou as "
            "ativações não são finitos."
        )
    whole = np.allclose(logits.sum(axis=1), 1, atol=1e-4) and logits.min() >= 0
    if whole and np.array_equal(logits, scores):
        raise ModelError(
            "a saída do modelo soma 1 em cada imagem, sem uma softmax que se veja: é uma "
            "probabilidade, e o logit não pode ser lido."
        )


def check_finite(raw, name):
    """Recusa um mapa com NaN ou infinito, que só um modelo com pesos quebrados produz."""
    if not np.isfinite(raw).all():
        raise ModelError(
            f"'{name}' deu valores NaN ou infinitos com imagens finitas: "
            "os pesos ou as ativações do modelo não são finitos."
        )
