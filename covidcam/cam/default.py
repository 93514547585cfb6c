"""A camada padrão: a que tomaria quem conhece a rede.

É o último mapa que todos os caminhos até o logit atravessam, antes de qualquer agrupamento e
depois da soma, normalização ou ativação que fecha o seu bloco. Um mapa que algum caminho contorna
(um ramo residual, uma porta de atenção) só conta parte da história; um mapa depois do qual ainda
há convoluções (o começo da rede, quando os ramos só se juntam sem espaço) também.
"""

from covidcam.cam.head import activation_name
from covidcam.cam.steps import own
from covidcam.errors import ModelError


def last_map(network):
    """Devolve a posição da camada padrão, ou recusa dizendo quais servem."""
    crossed = [slot for slot in crossings(network) if network.is_map(slot)]
    learned = [slot for slot in crossed if any(map(learns, network.before(slot)))]
    if not any(map(learns, network.maps())):
        raise ModelError(
            "este modelo não tem convolução com dimensões espaciais na saída: "
            "não há mapa de ativação a explicar. Métodos de pixel, como 'gradient', servem."
        )
    if learned:
        slot = chosen(network, learned)
        if slot is not None:
            return slot
    listed = ", ".join(network.name(step.slots[0]) for step in network.maps())
    raise ModelError(
        "nenhum mapa deste modelo é atravessado por todos os caminhos até o logit depois da última "
        f"convolução: escolha um com layer=. Os que há: {listed}."
    )


def chosen(network, crossed):
    """O último dos mapas que todos atravessam, ou None se depois dele ainda há outros a contar."""
    slot = crossed[-1]
    if network.layouts[slot].skip and not pools_tokens(network, slot):
        mixing = [step for step in network.before(slot) if not tokenwise(step)][-1]
        earlier = [one for one in crossed if one in read_before(network, mixing)]
        return earlier[-1] if earlier else None
    while slot in network.producer and idles(network.producer[slot]):
        slot = next(iter(network.producer[slot].sources.values()))
    later = [step for step in spread(network, slot) if not idles(step)]
    return None if later else slot


def spread(network, slot):
    """Os passos depois de ``slot`` a que o espaço dele ainda chega, sem passar por um vetor."""
    reached, steps = {slot}, []
    for step in network.after(slot):
        if spacious(step) and reached.intersection(step.sources.values()):
            reached.update(step.slots)
            steps.append(step)
    return steps


def crossings(network):
    """As posições que todos os caminhos da entrada à saída atravessam, na ordem.

    Em qualquer ordem de execução, uma posição é atravessada por todos quando nenhum passo posterior
    lê o que foi escrito antes dela.
    """
    place = {network.input: -1}
    for i, step in enumerate(network.steps):
        place.update(dict.fromkeys(step.slots, i))
    last_read = {}
    for i, step in enumerate(network.steps):
        last_read |= dict.fromkeys((place[slot] for slot in step.sources.values()), i)
    found, farthest = [], last_read.get(-1, -1)
    for i, step in enumerate(network.steps):
        if farthest <= i and len(step.slots) == 1:
            found.append(step.slots[0])
        farthest = max(farthest, last_read.get(i, -1))
    return found


def read_before(network, step):
    """As posições de que o passo depende."""
    return {slot for source in step.sources.values() for slot in network.upstream(source)}


def learns(step):
    """Diz se o passo tem pesos que misturam canais ou posições, ou é uma convolução sem camada."""
    weights = getattr(step.layer, "weights", ())
    kinds = ("Conv", "DepthwiseConv", "SeparableConv")
    return any(len(one.shape) > 1 for one in weights) or type(step.layer).__name__.startswith(kinds)


def spacious(step):
    """Diz se a saída do passo ainda tem mais de uma posição no espaço, ou mais de uma ficha."""
    if len(step.shape) == 4:
        return step.shape[1:3] != (1, 1) and step.shape[2:4] != (1, 1)
    return len(step.shape) == 3 and step.shape[1] != 1


def idles(step):
    """Diz se o passo só agrupa, descarta, acolchoa ou muda de forma o único mapa que lê."""
    import keras

    kinds = keras.layers
    names = "MaxPooling2D AveragePooling2D Dropout SpatialDropout2D Identity ZeroPadding2D Reshape"
    idle = [getattr(kinds, name) for name in (names + " Cropping2D Flatten Permute").split()]
    linear = own(step.layer, kinds.Activation) and activation_name(step.layer) == "linear"
    single = len(step.sources) == 1
    return single and (linear or any(own(step.layer, kind) for kind in idle))


def pools_tokens(network, slot):
    """Diz se todas as fichas entram na conta, por um agrupamento global."""
    import keras

    kinds = (keras.layers.GlobalAveragePooling1D, keras.layers.GlobalMaxPooling1D)
    return all(isinstance(step.layer, kinds) for step in network.readers(slot))


def tokenwise(step):
    """Diz se o passo trata cada ficha sem olhar as outras."""
    import keras

    kinds = keras.layers
    alone = (kinds.Dense, kinds.LayerNormalization, kinds.Dropout, kinds.Activation, kinds.Add)
    name = type(step.layer).__name__
    return isinstance(step.layer, alone) or name in {"Gelu", "Relu", "Silu", "Add", "GetItem"}
