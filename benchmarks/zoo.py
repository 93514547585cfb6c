"""As redes de ``keras.applications``: o mapa certo, na camada certa, no lugar certo.

    python -m benchmarks.zoo [ResNet50 MobileNetV2 …]

Todas com 224 × 224 × 3 e três classes, uma por vez na memória, de pesos sorteados e calibrados (ver
``calibrate``). De cada uma se imprime:

- ``fita``: o maior |nosso - fita| do Grad-CAM bruto, em partes do maior |fita|, com a fita um
  ``GradientTape`` sem mais nada, na mesma camada; limite 1e-4;
- a camada padrão e, se for outra, a que toma quem usa a rede (``TAKEN``);
- quantos pixels do centroide de |∂A/∂x| ficam o mapa posto no lugar e o esticado por igual (ver
  ``offset``); limite 3 px para o primeiro. ``discordam`` é até onde os caminhos da rede se afastam.

Com a ResNet50V2, ainda: a que distância de manchas em lugares conhecidos cai o Grad-CAM, posto no
lugar e esticado por igual; limite 4 px, em média, para o primeiro.

O programa sai com erro se algum limite não se cumpre.
"""

import argparse
import gc
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

from covidcam.cam import explain
from covidcam.cam.heatmaps import rectify

SIDE, CLASSES = 224, 3
CENTRE = (SIDE - 1) / 2
LIMITS = {"fita": 1e-4, "lugar": 3.0, "mancha": 4.0}
PROJECTIONS = 8
# A camada que toma quem usa a rede. Nas outras é o que entra no agrupamento global, que em várias
# só tem o nome numerado que o Keras lhe dá.
TAKEN = {"VGG16": "block5_conv3", "VGG19": "block5_conv4"}
ZOO = (
    *("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"),
    *("DenseNet121", "DenseNet169", "DenseNet201"),
    *(f"EfficientNetB{i}" for i in range(8)),
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    *("InceptionV3", "InceptionResNetV2"),
    *("MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"),
    *("NASNetMobile", "NASNetLarge"),
    *("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("VGG16", "VGG19", "Xception"),
)


def build(name):
    """A rede, de saída linear e pesos calibrados."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    options = {"weights": None, "classes": CLASSES, "classifier_activation": None}
    return calibrate(getattr(keras.applications, name)(input_shape=(SIDE, SIDE, 3), **options))


def noise(count, seed):
    """Imagens de ruído de 0 a 255."""
    return np.random.default_rng(seed).uniform(0, 255, (count, SIDE, SIDE, 3)).astype("float32")


def calibrate(model):
    """Pesos sorteados com que nada se apaga: nem as ativações, nem os logits, nem o lugar.

    As normalizações tomam a média e a variância de um lote; a escala dos ramos das ConvNeXt, que
    nasce em 1e-6, passa a 1; as janelas pesam mais no meio, como as de redes treinadas (com pesos
    iguais em toda a janela, as redes fundas veem a imagem inteira de qualquer célula, e o
    centroide do que ela vê diz pouco); e o desvio dos logits passa a 1.
    """
    for kernel in windows(model):
        narrow(kernel)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
        if type(layer).__name__ == "LayerScale":
            layer.gamma.assign(tf.ones_like(layer.gamma))
    model(noise(8, 0), training=True)
    kernel = [layer for layer in model.layers if hasattr(layer, "kernel")][-1].kernel
    kernel.assign(kernel / model(noise(8, 1), training=False).numpy().std())
    return model


def windows(model):
    """As janelas das convoluções, também as dos canais um a um."""
    named = (
        getattr(layer, name, None)
        for layer in model._flatten_layers()
        for name in ("kernel", "depthwise_kernel")
    )
    return [kernel for kernel in named if len(getattr(kernel, "shape", ())) == 4]


def narrow(kernel):
    """Pesa a janela por uma gaussiana no seu meio, de desvio 0,7, sem lhe mudar a variância."""
    rows, columns = (np.exp(-((np.arange(n) - (n - 1) / 2) ** 2) / 0.98) for n in kernel.shape[:2])
    weight = np.outer(rows, columns)
    weight *= np.sqrt(weight.size / np.square(weight).sum())
    kernel.assign(kernel * weight[:, :, None, None].astype("float32"))


def taken(name, model):
    """O nome da camada que toma quem usa a rede."""
    pooling = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
    last = [layer for layer in model.layers if isinstance(layer, pooling)][-1:]
    return TAKEN.get(name) or last[0].input._keras_history.operation.name


def output_of(model, name):
    """A saída de uma camada ou de uma operação solta, como a soma que fecha um bloco."""
    return next(each.output for each in model.operations if each.name == name)


def by_tape(model, images, layer, target):
    """O Grad-CAM bruto de quem o escreve à mão."""
    both = keras.Model(model.inputs[0], [output_of(model, layer), model.outputs[0]])
    with tf.GradientTape() as tape:
        activation, logits = both(images, training=False)
        logit = tf.reduce_sum(tf.reshape(logits, (-1, CLASSES))[:, target])
    weights = tf.reduce_mean(tape.gradient(logit, activation), axis=(1, 2), keepdims=True)
    return tf.reduce_sum(weights * activation, axis=-1).numpy()


def offset(model, layer, registration):
    """A que distância do que uma célula vê a põem a aritmética e o ladrilho igual, em pixels.

    O que a célula vê é o centroide de |∂A/∂x|, somado sobre imagens e projeções sorteadas dos
    canais, e sobre a rede e a mesma com cada janela espelhada: pesos sorteados pendem para um lado,
    e os espelhados, outro tanto para o outro; o que fica é o que fazem as bordas e os passos. A
    borda da imagem corta o que veem as células e puxa o centroide para o meio, tanto mais quanto
    mais longe estão dele: lê-se o desvio no lugar, entre células, onde o centroide é o meio da
    imagem.
    """
    middle = registration.y.count // 2
    cells = range(middle - 2, middle + 3)
    seen = watched(model, layer, cells)
    mirror(model)
    seen += watched(model, layer, cells)
    mirror(model)
    profiles = (seen.sum(1) + seen.sum(2)) / seen.sum((1, 2))[:, None] / 2
    seen = profiles @ np.arange(SIDE)
    cell = np.interp(CENTRE, seen, cells)
    even = (cell + 0.5) * SIDE / registration.y.count - 0.5
    return registration.y.centre(cell) - CENTRE, even - CENTRE


def mirror(model):
    """Espelha cada janela, de cima para baixo e da esquerda para a direita."""
    for kernel in windows(model):
        kernel.assign(kernel[::-1, ::-1])


def watched(model, layer, cells):
    """Quanto cada célula da diagonal vê de cada pixel, (len(cells), SIDE, SIDE)."""
    inside = keras.Model(model.inputs[0], output_of(model, layer))
    random = np.random.default_rng(0)
    seen = np.zeros((len(cells), SIDE, SIDE))
    for image in tf.constant(noise(2, 2))[:, None]:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(image)
            activation = inside(image, training=False)[0]
            signs = random.choice([-1.0, 1.0], (PROJECTIONS, activation.shape[-1]))
            values = [[tf.reduce_sum(activation[j, j] * sign) for sign in signs] for j in cells]
        for total, projections in zip(seen, values, strict=True):
            for value in projections:
                slope = np.abs(tape.gradient(value, image)[0]).sum(-1)
                total += slope / slope.sum()
    return seen


def blobs(count, seed):
    """Imagens de grão com uma mancha, as mesmas sem ela, e o lugar da mancha (y, x).

    A mancha é uma gaussiana de desvio 16, meia célula da ResNet50V2: uma bem menor do que a célula
    diz em que célula está, e não onde.
    """
    places = np.random.default_rng(seed).uniform(56, SIDE - 57, (count, 2))
    pixels = np.arange(SIDE)
    rows, columns = (np.exp(-((pixels - places[:, [a]]) ** 2) / (2 * 16**2)) for a in (0, 1))
    plain = 0.05 * noise(count, seed)
    marked = plain + 180 * (rows[:, :, None] * columns[:, None])[..., None]
    return marked.astype("float32"), plain, places


def hits(model):
    """A distância da mancha ao Grad-CAM, posto no lugar e esticado por igual, em pixels (y, x).

    A classe 1 é a da mancha: o discriminante linear, noutras imagens, entre os canais que mudam
    quando ela aparece e os que já estão no fundo. O lugar do mapa é o centroide do que passa de um
    quarto do seu máximo.
    """
    top = model.layers[-1]
    inside = keras.Model(model.inputs[0], output_of(model, "post_relu"))
    marked, plain = (inside.predict(one, verbose=0) for one in blobs(32, 10)[:2])
    background = plain.reshape(-1, plain.shape[-1])
    moments = background.T @ background / len(background)
    moments += 0.01 * np.trace(moments) / len(moments) * np.eye(len(moments))
    kernel = np.zeros(top.kernel.shape, "float32")
    kernel[:, 1] = np.linalg.solve(moments, (marked - plain).mean((0, 1, 2)))
    top.kernel.assign(kernel)
    images, _, places = blobs(32, 11)
    maps = explain(model, images, target=1)
    found = []
    for values in (maps.values, rectify(maps.raw, (SIDE, SIDE))[0]):
        weights = np.where(values > 0.25, values, 0)
        sums = weights.sum((1, 2))
        centres = [weights.sum(2 - axis) @ np.arange(SIDE) / sums for axis in (0, 1)]
        found.append(np.stack(centres, axis=1) - places)
    return found


def main():
    """Mede as redes que a linha de comando pede."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="REDE", help="todas, se nenhuma")
    chosen = parser.parse_args().names or ZOO
    failed = []
    for name in chosen:
        start, model = time.perf_counter(), build(name)
        images = noise(2, 3)
        maps = explain(model, images, target=1)
        expected = by_tape(model, images, maps.layer, 1)
        difference = np.abs(maps.raw - expected).max() / np.abs(expected).max()
        usual, place = taken(name, model), maps.registration
        ours, even = offset(model, maps.layer, place)
        print(
            f"{name:18s} fita {difference:.0e}  lugar {ours:+5.1f} px, por igual {even:+5.1f} px",
            end="",
        )
        print(f", discordam {place.y.spread:.0f}" if place.y.spread else "", end="")
        print(f", supõe {place.assumed}" if place.assumed else "", end="")
        print(f"  {maps.layer}" + ("" if usual == maps.layer else f" (quem usa: {usual})"), end="")
        print(f"  [{time.perf_counter() - start:.0f} s]", flush=True)
        failed += [f"{name}: fita"] * bool(difference > LIMITS["fita"])
        failed += [f"{name}: lugar"] * bool(abs(ours) > LIMITS["lugar"])
        if name == "ResNet50V2":
            for title, errors in zip(("no lugar", "por igual"), hits(model), strict=True):
                distance, (y, x) = np.linalg.norm(errors, axis=1).mean(), errors.mean(0)
                print(f"  manchas, {title}: a {distance:.1f} px, em média ({y:+.1f}, {x:+.1f})")
                failed += ["manchas"] * bool(title == "no lugar" and distance > LIMITS["mancha"])
        del model, maps
        gc.collect()
    sys.exit("Fora do limite: " + "; ".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
