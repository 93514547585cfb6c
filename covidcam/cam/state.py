"""O que se guarda de um modelo: se ainda vale, e o que fica como estava depois de o traçar."""

from contextlib import contextmanager
from operator import is_

# O que a Keras escreve nas camadas por conta própria, sem mudar o que elas calculam.
VOLATILE = {"_losses", "_loss_ids", "_losses_override", "_called", "_metrics", "_inbound_nodes"}
VOLATILE |= {"_outbound_nodes", "_path", "_parent_path", "_lock", "_call_context_args"}
PLAIN = (bool, int, float, complex, str, bytes, type(None), tuple)


class Snapshot:
    """O estado das camadas em um instante: tudo o que, ao mudar, muda o grafo que elas traçam.

    Os pesos são variáveis, que o grafo lê na hora; o que se confere é o resto: que variáveis são,
    que ativação, que modo. Um valor simples é comparado pelo que vale, os outros por serem o mesmo
    objeto, que fica guardado para que outro não tome o seu lugar na memória; de uma lista ou
    dicionário se conferem também os elementos.
    """

    def __init__(self, operations):
        self.known = [(layer, dict(vars(layer))) for layer in every_layer(operations)]
        self.containers = [
            (value, elements(value))
            for _, values in self.known
            for name, value in values.items()
            if isinstance(value, (list, dict)) and not name.startswith("_")
        ]

    def still_holds(self):
        """Diz se nenhuma camada mudou."""
        return all(holds(vars(layer), values) for layer, values in self.known) and all(
            len(value) == len(known) and all(map(same, elements(value), known))
            for value, known in self.containers
        )


def holds(now, known):
    """Diz se os atributos de uma camada são os mesmos, fora os que a Keras escreve à toa."""
    if len(now) == len(known) and all(map(is_, now.values(), known.values())):
        return True
    names = (now.keys() | known.keys()) - VOLATILE
    return all(name in now and name in known and same(now[name], known[name]) for name in names)


def every_layer(operations):
    """As operações e as camadas dentro delas, cada uma uma vez."""
    found = {}
    for operation in operations:
        inside = getattr(operation, "_flatten_layers", None)
        found.update((id(layer), layer) for layer in (inside() if inside else (operation,)))
    return list(found.values())


def elements(value):
    """Os elementos de uma lista ou dicionário."""
    return (*value.keys(), *value.values()) if isinstance(value, dict) else tuple(value)


def same(one, other):
    """Diz se dois valores são o mesmo objeto, ou valores simples iguais."""
    if one is other:
        return True
    return type(one) is type(other) and isinstance(one, PLAIN) and one == other


@contextmanager
def untouched(operations):
    """Deixa as perdas das camadas como estavam: traçar uma rede junta a elas tensores mortos."""
    layers = [layer for layer in every_layer(operations) if hasattr(layer, "_losses")]
    before = [(list(layer._losses), set(layer._loss_ids)) for layer in layers]
    try:
        yield
    finally:
        for layer, (losses, names) in zip(layers, before, strict=True):
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(names)
