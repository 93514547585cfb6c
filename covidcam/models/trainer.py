"""Uma rede pronta para treinar, feita uma vez para todas as que só diferem nos pesos e na semente.

Traçar o passo de treino custa mais de um segundo, o tempo de metade de um treino curto. Quem treina
dez redes iguais o traça uma vez: o otimizador volta a zero, a semente das variações muda, e cada
treino chega aos mesmos pesos a que chegaria sozinho.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np

from covidcam.models.learner import learner
from covidcam.models.variation import varied

if TYPE_CHECKING:
    import keras


class Trainer:
    """Uma cópia compilada de uma rede, que treina os pesos de qualquer outra de mesma forma.

    Parameters
    ----------
    model : keras.Model
        Dá a forma; os pesos virão em `begin`.
    sparsity : float
        Como em `covidcam.models.train`.
    augment : bool
        Idem.
    learning_rate : float
        O passo do Adam no começo; decai em cosseno até zero.
    steps : int
        Em quantos lotes.
    """

    def __init__(
        self,
        model: "keras.Model",
        sparsity: float,
        augment: bool,
        learning_rate: float,
        steps: int,
    ):
        import keras
        import tensorflow as tf

        self.learner = learner(keras.models.clone_model(model), sparsity)
        self.random = tf.random.Generator.from_seed(0)
        self.model = varied(self.learner, self.random) if augment else self.learner
        count = model.output_shape[-1]
        self.kind = "binary" if count == 1 else "categorical"
        self.model.compile(
            optimizer=keras.optimizers.Adam(
                keras.optimizers.schedules.CosineDecay(learning_rate, steps)
            ),
            loss=f"{self.kind}_crossentropy",
            metrics=[f"{self.kind}_crossentropy", f"{self.kind}_accuracy"],
        )
        # o otimizador e as medidas nascem aqui, ou o passo seria traçado duas vezes
        self.model.optimizer.build(self.model.trainable_variables)
        target = np.eye(1, count, dtype="float32")
        self.model.compute_metrics(None, target, target)

    def begin(self, model: "keras.Model", seed: int) -> None:
        """Toma os pesos de uma rede e esquece o treino de qualquer outra.

        Parameters
        ----------
        model : keras.Model
            De mesma forma que a de `trainer`.
        seed : int
            Das variações.
        """
        for own, given in zip(self.learner.variables, model.variables, strict=True):
            own.assign(given)
        for moment in self.model.optimizer.variables:
            moment.assign(np.zeros(moment.shape, moment.dtype))
        self.random.reset_from_seed(seed)

    def end(self, model: "keras.Model") -> None:
        """Devolve à rede os pesos treinados.

        Parameters
        ----------
        model : keras.Model
            A de `begin`.
        """
        model.set_weights(self.learner.get_weights())


def trainer(model: "keras.Model", **options: float) -> Trainer:
    """Quem treina uma rede, guardado enquanto a forma dela e as opções forem as mesmas.

    Parameters
    ----------
    model : keras.Model
    **options : float
        As de `Trainer`.

    Returns
    -------
    Trainer
    """
    return _kept(_Shape(model), **options)


class _Shape:
    """A forma de uma rede como chave: iguais são as de mesmas camadas, na mesma ordem."""

    def __init__(self, model):
        self.model, self.text = model, model.to_json()
        # o Keras numera estes dois nomes: cada rede teria os seus
        for number, name in enumerate((model.name, *(each.name for each in model.inputs))):
            self.text = self.text.replace(f'"{name}"', f'"{number}"')

    def __eq__(self, other):
        return self.text == other.text

    def __hash__(self):
        return hash(self.text)


@functools.lru_cache(maxsize=1)
def _kept(shape, **options):
    return Trainer(shape.model, **options)
