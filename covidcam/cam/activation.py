"""Os métodos que leem o mapa de ativação, cada um com sua fórmula e sua referência.

Cada função pede do motor, pelos nomes dos parâmetros, o que usa, e devolve o mapa bruto
(N, h, w), com sinal:

- ``activation`` (N, h, w, K): A, a saída da camada explicada;
- ``gradient`` (N, h, w, K): G = ∂y/∂A, com y o logit explicado, de uma classe ou de uma direção;
- ``curvature`` (N, h, w, K): H A, com H = ∂²y/∂A²;
- ``features`` (N, h, w, K) e ``weights`` (N, K): o que entra no agrupamento global e os pesos da
  camada densa que levam a y;
- ``drop`` (N, K): quanto y perde quando o canal k é zerado;
- ``alone`` (N, h, w): quanto y ganha quando só a vizinhança de uma posição do mapa fica;
- ``relevance`` (N, h, w, K): a parte de y que a relevância por camadas põe em cada valor do mapa.

São as propriedades de ``cut.Cut``. As opções são os parâmetros só nomeados, cada uma com a sua
regra na anotação (``options.py``).
"""

import numpy as np

from covidcam.cam import tf
from covidcam.cam.options import Positive, Seed


def cam(features, weights):
    """CAM: Σₖ wₖ fₖ, com wₖ o peso do canal k na camada densa.

    Zhou et al., CVPR 2016, doi:10.1109/CVPR.2016.319.
    """
    return weighted_sum(features, weights)


def grad_cam(activation, gradient):
    """Grad-CAM: Σₖ αₖ Aₖ, com αₖ a média espacial de Gₖ.

    Selvaraju et al., IJCV 128:336-359 (2020), doi:10.1007/s11263-019-01228-7.
    """
    return weighted_sum(activation, tf.reduce_mean(gradient, axis=(1, 2)))


def grad_cam_plus_plus(activation, gradient):
    """Grad-CAM++: Σₖ wₖ Aₖ, com wₖ = Σᵢⱼ α ReLU(G) e α = G² / (2G² + ΣA G³).

    Dividir α por G² dá 1 / (2 + ΣA G), que não perde os gradientes pequenos. A classe é
    exp(y); o fator exp(y), comum a todos os pesos, fica de fora.
    Chattopadhay et al., WACV 2018, doi:10.1109/WACV.2018.00097.
    """
    total = tf.reduce_sum(activation, axis=(1, 2), keepdims=True)
    alpha = tf.math.divide_no_nan(1.0, 2 + total * gradient)
    return weighted_sum(activation, tf.reduce_sum(alpha * tf.nn.relu(gradient), axis=(1, 2)))


def xgrad_cam(activation, gradient):
    """XGrad-CAM: Σₖ wₖ Aₖ, com wₖ = Σᵢⱼ (Aᵢⱼ / ΣA) Gᵢⱼ; um canal de soma zero não conta.

    Fu et al., BMVC 2020, arXiv:2008.02312.
    """
    total = tf.reduce_sum(activation, axis=(1, 2))
    share = tf.reduce_sum(activation * gradient, axis=(1, 2))
    return weighted_sum(activation, tf.math.divide_no_nan(share, total))


def hires_cam(activation, gradient):
    """HiResCAM: Σₖ Gₖ ⊙ Aₖ, elemento a elemento, sem média.

    Draelos & Carin (2020), arXiv:2011.08891.
    """
    return tf.reduce_sum(gradient * activation, axis=-1)


def grad_cam_elementwise(activation, gradient):
    """Grad-CAM elemento a elemento: Σₖ ReLU(Gₖ ⊙ Aₖ); onde A ≥ 0, é a LayerCAM.

    Gildenblat et al. (2021), biblioteca pytorch-grad-cam, sem artigo próprio.
    """
    return tf.reduce_sum(tf.nn.relu(gradient * activation), axis=-1)


def layer_cam(activation, gradient):
    """LayerCAM: Σₖ ReLU(Gₖ) ⊙ Aₖ.

    Jiang et al., IEEE TIP 30:5875-5888 (2021), doi:10.1109/TIP.2021.3089943.
    """
    return tf.reduce_sum(tf.nn.relu(gradient) * activation, axis=-1)


