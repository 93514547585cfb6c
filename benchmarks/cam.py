"""O custo dos mapas, em razão da passagem direta compilada que qualquer um deles precisa.

    python -m benchmarks.cam [--models vgg16 mini-vgg] [--batches 1 8] [--rounds 15] [--stream]

As variantes correm intercaladas, uma vez por rodada; a razão é a de cada rodada (a máquina
oscila, o par não), e o que se imprime é a mediana, com o mínimo e o máximo. Pesos sorteados: o
tempo não depende deles. As outras bibliotecas entram quando estão instaladas (ver o README).
"""

import argparse
import os
import resource
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

from covidcam.cam import activation_methods, concepts, explain, stream

FULL = {
    "vgg16": (keras.applications.VGG16, 224, "block5_conv3"),
    "resnet50v2": (keras.applications.ResNet50V2, 224, "post_relu"),
    "xception": (keras.applications.Xception, 299, "block14_sepconv2_act"),
}
MINIS = ("mini-vgg", "mini-resnet", "mini-xception")
# Os que pedem mais que uma passagem e uma volta são medidos à parte.
APART = ("shapley-cam", "kpca-cam", "recipro-cam")
TOGETHER = [name for name in activation_methods() if name not in APART]
# Por família, o limite da razão e os segundos a mais que valem no lugar dela.
LIMITS = {
    "full": {"grad-cam": (1.05, 0), "together": (1.2, 0), "masked": (1.10, 0)},
    "mini": {"together": (1.5, 0.003), "masked": (1.10, 0.002)},
}
WINDOWS = 6  # janelas por lado na oclusão; o quadrado é também o número de máscaras da Score-CAM
PEERS_AT_ONE = ("plain", "tf_keras_vis", "tf_explain")


def build(name):
    """Devolve o modelo, o lado da imagem e a camada que todos explicam."""
    keras.utils.set_random_seed(0)
    if name in FULL:
        application, side, layer = FULL[name]
        base = application(
            weights=None, include_top=False, pooling="avg", input_shape=(side, side, 3)
        )
        head = keras.layers.Dense(3, activation="softmax")
        return keras.Model(base.input, head(base.output)), side, layer
    from covidcam.models import build as build_mini

    model = build_mini(name, ["COVID-19", "NORMAL", "OUTRAS"])
    side = model.input_shape[1]
    sample = np.zeros((1, side, side, 3), np.float32)
    return model, side, explain(model, sample).layer


def variants(model, images, layer):
    """Devolve nome -> função sem argumentos; a primeira é a passagem direta compilada."""
    bare = tf.function(lambda x: model(x, training=False))
    constant = tf.constant(images)
    found = {
        "bare": lambda: bare(constant).numpy(),
        "grad-cam": lambda: explain(model, images, layer=layer),
        "together": lambda: explain(model, images, TOGETHER),
        "apart": lambda: explain(model, images, APART),
        "concepts": lambda: concepts(model, images),
    }
    for peer in (plain, tf_keras_vis, tf_explain, xplique):
        try:
            found[peer.__name__] = peer(model, images, layer)
            found[peer.__name__]()
        except ImportError:
            print(f"  {peer.__name__}: não instalada")
        except Exception as error:
            print(f"  {peer.__name__}: não funciona neste modelo ({type(error).__name__})")
            del found[peer.__name__]
    return found


