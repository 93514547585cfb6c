"""Um modelo Keras como lista de passos que se pode cortar em qualquer ponto.

O Keras guarda um modelo como um grafo de chamadas de camadas, com modelos dentro de modelos.
Aqui o grafo é desenrolado em uma lista plana, sem tocar no modelo: cada passo lê e escreve
posições (``slots``) de um dicionário de valores. Cortar a rede é escolher uma posição, mesmo
dentro de um modelo aninhado ou de um ramo residual.
"""

import inspect
from difflib import get_close_matches
from itertools import count
from typing import Any, NamedTuple

from covidcam.cam import tf
from covidcam.cam.registration import locate
from covidcam.errors import InputError, ModelError

# Ativações finais através das quais se olha, pelo nome na Keras e pela operação do TensorFlow.
FINAL_ACTIVATIONS = {"linear", "softmax", "sigmoid"}
FINAL_OPERATIONS = {"Softmax", "Sigmoid"}
# Operações que não alteram os valores e podem estar depois da ativação final.
TRANSPARENT = {"Identity", "Cast"}


class Step(NamedTuple):
    """Uma chamada de camada: lê ``sources``, escreve ``slots``."""

    layer: Any
    name: str
    arguments: Any
    sources: dict[int, int]
    slots: tuple[int, ...]
    shape: tuple[int | None, ...]

    def __call__(self, values):
        """Executa o passo em modo de inferência e devolve os valores de ``slots``."""
        import keras

        inputs = {tensor: values[slot] for tensor, slot in self.sources.items()}
        args, kwargs = self.arguments.fill_in(inputs)
        if "training" in inspect.signature(self.layer.call).parameters:
            kwargs["training"] = False
        return zip(self.slots, keras.tree.flatten(self.layer(*args, **kwargs)), strict=True)


def graph_of(model):
    """Devolve o grafo funcional de um modelo, ou None se ele só existe como código."""
    import keras
    from keras.src.models.functional import Functional

    if isinstance(model, keras.Sequential):
        return model._functional
    return model if getattr(type(model), "call", None) is Functional.call else None


def unroll(graph, slots, numbers, prefix=""):
    """Desenrola o grafo em passos, em ordem de execução; ``slots`` ganha cada tensor visto."""
    steps = []
    for _, nodes in sorted(graph._nodes_by_depth.items(), reverse=True):
        for node in nodes:
            known = all(id(tensor) in slots for tensor in node.outputs)
            if known or any(id(tensor) not in slots for tensor in node.input_tensors):
                continue
            layer, name = node.operation, prefix + node.operation.name
            sources = {id(tensor): slots[id(tensor)] for tensor in node.input_tensors}
            nested = graph_of(layer)
            if nested is None:
                outputs = tuple(next(numbers) for _ in node.outputs)
                shape = tuple(node.outputs[0].shape)
                steps.append(Step(layer, name, node.arguments, sources, outputs, shape))
            else:
                entries = (slots[id(tensor)] for tensor in node.input_tensors)
                inner = dict(zip(map(id, nested.inputs), entries, strict=True))
                steps += unroll(nested, inner, numbers, name + "/")
                outputs = tuple(inner[id(tensor)] for tensor in nested.outputs)
            slots.update(zip(map(id, node.outputs), outputs, strict=True))
    return steps


def ancestors(steps, slot):
    """Devolve, na ordem, os passos de que ``slot`` depende."""
    needed, kept = {slot}, []
    for step in reversed(steps):
        if needed.intersection(step.slots):
            needed.update(step.sources.values())
            kept.append(step)
    return kept[::-1]


