"""A receita do Modelo 2 deixa decorar? Rótulos de treino embaralhados, com ela e com a de decorar.

    python -m benchmarks.memorizing

Os dados, a divisão e os rótulos embaralhados são os da página que compara quem decorou com a gêmea
honesta. Imprime, de cada receita, as épocas e a parte dos rótulos de treino que a rede repete, ao
lado do que acertaria quem dissesse sempre a classe mais comum.
"""

import numpy as np

from covidcam import artefacts, models, settings
from covidcam.artefacts.networks import SPLIT_SEED


def main():
    """Treina as duas redes e imprime uma linha de cada uma."""
    phantoms = settings.read().with_phantoms()
    name = artefacts.choose(phantoms)
    for model in ("modelo-2", "decorar"):
        recipe = models.ARCHITECTURES[name].recipes[model]
        run = artefacts.trained(phantoms, name, recipe=recipe, shuffle=SPLIT_SEED)
        common = np.bincount(run.data.labels[run.train]).max() / len(run.train)
        print(
            f"{model:10} {recipe['epochs']:4d} épocas  repete {artefacts.learned(run):.3f}"
            f"  (a classe mais comum: {common:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
