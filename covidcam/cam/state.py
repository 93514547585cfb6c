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
    objeto, que fica guardado para que outro não tome o seu lugar na memória.
    """

    def __init__(self, operations):
        self.layers = every_layer(operations)
        self.known = [tuple(vars(layer).values()) for layer in self.layers]
        self.plain = [meaning(layer) for layer in self.layers]

    def still_holds(self):
        """Diz se nenhuma camada mudou."""
        for i, layer in enumerate(self.layers):
            now = vars(layer)
            known = self.known[i]
            same = len(known) == len(now) and all(map(is_, now.values(), known))
            if same and not self.plain[i][1]:
                continue
            found = meaning(layer)
            if not alike(found, self.plain[i]):
                return False
            self.known[i] = tuple(now.values())
        return True


def every_layer(operations):
    """As operações e as camadas dentro delas, cada uma uma vez."""
    found = {}
    for operation in operations:
        inside = getattr(operation, "_flatten_layers", None)
        found.update((id(layer), layer) for layer in (inside() if inside else (operation,)))
    return list(found.values())


def meaning(layer):
    """Devolve (atributo -> valor, atributo -> elementos das listas e dicionários que tem)."""
    values = {name: value for name, value in vars(layer).items() if name not in VOLATILE}
    public = {name: value for name, value in values.items() if not name.startswith("_")}
    lists = {name: tuple(value) for name, value in public.items() if isinstance(value, list)}
    lists |= {
        name: (*value.keys(), *value.values())
        for name, value in public.items()
        if isinstance(value, dict)
    }
    return values, lists


def alike(one, other):
    """Diz se dois estados são o mesmo."""
    (values, lists), (old_values, old_lists) = one, other
    if values.keys() != old_values.keys() or lists.keys() != old_lists.keys():
        return False
    pairs = [(values[name], old_values[name]) for name in values]
    for name in lists:
        if len(lists[name]) != len(old_lists[name]):
            return False
        pairs += zip(lists[name], old_lists[name], strict=True)
    return all(same(*pair) for pair in pairs)


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
