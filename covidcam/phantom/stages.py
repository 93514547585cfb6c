"""Um paciente desmontado: os centímetros de cada tecido e o expoente, órgão por órgão."""

import numpy as np

from covidcam.phantom.projection import chord
from covidcam.phantom.scene import shrink, trunk


def chords(made):
    """Centímetros de cada tecido que o raio de cada pixel atravessa, antes de lesões e ossos.

    Parameters
    ----------
    made : Formation

    Returns
    -------
    dict of str to array (H, W)
        Com as chaves "soft", "fat" e "lung", as de `MASS_ATTENUATION`.

    Examples
    --------
    >>> from covidcam.phantom import formation
    >>> sorted(chords(formation(1, "NORMAL", size=64)))
    ['fat', 'lung', 'soft']
    """
    whole, lean = made.scene.layers
    air = made.lungs.length()
    cm = {"soft": np.maximum(lean - air, 0), "fat": np.maximum(whole - lean, 0), "lung": air}
    return {tissue: shrink(length, made.image.shape) for tissue, length in cm.items()}


def build_up(made):
    """O expoente de Beer–Lambert crescendo, uma parte do corpo por vez, sem lesões.

    Parameters
    ----------
    made : Formation

    Returns
    -------
    dict of str to array (H, W)
        O nome do que se acrescentou e o expoente com tudo o que já havia. A textura fina do pulmão,
        que mal se vê, entra com os ossos.

    Examples
    --------
    >>> from covidcam.phantom import formation
    >>> list(build_up(formation(1, "NORMAL", size=64)))[:2]
    ['um tronco maciço', '− a caixa torácica cheia de ar']
    """
    scene, cage = made.scene, chord(made.lungs.cavity)
    parts = scene.organs(scene.shadow(scene.lesions))
    _, path = next(parts)
    steps = {
        "um tronco maciço": trunk(scene.layers, 0 * cage),
        "− a caixa torácica cheia de ar": trunk(scene.layers, cage),
        "+ coração e abdome": path,
    }
    for name, added in parts:
        path = path + added
        if name not in ("lesão", "textura"):
            steps[f"+ {name}"] = path
    return {name: shrink(step, made.image.shape) for name, step in steps.items()}