def masked_variants(model, images, layer):
    """Devolve, por método de perturbação, as suas passagens mascaradas nuas e ele próprio."""
    image, side = images[:1], images.shape[1]
    forward = tf.function(lambda x, masks: model(x * masks, training=False))

    def bare(count):
        masks = tf.random.stateless_uniform((count, side, side, 1), (0, 0))
        return lambda: forward(tf.constant(image), masks).numpy()

    activation = keras.Model(model.input, model.get_layer(layer).output)(image)
    channels = min(WINDOWS**2, int(np.sum(np.ptp(activation, axis=(0, 1, 2)) > 0)))
    window = side // 4
    options = {"window": window, "stride": -(-(side - window) // (WINDOWS - 1))}
    batch = {"batch_size": WINDOWS**2}
    return {
        "score-cam": {
            f"{channels} máscaras": bare(channels),
            "score-cam": lambda: explain(
                model, image, "score-cam", channels=channels, layer=layer, **batch
            ),
        },
        "occlusion": {
            f"{WINDOWS**2} máscaras": bare(WINDOWS**2),
            "occlusion": lambda: explain(model, image, "occlusion", **options, **batch),
        },
    }


def ablated():
    """Devolve a passagem nua da MobileNetV3, cujo último mapa tem muitos canais, e ablation-cam."""
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV3Small(weights=None, classes=3)
    images = 255 * np.random.default_rng(0).random((8, 224, 224, 3), np.float32)
    bare, constant = tf.function(lambda x: model(x, training=False)), tf.constant(images)
    return {
        "bare": lambda: bare(constant).numpy(),
        "ablation-cam": lambda: explain(model, images, "ablation-cam"),
    }


def plain(model, images, layer):
    """Grad-CAM com uma fita sobre o modelo todo, sem compilar: o que os tutoriais fazem."""
    both = keras.Model(model.input, [model.get_layer(layer).output, model.output])
    constant = tf.constant(images)

    def run():
        with tf.GradientTape() as tape:
            activation, scores = both(constant, training=False)
            score = tf.reduce_sum(scores[:, 0])
        weights = tf.reduce_mean(tape.gradient(score, activation), axis=(1, 2))
        maps = tf.nn.relu(tf.einsum("nhwk,nk->nhw", activation, weights))
        maps = tf.image.resize(maps[..., None], images.shape[1:3])[..., 0]
        top = tf.reduce_max(maps, axis=(1, 2), keepdims=True)
        return tf.math.divide_no_nan(maps, top).numpy()

    return run


def tf_keras_vis(model, images, layer):
    """tf-keras-vis, com o objeto já construído e a camada dada."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    explainer = Gradcam(model, clone=False)
    score = CategoricalScore([0] * len(images))
    options = {"penultimate_layer": layer, "seek_penultimate_conv_layer": False}
    return lambda: explainer(score, images, **options)


def tf_explain(model, images, layer):
    """tf-explain, com a camada dada."""
    from tf_explain.core.grad_cam import GradCAM

    explainer = GradCAM()
    data = (images, None)
    return lambda: explainer.explain(data, model, class_index=0, layer_name=layer)


def xplique(model, images, layer):
    """xplique, com o objeto já construído e a camada dada."""
    from xplique.attributions import GradCAM

    explainer = GradCAM(model, batch_size=len(images), conv_layer=layer)
    targets = tf.one_hot([0] * len(images), model.output_shape[-1])
    return lambda: np.asarray(explainer.explain(images, targets))


def measure(functions, rounds):
    """Corre as funções intercaladas; devolve nome -> segundos, um por rodada."""
    for function in functions.values():
        function()
    seconds = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def report(title, seconds, limits):
    """Imprime as razões à primeira variante e se as que têm limite cabem nele."""
    reference, *others = seconds
    base = seconds[reference]
    print(f"{title}: {reference} {1e3 * np.median(base):.1f} ms, {len(base)} rodadas")
    for name in others:
        ratio, extra = seconds[name] / base, np.median(seconds[name] - base)
        line = f"  {name:14s}{np.median(ratio):6.2f} ({ratio.min():.2f} a {ratio.max():.2f})"
        line += f" {1e3 * extra:+9.2f} ms"
        if name in limits:
            limit, slack = limits[name]
            fits = np.median(ratio) <= limit or extra <= slack
            line += f"  limite {limit:.2f}: {'cabe' if fits else 'NÃO CABE'}"
        print(line, flush=True)


def report_peers(seconds, batch):
    """Imprime quantas vezes cada outra biblioteca demora mais do que o nosso grad-cam."""
    for name in seconds.keys() - {"bare", "grad-cam", "together", "apart", "concepts"}:
        times = np.median(seconds[name] / seconds["grad-cam"])
        least = {**dict.fromkeys(PEERS_AT_ONE, 3.0), "xplique": 1.0}[name] if batch == 1 else 0
        verdict = f"; mínimo {least:.0f}: {'cabe' if times >= least else 'NÃO CABE'}"
        print(f"  {name} / grad-cam = {times:.2f}{verdict if least else ''}", flush=True)


def report_stream(model, side):
    """Imprime tempo por imagem e memória de 200 e de 2000 imagens lidas uma a uma."""
    for count in (20, 200, 2000):
        source = (np.full((side, side, 3), i % 255, np.float32) for i in range(count))
        start = time.perf_counter()
        for _ in stream(model, source, ["cam", "grad-cam"]):
            pass
        per_image = 1e3 * (time.perf_counter() - start) / count
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  stream de {count}: {per_image:.2f} ms por imagem, pico {peak:.0f} MiB", flush=True
        )


def main():
    """Mede o que a linha de comando pede."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [*FULL, *MINIS, "mobilenetv3"]
    parser.add_argument("--models", nargs="+", default=known, choices=known)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--masked-rounds", type=int, default=5)
    parser.add_argument("--stream", action="store_true", help="só o custo de 2000 imagens")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in [name for name in chosen.models if name in (*FULL, *MINIS)]:
        model, side, layer = build(name)
        limits = LIMITS["full" if name in FULL else "mini"]
        if chosen.stream:
            print(name)
            report_stream(model, side)
            continue
        random = np.random.default_rng(0)
        for batch in chosen.batches:
            images = 255 * random.random((batch, side, side, 3), dtype=np.float32)
            seconds = measure(variants(model, images, layer), chosen.rounds)
            report(f"{name}, lote de {batch}", seconds, limits if batch > 1 else {})
            report_peers(seconds, batch)
        for method, pair in masked_variants(model, images, layer).items():
            seconds = measure(pair, chosen.masked_rounds)
            report(f"{name}, {method}", seconds, {method: limits["masked"]})
    if "mobilenetv3" in chosen.models:
        report("MobileNetV3", measure(ablated(), chosen.rounds), {"ablation-cam": (3, 0)})


if __name__ == "__main__":
    main()
