"""Redes pequenas, de pesos sorteados, cujas respostas se conhecem por outra conta."""

import keras
import numpy as np

layers = keras.layers


def randomize(model, seed=0, scale=0.5):
    """Sorteia todos os pesos, viés inclusive, com uma semente."""
    random = np.random.default_rng(seed)
    weights = [scale * random.standard_normal(w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    return model


def images(count=3, size=12, channels=1, seed=1):
    return np.random.default_rng(seed).random((count, size, size, channels)).astype("float32")


def trunk(size=12, channels=1, activation="relu", dtype=None):
    """Entrada, convolução, agrupamento, convolução ``conv``."""
    precise = "float64" if dtype == "float64" else None
    entry = keras.Input((size, size, channels), dtype=precise)
    x = layers.Conv2D(5, 3, padding="same", activation=activation, dtype=dtype)(entry)
    x = layers.AveragePooling2D(2, dtype=dtype)(x)
    x = layers.Conv2D(6, 3, padding="same", activation=activation, name="conv", dtype=dtype)(x)
    return entry, x


def pooled(classes=3, final=None, seed=0, **options):
    """O mapa entra na média global e uma densa leva às classes: CAM é definida."""
    entry, x = trunk(**options)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return randomize(keras.Model(entry, layers.Dense(classes, final, name="top")(x)), seed)


def flattened(classes=3, final=None, seed=0, **options):
    """O mapa é achatado e uma densa leva às classes."""
    entry, x = trunk(**options)
    x = layers.Flatten()(x)
    return randomize(keras.Model(entry, layers.Dense(classes, final, name="top")(x)), seed)


def hidden(classes=3, final=None, seed=0, activation="relu", dtype=None, **options):
    """Como as cabeças de 2020: agrupamento, achatamento, densa oculta, densa final."""
    entry, x = trunk(activation=activation, dtype=dtype, **options)
    x = layers.MaxPooling2D(dtype=dtype)(x) if activation == "relu" else x
    x = layers.Flatten(dtype=dtype)(x)
    x = layers.Dropout(0.2, dtype=dtype)(layers.Dense(7, activation, dtype=dtype)(x))
    top = layers.Dense(classes, final, name="top", dtype=dtype)
    return randomize(keras.Model(entry, top(x)), seed)


def normalized(classes=3, seed=0):
    """Entre o mapa e a densa, camadas que não levam zero a zero."""
    entry, x = trunk()
    x = layers.Activation("tanh")(layers.BatchNormalization(name="norm")(x))
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    model = randomize(keras.Model(entry, layers.Dense(classes, name="top")(x)), seed)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.abs(norm.moving_variance) + 0.5)
    return model


def skipping(classes=3, seed=0):
    """Os canais passam por uma densa e também ao lado dela."""
    entry, x = trunk()
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Add()([x, layers.Dense(6, "relu")(x)])
    return randomize(keras.Model(entry, layers.Dense(classes, name="top")(x)), seed)


def residual(classes=3, seed=0):
    """Uma soma residual depois do mapa ``branch``, que está dentro do ramo."""
    entry, x = trunk()
    branch = layers.Conv2D(6, 3, padding="same", activation="relu", name="branch")(x)
    branch = layers.Conv2D(6, 3, padding="same", name="last")(branch)
    x = layers.Add(name="sum")([x, branch])
    x = layers.ReLU(name="post_relu")(layers.BatchNormalization(name="norm")(x))
    x = layers.GlobalAveragePooling2D()(x)
    model = randomize(keras.Model(entry, layers.Dense(classes, name="top")(x)), seed)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.abs(norm.moving_variance) + 0.5)
    return model


def pixelwise(function=lambda x: x, size=6, seed=0):
    """Logit linear em ``function`` dos pixels, sem viés: y = W · function(x)."""
    entry = keras.Input((size, size, 1))
    x = layers.Flatten()(function(entry))
    return randomize(keras.Model(entry, layers.Dense(2, use_bias=False, name="top")(x)), seed)


def pixel_weights(model, target, size=6):
    return model.get_layer("top").get_weights()[0][:, target].reshape(size, size)


def activation_of(model, batch, name="conv"):
    return keras.Model(model.input, model.get_layer(name).output)(batch).numpy()
