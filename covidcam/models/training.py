"""Treinar a parte treinável de uma rede sobre as características da parte congelada."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam import progress
from covidcam.errors import InputError
from covidcam.models.inference import cut
from covidcam.models.trainer import trainer
from covidcam.seeding import seeded

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
    balanced: bool = False,
    patience: int | None = None,
    sparsity: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Treina uma rede sobre as características da sua parte congelada.

    Ficam os pesos da última época, em que o passo já caiu a zero; a validação só acompanha — a não
    ser que ``patience`` a deixe escolher a época.

    No lugar das características podem vir as imagens: a rede inteira é então percorrida a cada
    lote, congelada ou não. É o caminho lento, e o único em que as imagens variam antes de uma parte
    congelada. As duas vias chegam à mesma rede.

    Parameters
    ----------
    model : keras.Model
        O que `build` devolve; é modificado.
    features : ndarray, float32 (N, …) ou uint8 (N, H, W, 3)
        O que `extract` devolve, a saída da parte congelada para cada imagem; ou as imagens.
    Y : ndarray (N, classes)
        Um em cada linha, na coluna da classe.
    train, validation : sequence of int
        As linhas de cada parte.
    epochs, batch_size, learning_rate
        Do Adam; o passo decai em cosseno até zero.
    augment : bool
        Se o treino vê, a cada época, as imagens com outra posição, tamanho e contraste; só
        quando as características ainda são imagens.
    balanced : bool
        Se cada classe pesa o mesmo na perda, por menos imagens que tenha.
    patience : int, optional
        Para quando a perda da validação não melhora por tantas épocas, e fica com os pesos da
        melhor; a validação deixa então de ser um teste isento.
    sparsity : float
        O que se soma à perda por cada unidade de ativação no último mapa da rede, uma penalidade
        L1: ele só se acende onde isso ajuda a acertar. Com zero não há penalidade.
    seed : int
        Decide a ordem dos lotes e as variações; os pesos iniciais, `build` já sorteou.

    Returns
    -------
    DataFrame
        Uma linha por época: loss, accuracy, val_loss, val_accuracy. As perdas são a entropia
        cruzada, sem a penalidade por ativação nem os pesos das classes.

    Raises
    ------
    InputError
        Se as linhas de treino e validação se repetem, se Y não combina com a rede, ou se a
        penalidade por ativação é negativa ou não há mapa em que aplicá-la.
    """
    import keras
    import tensorflow as tf

    if common := set(train) & set(validation):
        raise InputError(f"{len(common)} imagens estão no treino e na validação ao mesmo tempo.")
    targets = _targets(model, Y)
    tf.config.experimental.enable_op_determinism()
    with seeded(seed):
        whole = features.shape[1:] == model.input_shape[1:]
        kept = model if whole else cut(model)[1]
        ready = trainer(
            kept,
            sparsity=sparsity,
            augment=augment,
            learning_rate=learning_rate,
            steps=epochs * -(-len(train) // batch_size),
        )
        ready.begin(kept, seed)
        data = _rows(features[train], targets[train])
        data = data.shuffle(len(train), seed=seed).batch(batch_size)
        weights = dict(enumerate(len(train) / np.maximum(Y[train].sum(axis=0), 1) / Y.shape[1]))
        callbacks = []
        if patience is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    f"val_{ready.kind}_crossentropy", patience=patience, restore_best_weights=True
                )
            )
        with progress.bar(total=epochs, desc=f"Treinando {model.name}", unit="época") as bar:
            history = ready.model.fit(
                data.prefetch(2),
                validation_data=_rows(features[validation], targets[validation]).batch(
                    2 * batch_size
                ),
                epochs=epochs,
                class_weight=weights if balanced else None,
                callbacks=[
                    *callbacks,
                    keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: bar.update()),
                ],
                verbose=0,
                shuffle=False,  # o tf.data já embaralha
            )
    ready.end(kept)
    measured = {"loss": f"{ready.kind}_crossentropy", "accuracy": f"{ready.kind}_accuracy"}
    return pd.DataFrame(
        {
            part + name: history.history[part + measure]
            for part in ("", "val_")
            for name, measure in measured.items()
        }
    )


def _targets(model, Y):
    count = model.output_shape[-1]
    if Y.ndim != 2 or Y.shape[1] != max(count, 2):
        raise InputError(
            f"Y tem a forma {Y.shape}; para {model.name} são precisas {max(count, 2)} colunas."
        )
    return Y[:, 1:].astype("float32") if count == 1 else Y.astype("float32")


def _rows(features, targets):
    """As linhas como o tf.data as entrega, sem o seu ajuste automático.

    Cada época abre e fecha quem ajusta, e espera que ele acorde para fechar: até meio segundo.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices((features, targets)).with_options(options)
