"""Todos os métodos: nome e função. Um método novo é uma função e uma linha aqui.

O motor lê a assinatura: os parâmetros posicionais dizem o que o método recebe (as propriedades de
``cut.Cut``, ou ``probe``, a sonda de ``probe.py``); os só nomeados são as suas opções, cada uma
com a regra na anotação, que ``explain`` aceita pelo nome.
"""

import inspect
from functools import cache

from covidcam.cam import activation, fullgrad, perturbation, pixel, shapley

METHODS = {
    "cam": activation.cam,
    "grad-cam": activation.grad_cam,
    "grad-cam++": activation.grad_cam_plus_plus,
    "xgrad-cam": activation.xgrad_cam,
    "hires-cam": activation.hires_cam,
    "grad-cam-elementwise": activation.grad_cam_elementwise,
    "layer-cam": activation.layer_cam,
    "eigen-cam": activation.eigen_cam,
    "eigen-grad-cam": activation.eigen_grad_cam,
    "kpca-cam": activation.kpca_cam,
    "fem": activation.fem,
    "ablation-cam": activation.ablation_cam,
    "shapley-cam": activation.shapley_cam,
    "relevance-cam": activation.relevance_cam,
    "recipro-cam": activation.recipro_cam,
    "random-cam": activation.random_cam,
    "smooth-grad-cam++": pixel.smooth_grad_cam_plus_plus,
    "score-cam": perturbation.score_cam,
    "is-cam": perturbation.is_cam,
    "gradient": pixel.gradient,
    "input-x-gradient": pixel.input_x_gradient,
    "guided-backprop": pixel.guided_backprop,
    "smooth-grad": pixel.smooth_grad,
    "vargrad": pixel.vargrad,
    "integrated-gradients": pixel.integrated_gradients,
    "fullgrad": fullgrad.full_grad,
    "guided-grad-cam": pixel.guided_grad_cam,
    "occlusion": perturbation.occlusion,
    "rise": perturbation.rise,
    "kernel-shap": shapley.kernel_shap,
}


def activation_methods() -> list[str]:
    """Os métodos que leem o mapa de ativação, e se calculam juntos numa só ida e volta pela rede.

    Três acrescentam algo: ``shapley-cam``, uma segunda volta; ``recipro-cam``, o trecho depois do
    mapa uma vez por posição, e ``ablation-cam``, onde os canais se misturam, uma vez por canal.

    Returns
    -------
    list of str
        Os nomes, na ordem de ``METHODS``: os que não pedem a sonda.

    Examples
    --------
    >>> activation_methods()[:2]
    ['cam', 'grad-cam']
    """
    return [name for name in METHODS if "probe" not in wants(name)]


def wants(name):
    """O que o método pede do motor: os nomes dos seus parâmetros posicionais."""
    return signature(METHODS[name])[0]


def options_of(name):
    """As opções do método: nome -> parâmetro, com a regra na anotação."""
    return signature(METHODS[name])[1]


@cache
def signature(function):
    """O que a função pede e as suas opções, lidos uma vez."""
    parameters = inspect.signature(function).parameters.values()
    asked = frozenset(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
    return asked, {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
