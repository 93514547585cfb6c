"""Um modelo com uma entrada de imagens e uma saída de classes, que se corta em qualquer ponto.

Cortar a rede é escolher uma posição da lista de passos, mesmo dentro de um modelo aninhado ou de
um ramo residual.
"""

from difflib import get_close_matches
from itertools import count
from math import prod

from covidcam.cam import default, head, tf
from covidcam.cam.layout import layouts
from covidcam.cam.logits import before_activation
from covidcam.cam.registration import locate
from covidcam.cam.steps import ancestors, labels, short, unroll
from covidcam.errors import InputError


class Network:
    """Um modelo desenrolado em passos.

    Parameters
    ----------
    graph : keras.Model
        O grafo funcional, com uma entrada de imagens.
    output : int
        A posição, entre as saídas do grafo, daquela que se explica.

    Attributes
    ----------
    steps : list of Step
        Os passos de que a saída depende, na ordem.
    input, output : int
        As posições da entrada e da saída.
    given_shape, input_shape : tuple
        A forma das imagens como o modelo as recebe e com os canais por último, (None, H, W, C),
        com None no lado que varia.
    turned : bool
        Se o modelo recebe os canais primeiro.
    layouts : dict of int to Layout
        Como está guardado o mapa de cada posição que tem um.
    """

    def __init__(self, graph, output=0):
        numbers, nested = count(), {}
        slots = {id(tensor): next(numbers) for tensor in graph.inputs}
        steps = unroll(graph, slots, numbers, nested)
        self.input = slots[id(graph.inputs[0])]
        self.output = slots[id(graph.outputs[output])]
        self.input_name = graph.inputs[0]._keras_history.operation.name
        dtype = graph.inputs[0].dtype
        self.input_dtype = dtype if "float" in dtype else "float32"
        self.steps = ancestors(steps, self.output)
        self.units = prod(side or 1 for side in graph.outputs[output].shape[1:])
        self.producer = {slot: step for step in self.steps for slot in step.slots}
        self.nested = nested
        named = zip(self.steps, labels(self.steps), strict=True)
        self.names = {slot: label for step, label in named for slot in step.slots}
        self.given_shape = given = tuple(graph.inputs[0].shape)
        self.layouts = layouts(self.steps, self.input, given)
        self.turned = self.layouts[self.input].axis == 1
        self.input_shape = (given[0], *given[2:], given[1]) if self.turned else given
        self.registrations = {}

    @property
    def classes(self):
        """Número de classes; uma única saída conta como duas."""
        return max(self.units, 2)

    def run(self, images):
        """Executa a rede toda sobre imagens (N, H, W, C) e devolve os valores de cada posição."""
        images = tf.transpose(images, (0, 3, 1, 2)) if self.turned else images
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
        same = logits is output
        logits, output = (tf.reshape(one, (-1, self.units)) for one in (logits, output))
        if self.units == 1:
            output = tf.concat([-output if same else 1 - output, output], axis=1)
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

    def before(self, slot):
        """Devolve os passos de que ``slot`` depende, o que o escreve inclusive."""
        return ancestors(self.steps, slot)

    def upstream(self, slot):
        """Devolve ``slot`` e as posições de que depende."""
        return {slot}.union(*(step.slots for step in self.before(slot)))

    def readers(self, slot):
        """Devolve os passos que leem ``slot``."""
        return [step for step in self.steps if slot in step.sources.values()]

    def shape(self, slot):
        """A forma do que está em ``slot``, como a Keras a declara."""
        return self.producer[slot].shape

    def registration(self, slot, size, counts):
        """Onde estão, numa imagem de ``size`` pixels, as células (h, w) do mapa em ``slot``."""
        key = slot, tuple(size), tuple(counts)
        if key not in self.registrations:
            self.registrations[key] = locate(self, *key)
        return self.registrations[key]

    def is_map(self, slot):
        """Diz se o que está em ``slot`` é um mapa, com mais de uma posição no espaço."""
        return slot in self.layouts and slot != self.input

    def maps(self):
        """Devolve os passos cuja saída é um mapa."""
        return [step for step in self.steps if self.is_map(step.slots[0])]

    def name(self, slot):
        """Nome da camada que escreve ``slot``, aceito por ``find``: só ela o tem."""
        if slot == self.input:
            return self.input_name
        return self.names[slot]

    def find(self, name):
        """Devolve a posição da saída da camada ``name`` (ou ``modelo/camada``)."""
        usable = [self.name(step.slots[0]) for step in self.maps()]
        listed = f"Camadas que servem: {', '.join(usable)}."
        if not isinstance(name, str):
            raise InputError(f"layer é {name!r}; aceita-se o nome de uma camada. {listed}")
        found = [step.slots[0] for step in self.steps if self.name(step.slots[0]) == name]
        if not found:
            named = (step for step in self.steps if name in (step.name, short(step.name)))
            found = [step.slots[0] for step in named]
        if not found:  # um modelo aninhado responde pela sua saída
            paths = (path for path in self.nested if f"/{path}".endswith(f"/{name}"))
            found = [slot for path in paths for slot in self.nested[path] if slot in self.producer]
        if not found:
            near = get_close_matches(name, usable, n=1)
            hint = f" Será que é {near[0]!r}?" if near else ""
            raise InputError(f"a camada {name!r} não existe neste modelo.{hint} {listed}")
        if len(found) > 1:
            paths = ", ".join(map(self.name, found))
            raise InputError(
                f"o nome {name!r} serve a {len(found)} chamadas de camada: use o nome completo de "
                f"uma delas, {paths}."
            )
        (slot,) = found
        if not self.is_map(slot):
            raise InputError(
                f"a camada {name!r} tem saída {self.shape(slot)}, sem dimensões espaciais: um mapa "
                f"precisa de (N, altura, largura, canais). {listed}"
            )
        return slot

    def pooled_head(self):
        """Devolve a posição do que entra no agrupamento global e a camada densa que o segue."""
        return head.pooled_head(self)

    def last_map(self):
        """Devolve a posição da camada padrão."""
        return default.last_map(self)