class Network:
    """Um modelo com uma entrada de imagens e uma saída de classes, pronto para ser cortado.

    Parameters
    ----------
    graph : keras.Model
        O grafo funcional, com uma entrada (N, H, W, C).
    output : int
        A posição, entre as saídas do grafo, daquela que se explica.
    """

    def __init__(self, graph, output=0):
        numbers = count()
        slots = {id(tensor): next(numbers) for tensor in graph.inputs}
        steps = unroll(graph, slots, numbers)
        self.input = slots[id(graph.inputs[0])]
        self.output = slots[id(graph.outputs[output])]
        self.input_shape = tuple(graph.inputs[0].shape)
        self.input_name = graph.inputs[0]._keras_history.operation.name
        dtype = graph.inputs[0].dtype
        self.input_dtype = dtype if "float" in dtype else "float32"
        self.steps = ancestors(steps, self.output)
        self.units = graph.outputs[output].shape[-1]
        self.producer = {slot: step for step in self.steps for slot in step.slots}
        self.registrations = {}

    @property
    def classes(self):
        """Número de classes; uma única saída conta como duas."""
        return max(self.units, 2)

    def run(self, images):
        """Executa a rede toda e devolve os valores de todas as posições."""
        return self.resume(self.steps, {self.input: tf.cast(images, self.input_dtype)})

    def resume(self, steps, values):
        """Executa ``steps`` a partir dos valores que já existem, sem alterá-los."""
        values = dict(values)
        for step in steps:
            values.update(step(values))
        return values

    def read(self, output):
        """Devolve logits e saída (N, classes), em float32; uma só saída p vira (1 - p, p)."""
        logits = before_activation(output)
        if self.units == 1:
            output = tf.concat([-output if logits is output else 1 - output, output], axis=1)
            logits = tf.concat([-logits, logits], axis=1)
        return tf.cast(logits, tf.float32), tf.cast(output, tf.float32)

    def logits(self, images):
        """Devolve só os logits (N, classes) das imagens."""
        return self.read(self.run(images)[self.output])[0]

    def after(self, slot):
        """Devolve os passos que dependem de ``slot``, na ordem."""
        reached, steps = {slot}, []
        for step in self.steps:
            if reached.intersection(step.sources.values()):
                reached.update(step.slots)
                steps.append(step)
        return steps

    def readers(self, slot):
        """Devolve os passos que leem ``slot``."""
        return [step for step in self.steps if slot in step.sources.values()]

    def name(self, slot):
        """Nome da camada que escreve ``slot``: curto quando só há uma com ele."""
        if slot == self.input:
            return self.input_name
        path = self.producer[slot].name
        short = path.split("/")[-1]
        alone = [step for step in self.steps if step.name.split("/")[-1] == short]
        return short if len(alone) == 1 else path

    def registration(self, slot, size, counts):
        """Onde estão, numa imagem de ``size`` pixels, as células (h, w) do mapa em ``slot``."""
        key = slot, tuple(size), tuple(counts)
        if key not in self.registrations:
            self.registrations[key] = locate(self, *key)
        return self.registrations[key]

    def separable_head(self, slot):
        """Corta o trecho depois de ``slot`` na primeira densa, se até ela os canais não se tocam.

        Devolve (passos antes, a densa, passos depois), ou None se os canais se encontram antes
        ou se algo passa ao lado da densa.
        """
        import keras

        steps, current = self.after(slot), slot
        for i, step in enumerate(steps):
            if list(step.sources.values()) != [current]:
                return None
            if isinstance(step.layer, keras.layers.Dense):
                inside = {slot for later in steps[i:] for slot in later.slots}
                aside = any(set(later.sources.values()) - inside for later in steps[i + 1 :])
                flat = len(step.shape) == 2
                return (steps[:i], step, steps[i + 1 :]) if flat and not aside else None
            if not channelwise(step.layer):
                return None
            current = step.slots[0]
        return None

    def maps(self):
        """Devolve os passos cuja saída tem duas dimensões espaciais, (N, h, w, canais)."""
        return [step for step in self.steps if spatial(step.shape)]

    def find(self, name):
        """Devolve a posição da saída da camada ``name`` (ou ``modelo/camada``)."""
        usable = [self.name(step.slots[0]) for step in self.maps()]
        found = [s for s in self.steps if name in (s.name, s.name.split("/")[-1])]
        if not found:  # um modelo aninhado responde pela sua última camada
            inside = [s for s in self.steps if f"/{name}/" in f"/{s.name}"]
            found = [s for s in inside if s.name == inside[-1].name]
        if not found:
            near = get_close_matches(str(name), usable, n=1)
            hint = f" Será que é {near[0]!r}?" if near else ""
            raise InputError(
                f"a camada {name!r} não existe neste modelo.{hint} "
                f"Camadas que servem: {', '.join(usable)}."
            )
        if len(found) > 1:
            paths = ", ".join(sorted({step.name for step in found}))
            raise InputError(
                f"o nome {name!r} serve a {len(found)} chamadas de camada ({paths}): "
                "use o caminho completo de uma que seja chamada uma só vez."
            )
        if not spatial(found[0].shape):
            raise InputError(
                f"a camada {name!r} tem saída {found[0].shape}, sem dimensões espaciais: um mapa "
                f"precisa de (N, altura, largura, canais). Camadas que servem: {', '.join(usable)}."
            )
        return found[0].slots[0]

    def pooled_head(self):
        """Devolve a posição do que entra no agrupamento global e a camada densa que o segue."""
        import keras

        kinds = keras.layers
        slot, dense = self.output, None
        while slot in self.producer:
            step = self.producer[slot]
            slot = next(iter(step.sources.values()))
            if isinstance(step.layer, kinds.GlobalAveragePooling2D) and dense is not None:
                return slot, dense
            if isinstance(step.layer, kinds.Dense) and dense is None:
                dense = step.layer
                if dense.activation.__name__ not in FINAL_ACTIVATIONS:
                    break
            elif not isinstance(step.layer, (kinds.Activation, kinds.Softmax, kinds.Dropout)):
                break
        raise ModelError(
            "'cam' só é definido onde o último mapa entra em GlobalAveragePooling2D e uma única "
            f"camada densa leva às classes; aqui, {step.layer.name!r} "
            f"({type(step.layer).__name__}) está no caminho. Use 'grad-cam', que generaliza a CAM."
        )

    def last_map(self):
        """Devolve a posição da camada padrão.

        É a saída da última convolução ou da normalização, soma ou ativação que a segue, antes
        de qualquer agrupamento.
        """
        import keras

        kinds = keras.layers
        convolutions = (kinds.Conv2D, kinds.SeparableConv2D, kinds.DepthwiseConv2D)
        candidates = [s for s in self.maps() if isinstance(s.layer, convolutions)]
        if not candidates:
            raise ModelError(
                "este modelo não tem convolução com dimensões espaciais na saída: "
                "não há mapa de ativação a explicar. Métodos de pixel, como 'gradient', servem."
            )
        slot = candidates[-1].slots[0]
        while True:
            following = [step for step in self.readers(slot) if refines(step)]
            if not following:
                return slot
            slot = following[0].slots[0]


