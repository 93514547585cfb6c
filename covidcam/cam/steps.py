"""Um modelo Keras como lista plana de passos.

O Keras guarda um modelo como um grafo de chamadas de camadas, com modelos dentro de modelos.
Aqui o grafo é desenrolado em uma lista, sem tocar no modelo: cada passo lê e escreve posições
(``slots``) de um dicionário de valores.
"""

import inspect
from collections import Counter
from typing import Any, NamedTuple


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
    """Devolve o grafo funcional de um modelo, ou None se o que ele faz só existe como código.

    Uma subclasse que escreve o seu próprio ``call`` faz o que esse código diz, não o que diz o
    grafo das suas camadas.
    """
    import keras
    from keras.src.models.functional import Functional

    if isinstance(model, keras.Sequential):
        return model._functional if own(model, keras.Sequential) else None
    return model if isinstance(model, Functional) and own(model, Functional) else None


def own(layer, kind):
    """Diz se a camada é desse tipo e faz o que ele faz, sem um ``call`` próprio."""
    return isinstance(layer, kind) and type(layer).call is kind.call


def unroll(graph, slots, numbers, nested, prefix=""):
    """Desenrola o grafo em passos, em ordem de execução.

    ``slots`` ganha a posição de cada tensor visto; ``nested``, as saídas de cada modelo aninhado.
    """
    steps = []
    for _, nodes in sorted(graph._nodes_by_depth.items(), reverse=True):
        for node in nodes:
            known = all(id(tensor) in slots for tensor in node.outputs)
            if known or any(id(tensor) not in slots for tensor in node.input_tensors):
                continue
            layer, name = node.operation, prefix + node.operation.name
            sources = {id(tensor): slots[id(tensor)] for tensor in node.input_tensors}
            inside = graph_of(layer)
            if inside is None:
                outputs = tuple(next(numbers) for _ in node.outputs)
                shape = tuple(node.outputs[0].shape)
                steps.append(Step(layer, name, node.arguments, sources, outputs, shape))
            else:
                entries = (slots[id(tensor)] for tensor in node.input_tensors)
                inner = dict(zip(map(id, inside.inputs), entries, strict=True))
                steps += unroll(inside, inner, numbers, nested, name + "/")
                outputs = tuple(inner[id(tensor)] for tensor in inside.outputs)
                nested.setdefault(name, []).extend(outputs)
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


def labels(steps):
    """Um nome para cada passo, que nenhum outro tem.

    O nome da camada, se é só dela; senão o caminho pelos modelos aninhados (``/conv`` é a de
    fora), e o número da chamada quando a mesma camada é chamada mais de uma vez.
    """
    shorts = Counter(short(step.name) for step in steps)
    calls, seen, found = Counter(step.name for step in steps), Counter(), []
    for step in steps:
        seen[step.name] += 1
        path = step.name if "/" in step.name else f"/{step.name}"
        path += f"#{seen[step.name]}" if calls[step.name] > 1 else ""
        found.append(path if shorts[short(step.name)] > 1 else short(step.name))
    return found


def short(path):
    """O nome da camada no fim do caminho."""
    return path.split("/")[-1]
