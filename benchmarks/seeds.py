"""As redes pequenas em várias sementes: o quanto uma só execução do livro é sorte.

    python -m benchmarks.seeds [--models mini-vgg mini-resnet] [--seeds 40 41 42 43 44]

Cada semente decide a divisão dos pacientes e o treino; os dados e a receita são os do Modelo 2 do
livro, com fantomas. Imprime a acurácia no teste e, nas radiografias com lesão, em quantas o máximo
do Grad-CAM cai nela e quantas vezes o acaso é a energia do mapa dentro dela.
"""

import argparse

import numpy as np

from covidcam import artefacts, cam, evaluation, models, settings

MINIS = [name for name, each in models.ARCHITECTURES.items() if not each.frozen]


def main():
    """Treina e mede o que a linha de comando pede."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MINIS, choices=MINIS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[40, 41, 42, 43, 44])
    chosen = parser.parse_args()
    phantoms = settings.read().with_phantoms()
    print(f"{'rede':14} semente  acurácia  máximo na lesão  energia (vezes o acaso)")
    for name in chosen.models:
        rows = [measure(phantoms, name, seed) for seed in chosen.seeds]
        right, hits, ratios = (np.concatenate(part) for part in zip(*rows, strict=True))
        report(name, "todas", right, hits, ratios)


def measure(phantoms, name, seed):
    """O que saiu de cada imagem de teste: certa ou não, dentro ou não, e a energia."""
    recipe = models.ARCHITECTURES[name].recipes["modelo-2"] | {"seed": seed}
    run = artefacts.trained(phantoms, name, recipe=recipe, split_seed=seed)
    films = artefacts.abnormal_films(run)
    maps = cam.explain(run.model, films.images).values
    hits = evaluation.pointing_game(maps, films.lesions)
    ratios = evaluation.energy_ratio(maps, films.lesions)
    report(name, seed, run.right, hits, ratios)
    return run.right, hits, ratios


def report(name, seed, right, hits, ratios):
    """Uma linha da tabela."""
    print(
        f"{name:14} {seed!s:>7}  {right.mean():8.3f}  {hits.mean():15.3f}  {ratios.mean():8.2f}",
        f"  ({len(right)} imagens, {len(hits)} com lesão)",
        flush=True,
    )


if __name__ == "__main__":
    main()
