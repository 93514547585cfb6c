"""A classe ``GradCAM`` com os nomes que os cadernos de 2020 usavam, sobre o nosso motor."""

import cv2
import numpy as np

from covidcam.cam import explain
from covidcam.errors import InputError


class GradCAM:
    """Grad-CAM de uma classe, uma imagem por vez.

    Os nomes e a ordem dos argumentos são os de 2020; a conta é a de ``covidcam.cam.explain``: a
    derivada é a do logit, e o mapa é dividido pelo seu máximo, sem épsilon.

    Parameters
    ----------
    model : keras.Model
        O classificador.
    class_index : int
        A classe a explicar; com uma só saída, 1 é o seu logit e 0 o negativo dele.
    layer_name : str or None
        A camada do mapa; None é o último que todos os caminhos até o logit atravessam.

    Examples
    --------
    >>> import keras, numpy
    >>> from covidcam.gradcam import GradCAM
    >>> model = keras.Sequential([
    ...     keras.Input((32, 32, 3)),
    ...     keras.layers.Conv2D(4, 3, activation="relu"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(3, activation="softmax"),
    ... ])
    >>> cam = GradCAM(model, 0)
    >>> heatmap = cam.compute_heatmap(numpy.ones((1, 32, 32, 3)))
    >>> heatmap.shape, heatmap.dtype
    ((32, 32), dtype('uint8'))
    """

    def __init__(self, model, class_index, layer_name=None):
        self.model, self.class_index, self.layer_name = model, class_index, layer_name

    def compute_heatmap(self, image, eps=1e-8) -> np.ndarray:
        """Calcula o mapa de uma imagem.

        Parameters
        ----------
        image : array-like, shape (1, H, W, C)
            A imagem como o modelo a recebe, com o eixo do lote.
        eps : float
            Aceito por compatibilidade; não entra na conta.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            O mapa, de 0 a 255; todo zero se nada é a favor da classe.

        Raises
        ------
        InputError
            Se não vem exatamente uma imagem, ou se ``explain`` a recusa.
        """
        image = np.asarray(image)
        if image.ndim == 4 and len(image) != 1:
            raise InputError(f"image tem forma {image.shape}; aceita-se uma imagem por vez.")
        heatmaps = explain(self.model, image, target=int(self.class_index), layer=self.layer_name)
        return np.rint(255 * heatmaps.values[0]).astype(np.uint8)

    def overlay_heatmap(
        self, heatmap, image, alpha=0.5, colormap=cv2.COLORMAP_INFERNO
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pinta o mapa e o põe sobre a imagem, na ordem BGR do OpenCV.

        Parameters
        ----------
        heatmap : ndarray of uint8, shape (H, W)
            O mapa, de 0 a 255.
        image : ndarray of uint8, shape (H, W, 3)
            A imagem, em BGR.
        alpha : float
            O peso do mapa, de 0 a 1.
        colormap : int
            Um mapa de cores do OpenCV.

        Returns
        -------
        heatmap, output : ndarray of uint8, shape (H, W, 3)
            O mapa pintado e a mistura, em BGR.

        Raises
        ------
        InputError
            Se mapa e imagem não são de 8 bits ou não têm o mesmo tamanho.
        """
        heatmap, image = np.asarray(heatmap), np.asarray(image)
        same = heatmap.ndim == 2 and image.shape == (*heatmap.shape, 3)
        if not same or heatmap.dtype != np.uint8 or image.dtype != np.uint8:
            raise InputError(
                f"heatmap é {heatmap.dtype} {heatmap.shape} e image é {image.dtype} {image.shape}; "
                "aceita-se uint8 (H, W) e uint8 (H, W, 3), do mesmo tamanho (cv2.resize ajusta)."
            )
        painted = cv2.applyColorMap(heatmap, colormap)
        return painted, cv2.addWeighted(painted, alpha, image, 1 - alpha, 0)
