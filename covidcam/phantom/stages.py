"""Um paciente desmontado: os centímetros de cada tecido e o expoente, órgão por órgão."""

import numpy as np

from covidcam.phantom import anatomy, pathology
from covidcam.phantom.film import organs, shrink, trunk
from covidcam.phantom.projection import chord


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
    whole, lean = trunk(made.patient, made.camera)
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

    def parts(air):
        healthy = pathology.Shadow(0 * made.shadow.thickness, 0 * made.shadow.excess)
        rng = anatomy.stream(made.patient.seed, "build-up")
        return organs(made.patient, made.camera, made.acquisition, air, healthy, rng)

    air, cage = made.lungs.length(), chord(made.lungs.cavity)
    layers = parts(air)
    _, path = next(layers)
    steps = {
        "um tronco maciço": next(parts(0 * air))[1],
        "− a caixa torácica cheia de ar": next(parts(cage))[1],
        "+ coração e abdome": path,
    }
    for name, added in layers:
        path = path + added
        if name not in ("lesão", "textura"):
            steps[f"+ {name}"] = path
    return {name: shrink(step, made.image.shape) for name, step in steps.items()}
