"""As cabeças: do último mapa de uma rede às probabilidades das classes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def pooled(features, count, head) -> "keras.KerasTensor":
    """Média global e uma camada densa: onde CAM e Grad-CAM coincidem."""
    from keras import layers

    x = layers.GlobalAveragePooling2D(name="pooling")(features)
    return layers.Dense(count, activation="softmax", name="probabilities")(x)


def head_2020(features, count, head) -> "keras.KerasTensor":
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


HEADS = {"pooled": pooled, "2020-modelo-1": head_2020, "2020-modelo-2": head_2020}