def eigen_cam(activation):
    """Eigen-CAM: a projeção A v₁ no primeiro vetor singular de A (h·w, K); ignora a classe.

    Muhammad & Yeasin, IJCNN 2020, doi:10.1109/IJCNN48605.2020.9206626.
    """
    return first_component(activation)


def eigen_grad_cam(activation, gradient):
    """Eigen-Grad-CAM: a mesma projeção, de G ⊙ A no lugar de A: a classe volta a contar."""
    return first_component(gradient * activation)


def ablation_cam(activation, drop):
    """Ablation-CAM: Σₖ wₖ Aₖ, com wₖ = y - yₖ, a queda do logit sem o canal k.

    O artigo divide por y; aqui não, porque um y negativo inverteria o mapa.
    Desai & Ramaswamy, WACV 2020, doi:10.1109/WACV45572.2020.9093360.
    """
    return weighted_sum(activation, drop)


def shapley_cam(activation, gradient, curvature):
    """ShapleyCAM: Σₖ wₖ Aₖ, com wₖ a média espacial de G - ½ H A.

    É o valor de Shapley de cada canal para a expansão de segunda ordem de y em torno de A. Onde o
    logit é linear por partes no mapa (ReLU), H = 0 e resta o Grad-CAM. Custa uma volta a mais.
    Cai (2025), arXiv:2501.06261.
    """
    return weighted_sum(activation, tf.reduce_mean(gradient - curvature / 2, axis=(1, 2)))


def recipro_cam(alone):
    """Recipro-CAM: em cada posição, y com só a sua vizinhança no mapa, menos y com nenhuma.

    A vizinhança é a máscara gaussiana 3 x 3 do artigo, que usa a saída da softmax e não desconta
    nada; aqui fica o logit, e o desconto tira dele o que não vem da imagem. Custa h·w + 1
    passagens pelo trecho da rede depois do mapa. Mapa (N, h, w).
    Byun & Lee (2022), arXiv:2209.14074.
    """
    return alone


def relevance_cam(activation, relevance):
    """Relevance-CAM: Σₖ wₖ Aₖ, com wₖ a média espacial da relevância Rₖ.

    R desce do logit ao mapa pela regra z⁺ (``relevance.py``): um neurônio divide o que recebeu só
    entre o que o fez subir. O artigo opõe a classe à média das outras; aqui isso se pede com
    ``against``. Uma rede que a regra não cobre é recusada.
    Lee et al., CVPR 2021, doi:10.1109/CVPR46437.2021.01470.
    """
    return weighted_sum(activation, tf.reduce_mean(relevance, axis=(1, 2)))


def fem(activation, *, deviations: Positive = 2.0):
    """FEM: Σₖ μₖ [Aₖ > μₖ + d σₖ], com μₖ e σₖ a média e o desvio do canal; ignora a classe.

    ``deviations`` é d, 2 no artigo.
    Fuad et al., IPTA 2020, doi:10.1109/IPTA50016.2020.9286629.
    """
    mean, variance = tf.nn.moments(activation, axes=(1, 2), keepdims=True)
    strong = tf.cast(activation > mean + deviations * tf.sqrt(variance), tf.float32)
    return tf.reduce_sum(mean * strong, axis=-1)


def random_cam(activation, *, seed: Seed = 0):
    """CAM de pesos sorteados: Σₖ wₖ Aₖ, com wₖ uniforme de -1 a 1, o mesmo em todas as imagens.

    Um controle: o que um método acerta a mais do que este é o que os seus pesos sabem. Os
    controles por sorteio são de Adebayo et al., NeurIPS 2018, arXiv:1810.03292.
    """
    weights = np.random.Generator(np.random.PCG64(seed)).uniform(-1, 1, activation.shape[-1])
    return tf.einsum("nhwk,k->nhw", activation, tf.constant(weights, tf.float32))


