"""Do começo de cada rede ao seu último mapa: três famílias, em miniatura e em tamanho inteiro."""

from typing import TYPE_CHECKING

from covidcam.models.weights import weights_file

if TYPE_CHECKING:
    import keras


def mini_vgg(images, weights, as_2020) -> "keras.KerasTensor":
    """Convoluções simples, uma depois da outra. O plano da VGG: Simonyan e Zisserman, 2014."""
    x = _convolution(_stem(images), 32, "block2")
    x = _convolution(_convolution(x, 64, "block3a"), 64, "block3b")
    x = _convolution(_halve(x, "block3"), 128, "block4a")  # 14 × 14
    # a última não olha em volta: cada ponto do mapa vê menos da metade do filme, e diz melhor onde
    return _convolution(x, 128, "block4b", size=1)


def mini_resnet(images, weights, as_2020) -> "keras.KerasTensor":
    """Cada bloco soma o que recebeu ao que calculou. He et al., 2016, 10.1109/CVPR.2016.90."""
    x = _stem(images)
    x = _residual(x, 48, "block2", _convolution)
    x = _halve(x, "block2")
    return _residual(x, 96, "block3", _convolution)


def mini_xception(images, weights, as_2020) -> "keras.KerasTensor":
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


def vgg16(images, weights, as_2020) -> "keras.KerasTensor":
    """VGG16 sem o topo, congelada. Simonyan e Zisserman, 2014, arXiv:1409.1556.

    Em 2020 as imagens só foram divididas por 255; fora isso, o preparo é o do treino original:
    azul, verde e vermelho, menos a média da ImageNet.
    """
    from keras import layers

    x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="normalize")
    return _frozen("vgg16", images, weights, as_2020, lambda images: x(images[..., ::-1]))


def resnet50v2(images, weights, as_2020) -> "keras.KerasTensor":
    """ResNet50V2 sem o topo, congelada. He, Zhang, Ren e Sun, 2016, arXiv:1603.05027."""
    return _frozen("resnet50v2", images, weights, as_2020, _from_minus_one_to_one)


def xception(images, weights, as_2020) -> "keras.KerasTensor":
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
