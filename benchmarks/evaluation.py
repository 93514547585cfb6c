"""As nossas medidas ao lado das da Quantus, em mapas, máscaras e rede sorteados.

    python -m benchmarks.evaluation

Onde a definição é a mesma, a maior diferença deve ficar até 1e-6; onde não é, a linha diz por quê,
e a diferença deve aparecer: um motivo que não se vê mais está vencido. Sai com erro se alguma linha
desmente o que se espera dela. Pede um ambiente com a Quantus (ver o README).
"""

import os
import sys
import warnings
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import quantus
from skimage.metrics import structural_similarity

from covidcam import cam, evaluation
from covidcam.evaluation.faithfulness import impute

TOLERANCE = 1e-6
COUNT, SIDE, STEPS = 8, 16, 16
OPTIONS = {"disable_warnings": True}


class Row(NamedTuple):
    """Uma medida dos dois lados; sem motivo, devem concordar."""

    measure: str
    peer: str
    ours: np.ndarray
    theirs: np.ndarray
    reason: str = ""


def difference(ours, theirs):
    """A maior diferença; NaN só é igual a NaN, e de resto está a uma distância infinita."""
    ours, theirs = np.broadcast_arrays(np.asarray(ours, float), np.asarray(theirs, float))
    gap = np.abs(ours - theirs)
    gap[np.isnan(ours) & np.isnan(theirs)] = 0
    return np.nan_to_num(gap, nan=np.inf).max()


def localization(random):
    """O lugar: mapas sem empate e, ao lado, os casos de borda que as definições separam."""
    maps = random.random((COUNT, SIDE, SIDE))
    masks = np.zeros(maps.shape, bool)
    for mask, (top, left) in zip(masks, random.integers(0, SIDE - 5, (COUNT, 2)), strict=True):
        mask[top : top + 5, left : left + 4] = True
    maps[: COUNT // 2] *= 1 + masks[: COUNT // 2]  # metade deles acerta
    empty, flat, zero = masks.copy(), maps.copy(), maps.copy()
    empty[-1], flat[-1], zero[-1] = False, 0.5, 0  # um só: um lote inteiro assim a Quantus recusa

    def row(name, metric, reason="", case="", maps=maps, masks=masks):
        theirs = metric(**OPTIONS)(
            model=None,
            x_batch=np.zeros((COUNT, 1, SIDE, SIDE)),
            y_batch=np.zeros(COUNT, int),
            a_batch=maps[:, None],
            s_batch=masks[:, None],
            channel_first=True,
        )
        return Row(
            name + case, metric.__name__, getattr(evaluation, name)(maps, masks), theirs, reason
        )

    any_tie = "lá basta um dos pontos empatados cair dentro: o mapa plano acerta sempre"
    lost_nan = "defeito de lá: o NaN é gravado num vetor bool e vira um acerto"
    nothing = "lá é 0/0 = NaN; aqui não apontar nada conta como o acaso"
    in_order = "lá os empates seguem a ordem dos pixels; aqui valem a média do sorteio"
    other = "outra medida: lá é a área ROC; a Quantus não tem a de precisão e revocação"
    return [
        row("pointing_game", quantus.PointingGame),
        row("pointing_game", quantus.PointingGame, any_tie, ", mapa plano", maps=flat),
        row("pointing_game", quantus.PointingGame, lost_nan, ", máscara vazia", masks=empty),
        row("energy_inside", quantus.AttributionLocalisation),
        row("energy_inside", quantus.RelevanceMassAccuracy),
        row("energy_inside", quantus.RelevanceMassAccuracy, case=", máscara vazia", masks=empty),
        row("energy_inside", quantus.RelevanceMassAccuracy, nothing, ", mapa zero", maps=zero),
        row("rank_accuracy", quantus.RelevanceRankAccuracy),
        row("rank_accuracy", quantus.RelevanceRankAccuracy, in_order, ", mapa plano", maps=flat),
        row("auprc", quantus.AUC, other),
    ]


def complexity(random):
    """O índice de Gini: a Quantus soma 1e-7 a cada pixel, o que só um mapa esparso percebe."""
    dense = random.random((COUNT, SIDE, SIDE))
    sparse = np.zeros((1, SIDE, SIDE))
    sparse[0, 3, 4] = 1

    def peer(maps):
        return quantus.Sparseness(**OPTIONS)(
            model=None,
            x_batch=np.zeros_like(maps)[:, None],
            y_batch=np.zeros(len(maps), int),
            a_batch=maps[:, None],
            channel_first=True,
        )

    return [
        Row("sparseness", "Sparseness", evaluation.sparseness(dense), peer(dense)),
        Row(
            "sparseness, um ponto só",
            "Sparseness",
            evaluation.sparseness(sparse),
            peer(sparse),
            "lá cada pixel ganha 1e-7, somado no próprio vetor",
        ),
        Row(
            "sparseness, um ponto só, + 1e-7",
            "Sparseness",
            evaluation.sparseness(sparse + 1e-7),
            peer(sparse),
        ),
    ]


def faithfulness(model, images, target, random):
    """Apagar do mais ao menos quente; a curva da Quantus não tem a imagem intacta."""
    maps = random.random(images.shape[:3])

    def peer(baseline):
        curve = quantus.PixelFlipping(
            features_in_step=SIDE**2 // STEPS, perturb_baseline=baseline, **OPTIONS
        )
        return curve(
            model=model,
            x_batch=images,
            y_batch=target,
            a_batch=maps[:, None],
            channel_first=False,
            softmax=True,
        )

    def ours(reference):
        return evaluation.deletion(model, images, maps, target, reference, STEPS).scores[:, 1:]

    hole = np.zeros((SIDE, SIDE), bool)
    hole[3:-3, 3:-3] = True
    film = images[0, ..., 0]
    solved = quantus.noisy_linear_imputation(film[None], np.flatnonzero(hole), noise=0)
    return [
        Row("deletion, curva, preto", "PixelFlipping, 0", ours("black"), peer(0.0)),
        Row(
            "deletion, curva, preto",
            "PixelFlipping, 'black'",
            ours("black"),
            peer("black"),
            "lá 'black' é o menor valor da imagem, não o zero",
        ),
        Row(
            "deletion, curva, média",
            "PixelFlipping, 'mean'",
            ours("mean"),
            peer("mean"),
            "lá a média é refeita a cada passo, na imagem já apagada",
        ),
        Row(
            "road, pixel imputado (de 255)",
            "noisy_linear_imputation",
            impute(images[0], hole)[..., 0],
            solved[0],
            "lá o sistema é resolvido de uma vez; aqui, por varreduras, da escala grossa à fina",
        ),
    ]


def sanity(model, images, target):
    """Perturbar a imagem ou a rede; as duas explicam com o nosso gradiente."""

    def explain(model, inputs, targets, **_):
        films = np.reshape(inputs, images.shape)  # um canal: tanto faz se ele vem antes ou depois
        return cam.explain(model, films, "gradient", target=targets).values[:, None]

    noise = np.random.default_rng(0)

    def perturb(arr, **_):
        return np.clip(arr + noise.uniform(-2, 2, arr.shape).astype(np.float32), 0, 255)

    call = {
        "model": model,
        "x_batch": images,
        "y_batch": target,
        "channel_first": False,
        "explain_func": explain,
        "softmax": True,
    }
    sensitivity = quantus.MaxSensitivity(nr_samples=5, perturb_func=perturb, **OPTIONS)(**call)
    shuffled = quantus.MPRT(**OPTIONS)(**call)

    table = evaluation.randomization_test(model, images, "gradient", target=target)
    first, last = table[table.step == 1], table[table.step == table.step.max()]
    before = cam.explain(model, images, "gradient", target=target).values
    after = cam.explain(evaluation.randomize(model), images, "gradient", target=target).values
    pairs = list(zip(before.astype(float), after.astype(float), strict=True))
    window = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1}
    return [
        Row(
            "max_sensitivity",
            "MaxSensitivity",
            evaluation.max_sensitivity(model, images, "gradient"),
            sensitivity,
        ),
        Row(
            "randomization_test, Spearman",
            "correlation_spearman",
            last.spearman,
            [quantus.correlation_spearman(one.ravel(), other.ravel()) for one, other in pairs],
        ),
        Row(
            "randomization_test, SSIM",
            "scikit-image",
            last.ssim,
            [structural_similarity(*pair, full=True, **window)[1].mean() for pair in pairs],
        ),
        Row(
            "randomization_test, SSIM",
            "ssim",
            last.ssim,
            [quantus.ssim(*pair) for pair in pairs],
            "lá a janela é um quadrado de 7 pixels, sem a borda, e a escala é a do par de mapas",
        ),
        Row(
            "randomization_test, 1ª camada",
            "MPRT, 1ª camada",
            first.spearman,
            next(scores for name, scores in shuffled.items() if name != "orig"),
            "defeito de lá: no Keras, a cópia da rede nasce toda sorteada e só depois se embaralha",
        ),
    ]


