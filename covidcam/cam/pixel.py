"""Os métodos que derivam o logit em relação aos pixels: mapas brutos (N, H, W), com sinal.

Cada função recebe a sonda (``probe``) e pergunta por ela ao modelo. Os canais de cor são somados:
o mapa diz o que muda quando o pixel clareia em todos eles, e o mapa de calor guarda o que é a
favor da classe. Com ``absolute``, fica em cada pixel o maior valor absoluto entre as cores, que não
distingue o que é a favor do que é contra; a literatura muitas vezes o prefere.
"""

import numpy as np

from covidcam.cam import tf
from covidcam.cam.activation import grad_cam, weighted_sum
from covidcam.cam.options import Count, Finite, Flag, Positive, Seed


def gradient(probe, *, absolute: Flag = False):
    """Gradiente: Σ_c ∂y/∂x_c.

    O artigo toma o maior |∂y/∂x_c| entre as cores (``absolute``). Custa uma ida e uma volta.
    Simonyan, Vedaldi & Zisserman (2013), arXiv:1312.6034.
    """
    return colours(probe.gradient(probe.images), absolute)


def input_x_gradient(probe, *, absolute: Flag = False):
    """Entrada vezes gradiente: Σ_c x_c ∂y/∂x_c, com x a imagem como o modelo a recebe.

    O artigo guarda o sinal. Em uma rede de ReLU sem viés, a soma do mapa é y. Custa uma ida e uma
    volta.
    Shrikumar et al. (2016), arXiv:1605.01713.
    """
    return colours(probe.images * probe.gradient(probe.images), absolute)


def guided_backprop(probe, *, absolute: Flag = False):
    """Retropropagação guiada: o gradiente em que por cada ReLU só volta o que é positivo.

    O artigo guarda o sinal. Só vale onde todas as ativações são ReLU. Custa uma ida e uma volta.
    Springenberg et al. (2014), arXiv:1412.6806.
    """
    return colours(probe.gradient(probe.images, guided=True), absolute)


def smooth_grad(
    probe,
    *,
    samples: Count = 32,
    noise: Positive = 0.15,
    seed: Seed = 0,
    absolute: Flag = False,
):
    """SmoothGrad: a média do gradiente em x + ε, com ε normal, em pares ε e -ε.

    O desvio de ε é ``noise`` vezes a faixa (máximo - mínimo) de cada imagem; ``samples`` sobe ao
    par seguinte, e é o que custa em idas e voltas. O artigo toma o valor absoluto (``absolute``).
    Smilkov et al. (2017), arXiv:1706.03825.
    """
    views, total = Noisy(probe.images, samples, noise, seed), 0.0
    for images in probe.watch(views, "smooth-grad"):
        total += probe.gradient(images)
    return colours(total / len(views), absolute)


def vargrad(probe, *, samples: Count = 32, noise: Positive = 0.15, seed: Seed = 0):
    """VarGrad: a variância de Σ_c ∂y/∂x_c em x + ε, com o ruído da SmoothGrad.

    Não tem sinal: diz onde a resposta da rede é instável, e é zero onde o logit é linear. Custa
    ``samples`` + 1 idas e voltas.
    Adebayo et al. (2018), arXiv:1810.03307.
    """
    clean = gradient(probe)  # tirá-lo antes de elevar ao quadrado poupa o arredondamento
    views, first, second = Noisy(probe.images, samples, noise, seed), 0.0, 0.0
    for images in probe.watch(views, "vargrad"):
        apart = tf.reduce_sum(probe.gradient(images), axis=-1) - clean
        first, second = first + apart, second + apart**2
    return second / len(views) - (first / len(views)) ** 2


def smooth_grad_cam_plus_plus(
    probe, activation, *, samples: Count = 8, noise: Positive = 0.15, seed: Seed = 0
):
    """Smooth Grad-CAM++: Σₖ wₖ Aₖ, wₖ = Σᵢⱼ α ReLU(⟨G⟩), α = ⟨G²⟩ / (2 ⟨G²⟩ + ΣA ⟨G³⟩).

    ⟨ ⟩ é a média sob o ruído da SmoothGrad; A é o da imagem sem ruído. Mapa (N, h, w). Custa
    ``samples`` idas e voltas até a camada.
    Omeiza et al. (2019), arXiv:1908.01224.
    """
    views, sums = Noisy(probe.images, samples, noise, seed), [0.0, 0.0, 0.0]
    for images in probe.watch(views, "smooth-grad-cam++"):
        slope = probe.cut(images, "gradient")
        sums = [known + slope**power for known, power in zip(sums, (1, 2, 3), strict=True)]
    first, second, third = (known / len(views) for known in sums)
    total = tf.reduce_sum(activation, axis=(1, 2), keepdims=True)
    alpha = tf.math.divide_no_nan(1.0, 2 + total * tf.math.divide_no_nan(third, second))
    return weighted_sum(activation, tf.reduce_sum(alpha * tf.nn.relu(first), axis=(1, 2)))


def integrated_gradients(
    probe, *, steps: Count = 32, reference: Finite = 0.0, absolute: Flag = False
):
    """Gradientes integrados: (x - x') ∫₀¹ ∂y/∂x(x' + a(x - x')) da, pelo ponto médio.

    A soma do mapa é y(x) - y(x'), a menos do erro da integral, que cai com 1/steps². O artigo
    guarda o sinal. Custa ``steps`` idas e voltas.
    Sundararajan, Taly & Yan, ICML 2017, arXiv:1703.01365.
    """
    path = probe.images - reference
    total = tf.zeros_like(path)
    for step in probe.watch(range(steps), "integrated-gradients"):
        total += probe.gradient(reference + (step + 0.5) / steps * path)
    return colours(path * total / steps, absolute)


def guided_grad_cam(probe, activation, gradient):
    """Grad-CAM guiado: a retropropagação guiada vezes o Grad-CAM retificado e ampliado.

    Custa uma ida e duas voltas.
    Springenberg et al. (2014), arXiv:1412.6806; Selvaraju et al., IJCV 128:336-359 (2020).
    """
    positive = tf.nn.relu(grad_cam(activation, gradient)).numpy()
    return probe.enlarge(positive) * guided_backprop(probe)


def colours(slope, absolute):
    """De (N, H, W, C) a (N, H, W): a soma das cores, ou o maior valor absoluto entre elas."""
    return tf.reduce_max(tf.abs(slope), -1) if absolute else tf.reduce_sum(slope, -1)


class Noisy:
    """As imagens com ruído normal, em pares ε e -ε, uma vista de cada vez.

    O desvio é ``noise`` vezes a faixa de cada imagem; o sorteio é o mesmo para todas.
    """

    def __init__(self, images, samples, noise, seed):
        self.images, self.pairs, self.seed = images, -(-samples // 2), seed
        low, high = (f(images, (1, 2, 3), keepdims=True) for f in (tf.reduce_min, tf.reduce_max))
        self.deviation = noise * (high - low)

    def __len__(self):
        return 2 * self.pairs

    def __iter__(self):
        random = np.random.Generator(np.random.PCG64(self.seed))
        for _ in range(self.pairs):
            step = random.standard_normal(self.images.shape[1:], dtype=np.float32)
            yield self.images + self.deviation * step
            yield self.images - self.deviation * step