def kpca_cam(activation):
    """KPCA-CAM: a primeira componente principal de A (h·w, K) por um núcleo gaussiano.

    A matriz exp(-γ ‖aᵢ - aⱼ‖²), com γ = 1 / (K σ²) e σ² a variância de A, é centrada; o seu
    primeiro autovetor, vezes a raiz do autovalor, é o mapa, e o sinal é o que concorda com Σₖ Aₖ.
    Ignora a classe. A matriz tem (h·w)² números por imagem: 56 x 56 posições pedem 39 MB.
    Karmani et al. (2024), arXiv:2410.00267.
    """
    shape = tf.shape(activation)
    rows = tf.reshape(activation, (shape[0], shape[1] * shape[2], activation.shape[-1]))
    rows -= tf.reduce_mean(rows, axis=1, keepdims=True)
    square = tf.reduce_sum(rows**2, axis=2, keepdims=True)
    inner = tf.matmul(rows, rows, transpose_b=True)
    distance = tf.nn.relu(square + tf.linalg.matrix_transpose(square) - 2 * inner)
    width = tf.reduce_mean(square, axis=1, keepdims=True)
    kernel = tf.exp(-tf.math.divide_no_nan(distance, width))
    mean = tf.reduce_mean(kernel, axis=1, keepdims=True)
    kernel += tf.reduce_mean(mean, axis=2, keepdims=True) - mean - tf.linalg.matrix_transpose(mean)
    first = first_eigenvector(kernel)
    value = tf.reduce_sum(first * tf.matmul(kernel, first), axis=1, keepdims=True)
    first *= tf.sqrt(tf.nn.relu(value))
    agreement = tf.reduce_sum(first * tf.reduce_sum(rows, -1, keepdims=True), 1, keepdims=True)
    return tf.reshape(tf.where(agreement < 0, -first, first), shape[:3])


def weighted_sum(maps, weights):
    """Σₖ wₖ Aₖ: (N, h, w, K) e (N, K) -> (N, h, w)."""
    return tf.einsum("nhwk,nk->nhw", maps, weights)


def first_component(maps):
    """M v₁ para cada mapa M (h·w, K); o sinal, arbitrário, é o que concorda com Σₖ Mₖ.

    v₁ vem da menor das matrizes M Mᵀ e Mᵀ M, muito mais barata que a decomposição de M; a escala
    sai antes, para que quadrados de valores mínimos não sumam. Como MᵀM v₁ = σ² v₁, concordar com
    Σₖ Mₖ é ter soma positiva: (M v₁)ᵀ (M 1) = σ² v₁ᵀ 1.
    """
    shape = tf.shape(maps)
    matrix = tf.reshape(maps, (shape[0], shape[1] * shape[2], maps.shape[-1]))
    scaled = tf.math.divide_no_nan(matrix, tf.reduce_max(tf.abs(matrix), (1, 2), keepdims=True))
    positions = maps.shape[1:3].num_elements()
    if positions is not None and positions < maps.shape[-1]:
        left = first_eigenvector(tf.matmul(scaled, scaled, transpose_b=True))
        right = tf.linalg.l2_normalize(tf.matmul(scaled, left, transpose_a=True), 1)
    else:
        right = first_eigenvector(tf.matmul(scaled, scaled, transpose_a=True))
    right = tf.where(tf.reduce_sum(right, 1, keepdims=True) < 0, -right, right)
    return tf.reshape(tf.matmul(matrix, right), shape[:3])


def first_eigenvector(matrix):
    """O autovetor (N, K, 1) do maior autovalor de matrizes simétricas não negativas (N, K, K).

    Elevada ao quadrado muitas vezes, com o traço sempre em 1, cada matriz P tende a v₁ v₁ᵀ, em que
    o traço de P² também é 1; bastam poucas vezes, e não é preciso achar os outros autovetores. Os
    4 % que faltam a esse traço são 2 % de outros vetores em P, 4·10⁻⁴ em P² e 2·10⁻⁷ em P⁴.
    """

    def mixed(power, missing):
        return tf.reduce_max(missing) > 0.04

    def squared(power, _):
        square = tf.matmul(power, power)
        return of_trace_one(square), tf.linalg.trace(power) - tf.linalg.trace(square)

    start = squared(*squared(of_trace_one(matrix), None))  # quase sempre basta: o laço custa mais
    power, _ = tf.while_loop(mixed, squared, start, maximum_iterations=24)
    largest = tf.argmax(tf.linalg.diag_part(power), axis=1, output_type=tf.int32)
    column = tf.gather(power, largest, axis=2, batch_dims=1)[..., None]
    return tf.linalg.l2_normalize(tf.matmul(power, column), 1)


def of_trace_one(matrix):
    """Divide cada matriz pelo seu traço; a nula fica nula."""
    return tf.math.divide_no_nan(matrix, tf.linalg.trace(matrix)[:, None, None])