def network():
    """Uma rede convolutiva pequena, de pesos sorteados, e as imagens que ela recebe."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.Rescaling(1 / 64)(inputs)
    for filters in (4, 6):
        x = keras.layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    images = np.random.default_rng(0).uniform(20, 235, (COUNT, SIDE, SIDE, 1)).astype(np.float32)
    return model, images, model.predict_on_batch(images).argmax(axis=1)


def main():
    """Imprime a tabela e sai com erro se uma linha desmente o que se espera dela."""
    warnings.simplefilter("ignore")  # 0/0 e afins, que as linhas mostram
    random = np.random.default_rng(0)
    model, images, target = network()
    rows = localization(random) + complexity(random)
    rows += faithfulness(model, images, target, random) + sanity(model, images, target)
    failed = 0
    print(f"Quantus {quantus.__version__}")
    print(f"{'medida':34}{'a outra':26}{'diferença':>10}  concorda até {TOLERANCE:g}?")
    for row in rows:
        gap = difference(row.ours, row.theirs)
        agrees = gap <= TOLERANCE
        verdict = "sim" if agrees else f"não: {row.reason or 'DEVERIA'}"
        if agrees and row.reason:
            verdict = f"sim, MOTIVO VENCIDO: {row.reason}"
        failed += agrees == bool(row.reason)
        print(f"{row.measure:34}{row.peer:26}{gap:10.1e}  {verdict}")
    if failed:
        sys.exit(f"{failed} linha(s) desmentem o que se espera delas.")


if __name__ == "__main__":
    main()
