"""Todos os métodos: nome e função. Um método novo é uma função e uma linha aqui.

O motor lê a assinatura: os parâmetros posicionais dizem o que o método recebe (``activation``,
``gradient``, ``drop``, ``features``, ``weights``, descritos em ``gradient.py``, ou ``probe``, a
sonda de ``engine.py``); os só nomeados são as suas opções, que ``explain`` aceita pelo nome.
"""

from covidcam.cam import gradient, perturbation, pixel

METHODS = {
    "cam": gradient.cam,
    "grad-cam": gradient.grad_cam,
    "grad-cam++": gradient.grad_cam_plus_plus,
    "xgrad-cam": gradient.xgrad_cam,
    "hires-cam": gradient.hires_cam,
    "layer-cam": gradient.layer_cam,
    "eigen-cam": gradient.eigen_cam,
    "eigen-grad-cam": gradient.eigen_grad_cam,
    "ablation-cam": gradient.ablation_cam,
    "score-cam": perturbation.score_cam,
    "gradient": pixel.gradient,
    "smooth-grad": pixel.smooth_grad,
    "integrated-gradients": pixel.integrated_gradients,
    "guided-grad-cam": pixel.guided_grad_cam,
    "occlusion": perturbation.occlusion,
    "rise": perturbation.rise,
}


def activation_methods() -> list[str]:
    """Os métodos que leem o mapa de ativação, e se calculam juntos numa só ida e volta pela rede.

    Returns
    -------
    list of str
        Os nomes, na ordem de ``METHODS``: os das funções de ``gradient.py``.

    Examples
    --------
    >>> activation_methods()[:2]
    ['cam', 'grad-cam']
    """
    return [name for name, method in METHODS.items() if method.__module__ == gradient.__name__]
