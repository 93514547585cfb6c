"""As redes: três famílias em duas escalas, e as cabeças que as terminam.

Toda rede recebe as imagens como estão nos arrays (N, 237, 237, 3), de 0 a 255, e faz dentro de si
o que precisa para lê-las; assim não há como lhe dar outra escala sem que ela perceba. Cada uma
tem uma parte **congelada** (o preparo e, nas de tamanho inteiro, a rede treinada na ImageNet), que
basta rodar uma vez por imagem, e uma parte **treinada**, que começa na primeira camada com pesos
a treinar.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from covidcam.errors import InputError
from covidcam.models.weights import weights_file

if TYPE_CHECKING:  # o TensorFlow só é carregado quando uma rede é construída
    import keras

INPUT_SHAPE = (237, 237, 3)


def build(
    name: str,
    classes: Sequence[str],
    weights: Path | str | None = None,
    head: str = "pooled",
    input_shape: tuple[int, int, int] = INPUT_SHAPE,
    seed: int = 0,
) -> "keras.Model":
    """Constrói uma rede ainda não treinada.

    Parameters
    ----------
    name : str
        ``"mini-vgg"``, ``"mini-resnet"`` ou ``"mini-xception"``, treinadas do zero; ``"vgg16"``,
        ``"resnet50v2"`` ou ``"xception"``, congeladas, com pesos da ImageNet.
    classes : sequence of str
        As classes, na ordem das saídas.
    weights : path-like, ``"random"`` ou None
        Para as redes de tamanho inteiro: pasta com o arquivo de pesos do Keras; None usa o cache
        do próprio Keras (que pode baixá-lo); ``"random"`` dispensa os pesos, para testes.
    head : str
        ``"pooled"`` (média global e uma camada densa) ou as de 2020: ``"2020-modelo-1"`` (um
        neurônio sigmoide, duas classes) e ``"2020-modelo-2"`` (softmax).
    input_shape : tuple of int
        Altura, largura e canais das imagens.
    seed : int
        Decide os pesos iniciais.

    Returns
    -------
    keras.Model
        De uint8 ou float (N, H, W, 3), de 0 a 255, para probabilidades (N, classes), ou (N, 1) na
        cabeça ``"2020-modelo-1"``, cuja saída é a probabilidade da segunda classe.

    Raises
    ------
    InputError
        Se o nome, a cabeça ou o número de classes não é aceito.
    ModelError
        Se os pesos da rede não estão na pasta nem puderam ser baixados.

    Examples
    --------
    >>> model = build("mini-vgg", ["COVID-19", "NORMAL"])
    >>> model.output_shape
    (None, 2)
    """
    backbone = _choose(name, BACKBONES, "rede")
    finish = _choose(head, HEADS, "cabeça")
    if len(classes) < 2 or (head == "2020-modelo-1" and len(classes) != 2):
        raise InputError(
            f"A cabeça {head!r} recebeu {len(classes)} classe(s) ({list(classes)}); aceita"
            f" {'exatamente 2' if head == '2020-modelo-1' else '2 ou mais'}."
        )
    import keras

    keras.utils.set_random_seed(seed)
    images = keras.Input(input_shape, name="images")
    features = backbone(images, weights, as_2020=head != "pooled")
    return keras.Model(images, finish(features, len(classes), head), name=name)


def _choose(name: str, accepted: dict[str, Callable], what: str) -> Callable:
    if name not in accepted:
        raise InputError(f"A {what} {name!r} não existe; as que existem são {list(accepted)}.")
    return accepted[name]


# --- as redes -----------------------------------------------------------------------------------


def _mini_vgg(images, weights, as_2020):
    """Convoluções simples, uma depois da outra. O plano da VGG: Simonyan e Zisserman, 2014."""
    x = _convolution(_stem(images), 32, "block2")
    x = _convolution(_convolution(x, 64, "block3a"), 64, "block3b")
    x = _convolution(_halve(x, "block3"), 128, "block4a")  # 14 × 14
    # a última não olha em volta: cada ponto do mapa vê menos da metade do filme, e diz melhor onde
    return _convolution(x, 128, "block4b", size=1)


def _mini_resnet(images, weights, as_2020):
    """Cada bloco soma o que recebeu ao que calculou. He et al., 2016, 10.1109/CVPR.2016.90."""
    x = _stem(images)
    x = _residual(x, 48, "block2", _convolution)
    x = _halve(x, "block2")
    return _residual(x, 96, "block3", _convolution)


def _mini_xception(images, weights, as_2020):
    """Em cada convolução, primeiro o espaço, depois os canais. Chollet, 2017,
    10.1109/CVPR.2017.195.
    """
    x = _stem(images)
    x = _residual(x, 48, "block2", _separable)
    x = _halve(x, "block2")
    return _residual(x, 96, "block3", _separable)


def _stem(images):
    """Da imagem cinza de 118 × 118 a 24 mapas de 29 × 29: o começo das três pequenas."""
    return _halve(_convolution(_to_small_grey(images), 24, "block1", size=5, strides=2), "block1")


def _convolution(x, filters, name, activate=True, size=3, strides=1):
    from keras import layers

    options = {"padding": "same", "use_bias": False, "name": f"{name}_conv"}
    x = layers.Conv2D(filters, size, strides, **options)(x)
    return _normalize(x, name, activate)


def _separable(x, filters, name, activate=True):
    from keras import layers

    options = {"padding": "same", "use_bias": False, "name": f"{name}_sepconv"}
    return _normalize(layers.SeparableConv2D(filters, 3, **options)(x), name, activate)


def _normalize(x, name, activate):
    from keras import layers

    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if activate else x


def _residual(x, filters, name, convolution):
    """Duas convoluções e um atalho, somados antes da última ativação."""
    from keras import layers

    shortcut = _convolution(x, filters, f"{name}_shortcut", activate=False, size=1)
    x = convolution(x, filters, f"{name}a")
    x = convolution(x, filters, f"{name}b", activate=False)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _halve(x, name):
    from keras import layers

    return layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def _to_small_grey(images):
    """A média dos canais na metade do lado, cada imagem com média 0 e desvio 1."""
    from keras import layers, ops

    grey = ops.mean(layers.Rescaling(1 / 255, name="rescale")(images), -1, True)
    small = layers.AveragePooling2D(2, name="half_side")(grey)
    return layers.LayerNormalization((1, 2, 3), center=False, scale=False, name="normalize")(small)


def _vgg16(images, weights, as_2020):
    """VGG16 sem o topo, congelada. Simonyan e Zisserman, 2014, arXiv:1409.1556.

    Em 2020 as imagens só foram divididas por 255; fora isso, o preparo é o do treino original:
    azul, verde e vermelho, menos a média da ImageNet.
    """
    from keras import layers

    x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="normalize")
    return _frozen("vgg16", images, weights, as_2020, lambda images: x(images[..., ::-1]))


def _resnet50v2(images, weights, as_2020):
    """ResNet50V2 sem o topo, congelada. He, Zhang, Ren e Sun, 2016, arXiv:1603.05027."""
    return _frozen("resnet50v2", images, weights, as_2020, _from_minus_one_to_one)


def _xception(images, weights, as_2020):
    """Xception sem o topo, congelada. Chollet, 2017, arXiv:1610.02357."""
    return _frozen("xception", images, weights, as_2020, _from_minus_one_to_one)


def _from_minus_one_to_one(images):
    from keras import layers

    return layers.Rescaling(1 / 127.5, offset=-1.0, name="normalize")(images)


def _frozen(name, images, weights, as_2020, prepare):
    """Uma rede das aplicações do Keras com os pesos da ImageNet, que o treino não muda."""
    import keras

    make = {
        "vgg16": keras.applications.VGG16,
        "resnet50v2": keras.applications.ResNet50V2,
        "xception": keras.applications.Xception,
    }[name]
    if as_2020:
        prepare = keras.layers.Rescaling(1 / 255, name="normalize")
    file = None if weights == "random" else weights_file(name, weights)
    backbone = make(include_top=False, input_tensor=prepare(images), weights=file)
    for layer in backbone.layers:
        layer.trainable = False
    return backbone.output


BACKBONES = {
    "mini-vgg": _mini_vgg,
    "mini-resnet": _mini_resnet,
    "mini-xception": _mini_xception,
    "vgg16": _vgg16,
    "resnet50v2": _resnet50v2,
    "xception": _xception,
}


# --- as cabeças ---------------------------------------------------------------------------------


def _pooled(features, count, head):
    """Média global e uma camada densa: onde CAM e Grad-CAM coincidem."""
    from keras import layers

    x = layers.GlobalAveragePooling2D(name="pooling")(features)
    return layers.Dense(count, activation="softmax", name="probabilities")(x)


def _head_2020(features, count, head):
    """As cabeças dos dois modelos de 2020."""
    from keras import layers

    pool, hidden, outputs, activation = {
        "2020-modelo-1": (4, 64, 1, "sigmoid"),
        "2020-modelo-2": (2, 20, count, "softmax"),
    }[head]
    x = layers.AveragePooling2D(pool, name="pooling")(features)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return layers.Dense(outputs, activation=activation, name="probabilities")(x)


HEADS = {"pooled": _pooled, "2020-modelo-1": _head_2020, "2020-modelo-2": _head_2020}
