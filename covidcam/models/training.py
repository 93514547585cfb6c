"""Treinar a parte treinável de uma rede sobre as características da parte congelada."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from covidcam.errors import InputError
from covidcam.models.inference import split

if TYPE_CHECKING:
    import keras


def train(
    model: "keras.Model",
    features: np.ndarray,
    Y: np.ndarray,
    train: Sequence[int],
    validation: Sequence[int],
    epochs: int = 40,
    batch_size: int = 16,
    learning_rate: float = 2e-3,
    augment: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """Treina uma rede; ficam os pesos da época de menor perda na validação.

    Só a segunda metade das épocas concorre: antes disso o passo é grande e a perda oscila.

    Parameters
    ----------
    model : keras.Model
        O que `build` devolve; é modificado.
    features : ndarray, float32 (N, …)
        O que `extract` devolve: a saída da parte congelada para cada imagem.
    Y : ndarray (N, classes)
        Um em cada linha, na coluna da classe.
    train, validation : sequence of int
        As linhas de cada parte.
    epochs, batch_size, learning_rate
        Do Adam; o passo decai em cosseno até zero.
    augment : bool
        Se o treino vê as imagens deslocadas, ampliadas e com outro contraste a cada época; só
        quando as características ainda são imagens.
    seed : int
        Decide a ordem dos lotes e as variações; os pesos iniciais, `build` já sorteou.

    Returns
    -------
    DataFrame
        Uma linha por época: loss, accuracy, val_loss, val_accuracy.

    Raises
    ------
    InputError
        Se as linhas de treino e validação se repetem, ou se Y não combina com a rede.
    """
    import keras
    import tensorflow as tf

    if common := set(train) & set(validation):
        raise InputError(f"{len(common)} imagens estão no treino e na validação ao mesmo tempo.")
    targets = _targets(model, Y)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    trained = split(model)[1]
    steps = epochs * -(-len(train) // batch_size)
    trained.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        ),
        loss="binary_crossentropy" if targets.shape[1] == 1 else "categorical_crossentropy",
        metrics=["binary_accuracy" if targets.shape[1] == 1 else "accuracy"],
    )
    data = tf.data.Dataset.from_tensor_slices((features[train], targets[train]))
    data = data.shuffle(len(train), seed=seed).batch(batch_size)
    if augment:
        varied = _augmentation(features.shape[1:], seed)
        data = data.map(lambda x, y: (varied(x, training=True), y))
    best = keras.callbacks.EarlyStopping(
        "val_loss", patience=epochs, restore_best_weights=True, start_from_epoch=epochs // 2
    )
    with tqdm(total=epochs, desc=f"Treinando {model.name}", unit="época", disable=None) as bar:
        history = trained.fit(
            data.prefetch(2),
            validation_data=(features[validation], targets[validation]),
            epochs=epochs,
            callbacks=[best, keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: bar.update())],
            verbose=0,
            shuffle=False,  # o tf.data já embaralha
        )
    table = pd.DataFrame(history.history).rename(columns=lambda name: name.replace("binary_", ""))
    return table[["loss", "accuracy", "val_loss", "val_accuracy"]]


def _targets(model, Y):
    count = model.output_shape[-1]
    if Y.ndim != 2 or Y.shape[1] != max(count, 2):
        raise InputError(
            f"Y tem a forma {Y.shape}; para {model.name} são precisas {max(count, 2)} colunas."
        )
    return Y[:, 1:].astype("float32") if count == 1 else Y.astype("float32")


def _augmentation(shape, seed):
    """Pequenas variações de posição, tamanho e contraste; nunca espelhos: o coração tem lado."""
    import keras
    from keras import layers

    if len(shape) != 3:
        raise InputError(f"Só imagens podem variar; as características têm a forma {shape}.")
    return keras.Sequential(
        [
            layers.RandomTranslation(0.06, 0.06, fill_mode="nearest", seed=seed),
            layers.RandomZoom((-0.1, 0.1), fill_mode="nearest", seed=seed + 1),
            layers.RandomContrast(0.2, value_range=(-1, 1), seed=seed + 2),
        ]
    )
