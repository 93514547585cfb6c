"""As etapas de um filme: terminam no mesmo filme, e cada uma diz o que diz que mudou."""

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.phantom import attenuation, build_up, chords, formation, radiograph
from covidcam.phantom.pathology import AERATED


@pytest.mark.parametrize("look", ["adulto", "infantil"])
@pytest.mark.parametrize(("seed", "label"), [(0, "COVID-19"), (1, "NORMAL"), (2, "OUTRAS")])
def test_the_stages_end_in_the_same_film(seed, label, look):
    made = formation(seed, label, 96, look=look)
    assert np.array_equal(made.image, radiograph(seed, label, 96, look=look).image)
    assert made.developed.shape == made.dose.shape == made.primary.shape == (96, 96)


def test_without_lesions_only_the_lesion_goes():
    sick, healthy = (formation(8, "COVID-19", 96, lesions=keep) for keep in (True, False))
    lesions = radiograph(8, "COVID-19", 96).lesions
    assert not healthy.shadow.thickness.any()
    assert np.array_equal(sick.primary[~lesions], healthy.primary[~lesions])
    assert (sick.primary[lesions] < healthy.primary[lesions]).mean() > 0.9


def test_chords_times_coefficients_are_the_exponent():
    made = formation(8, "NORMAL", 96, look="adulto")
    cm = chords(made)
    mu = {"soft": attenuation("soft"), "fat": attenuation("fat")}
    mu["lung"] = attenuation("lung", AERATED)
    by_hand = sum(mu[tissue] * cm[tissue] for tissue in mu)
    open_air = (cm["soft"] > 3) & (cm["lung"] > 1)  # longe da parede mínima
    assert open_air.sum() > 500
    np.testing.assert_allclose(
        by_hand[open_air], build_up(made)["+ coração e abdome"][open_air], rtol=0.01
    )


def test_build_up_starts_solid_and_ends_at_the_beam():
    """A criança não tem fios: o último passo é o expoente do feixe, fora a textura sorteada."""
    made = formation(8, "NORMAL", 96, look="infantil")
    solid, hollow, full, *_, last = build_up(made).values()
    assert (hollow <= solid + 1e-4).all() and (full >= hollow - 1e-4).all()
    lungs = radiograph(8, "NORMAL", 96, look="infantil").lungs
    assert solid[lungs].mean() > 1.5 * full[lungs].mean()
    inside = (made.primary > 1e-3) & (last > 0.5)
    assert np.median(np.abs(np.log(made.primary[inside]) + last[inside])) < 0.05


def test_bad_input():
    with pytest.raises(InputError, match="NORMAL"):
        formation(1, "PNEUMONIA")