def spatial(shape):
    """Diz se uma forma é a de um mapa: (N, h, w, canais), com h e w que não são ambos 1."""
    return len(shape) == 4 and shape[1:3] != (1, 1)


def channelwise(layer):
    """Diz se a camada trata cada canal sem olhar os outros e deixa os canais por último."""
    import keras

    kinds = keras.layers
    pooling = (kinds.MaxPooling2D, kinds.AveragePooling2D)
    pooling += (kinds.GlobalMaxPooling2D, kinds.GlobalAveragePooling2D)
    elementwise = (kinds.BatchNormalization, kinds.ReLU, kinds.Dropout, kinds.Flatten)
    if isinstance(layer, kinds.Activation):
        return layer.activation.__name__ in {"relu", "linear", "elu", "gelu", "silu", "tanh"}
    return isinstance(layer, pooling + elementwise)


def refines(step):
    """Diz se o passo só normaliza, soma, junta ou ativa o que a convolução produziu."""
    parts = type(step.layer).__module__.split(".")
    layer = {"activations", "normalization"} & set(parts)
    name = type(step.layer).__name__
    return bool(layer) or name in {"Add", "Concatenate", "Relu", "Relu6", "Silu", "Gelu", "Elu"}


def before_activation(output):
    """Olha através de softmax ou sigmoide finais; sem elas, devolve a própria saída."""
    tensor = output
    while tensor.op.type in TRANSPARENT:
        tensor = tensor.op.inputs[0]
    return tensor.op.inputs[0] if tensor.op.type in FINAL_OPERATIONS else output
