"""Os métodos que derivam o logit em relação aos pixels: mapas brutos (N, H, W), com sinal.

Cada função recebe a sonda (``probe``) e pergunta por ela ao modelo. Os canais de cor são somados:
o mapa diz o que muda quando o pixel clareia em todos eles. Onde a literatura toma o valor
absoluto, aqui o sinal fica: o mapa de calor guarda o que é a favor da classe.
"""

import numpy as np

from covidcam.cam import tf
from covidcam.cam.activation import grad_cam
from covidcam.cam.options import Count, Finite, Positive, Seed


def gradient(probe):
    """Gradiente: Σ_c ∂y/∂x_c.

    Simonyan, Vedaldi & Zisserman (2013), arXiv:1312.6034.
    """
    return tf.reduce_sum(probe.gradient(probe.images), axis=-1)


def smooth_grad(probe, *, samples: Count = 32, noise: Positive = 0.15, seed: Seed = 0):
    """SmoothGrad: a média do gradiente em x + ε, com ε normal, em pares ε e -ε.

    O desvio de ε é ``noise`` vezes a faixa (máximo - mínimo) de cada imagem; ``samples`` sobe ao
    par seguinte.
    Smilkov et al. (2017), arXiv:1706.03825.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    images, pairs = probe.images, -(-samples // 2)
    axes = (1, 2, 3)
    width = tf.reduce_max(images, axes, keepdims=True) - tf.reduce_min(images, axes, keepdims=True)
    total = tf.zeros(images.shape[:3])
    for _ in probe.watch(range(pairs), "smooth-grad"):
        step = noise * width * random.standard_normal(images.shape[1:], dtype=np.float32)
        for sign in (1, -1):
            total += tf.reduce_sum(probe.gradient(images + sign * step), axis=-1)
    return total / (2 * pairs)


def integrated_gradients(probe, *, steps: Count = 32, reference: Finite = 0.0):
    """Gradientes integrados: (x - x') ∫₀¹ ∂y/∂x(x' + a(x - x')) da, pelo ponto médio.

    A soma do mapa é y(x) - y(x'), a menos do erro da integral, que cai com 1/steps².
    Sundararajan, Taly & Yan, ICML 2017, arXiv:1703.01365.
    """
    path = probe.images - reference
    total = tf.zeros_like(path)
    for step in probe.watch(range(steps), "integrated-gradients"):
        total += probe.gradient(reference + (step + 0.5) / steps * path)
    return tf.reduce_sum(path * total, axis=-1) / steps


def guided_grad_cam(probe, activation, gradient):
    """Grad-CAM guiado: a retropropagação guiada vezes o Grad-CAM retificado e ampliado.

    Springenberg et al. (2014), arXiv:1412.6806; Selvaraju et al., IJCV 128:336-359 (2020).
    """
    positive = tf.nn.relu(grad_cam(activation, gradient)).numpy()
    guided = tf.reduce_sum(probe.gradient(probe.images, guided=True), axis=-1)
    return probe.enlarge(positive) * guided
