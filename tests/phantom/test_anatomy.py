"""O paciente: cúpulas, índice cardiotorácico, e o mesmo paciente em outra idade."""

from dataclasses import replace

import numpy as np
import pytest

from covidcam.phantom import anatomy, looks
from covidcam.phantom.film import measure_ratio
from covidcam.phantom.projection import chord
from covidcam.phantom.scene import aim, truth


def film_of(seed, look, view=None, shape=(160, 160)):
    patient = anatomy.draw_patient(seed, look == "adulto")
    acquisition = looks.draw_acquisition(anatomy.stream(seed, "test"), look)
    if view:
        acquisition = replace(
            acquisition, view=view, sid=180.0 if view == "PA" else 110.0, inspiration=1.0
        )
    camera = aim(patient, acquisition, shape)
    lungs = anatomy.lungs(patient, camera, acquisition.inspiration)
    return patient, camera, truth(patient, camera, acquisition.inspiration, lungs)


def test_cardiothoracic_ratio_of_adults_in_pa():
    ratios = [measure_ratio(*film_of(seed, "adulto", "PA")[2]) for seed in range(60)]
    assert np.mean(ratios) == pytest.approx(0.45, abs=0.015)
    assert np.mean(np.abs(np.array(ratios) - 0.45) < 0.1) > 0.95  # ± dois desvios de 0,05
    assert 0.025 < np.std(ratios) < 0.06


@pytest.mark.parametrize("look", looks.LOOKS)
def test_right_dome_is_higher(look):
    """O abdome começa mais alto do lado direito, à esquerda da imagem."""
    for seed in range(8):
        patient, camera, _ = film_of(seed, look)
        below = chord(anatomy.abdomen(patient, camera, 1.0)) > 0
        x, _ = camera.grid()
        right, left = (np.flatnonzero((below & half).any(axis=1)).min() for half in (x < 0, x > 0))
        assert right < left


def test_heart_is_magnified_more_in_ap():
    """A mesma pessoa de frente para o tubo, perto dele, tem o coração maior em relação ao tórax."""
    ratio = {
        view: np.mean([measure_ratio(*film_of(seed, "adulto", view)[2]) for seed in range(6)])
        for view in ("PA", "AP")
    }
    assert ratio["AP"] > ratio["PA"]


def test_lungs_are_two_and_heart_leans_left():
    for look in looks.LOOKS:
        _, camera, (lungs, heart) = film_of(3, look)
        x, _ = camera.grid()
        assert lungs[x < 0].mean() > 0.15 and lungs[x > 0].mean() > 0.15
        assert not (lungs & heart).any()
        assert x[heart].mean() > 0.2


def test_same_patient_keeps_its_quantiles_in_another_age():
    """Largo entre adultos, largo entre crianças: a ordem dos pacientes se mantém."""
    adults = [anatomy.draw_patient(seed, True) for seed in range(40)]
    children = [anatomy.draw_patient(seed, False) for seed in range(40)]
    assert np.corrcoef([p.ratio for p in adults], [p.ratio for p in children])[0, 1] > 0.98
    assert [p.sex for p in adults] == [p.sex for p in children]
    assert all(1 <= p.age <= 5 for p in children) and all(p.age >= 20 for p in adults)


def test_breathing_in_lowers_the_domes():
    patient = anatomy.draw_patient(5, True)
    assert anatomy.dome_top(patient, -1, 0.85) < anatomy.dome_top(patient, -1, 1.0)


def test_vessels_taper_from_the_hilum():
    """Lei de Murray: o raio nunca cresce quando se afasta do hilo, ao longo de um ramo."""
    start, end, radius = anatomy.vessels(anatomy.draw_patient(2, True))
    by_end = {tuple(point): r for point, r in zip(end, radius, strict=True)}
    parents = [
        (by_end[tuple(s)], r) for s, r in zip(start, radius, strict=True) if tuple(s) in by_end
    ]
    assert len(parents) > 500
    assert all(r <= parent + 1e-12 for parent, r in parents)
