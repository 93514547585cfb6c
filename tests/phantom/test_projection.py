"""As cordas em forma fechada contra a marcha numérica do raio, e os números da física."""

import numpy as np
import pytest

from covidcam.phantom.pathology import primitive
from covidcam.phantom.projection import (
    Camera,
    attenuation,
    capsule,
    chord,
    ellipsoid,
    hull,
    intersect,
    network,
    resample,
    tube,
)


def far_camera(shape=(160, 160), pitch=0.05):
    """Fonte muito distante: raios paralelos, ampliação 1."""
    return Camera(shape, pitch, 1e7, 0.0, (0.0, 0.0))


def march(inside, camera, z):
    """Comprimento de cada raio onde `inside(x, y, z)` é verdade, passo a passo."""
    x, y = camera.grid()
    step = z[1] - z[0]
    return sum(inside(x, y, depth) for depth in z) * step


def close(closed, numeric, tolerance=0.005):
    return abs(closed.sum() / numeric.sum() - 1) < tolerance and (
        np.abs(closed - numeric).mean() < tolerance * numeric.max()
    )


def test_ellipsoid_chord_against_ray_marching():
    camera, angle = far_camera(), 0.4

    def inside(x, y, z):
        x, y = x - 0.5, y + 0.3
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        return (u / 2) ** 2 + (v / 3) ** 2 + ((z - 1) / 1.5) ** 2 < 1

    closed = chord(ellipsoid(camera, (0.5, -0.3, 1), (2, 3, 1.5), angle))
    assert close(closed, march(inside, camera, np.arange(-0.6, 2.6, 0.004)))


def test_capsule_chord_against_ray_marching():
    camera = far_camera()

    def inside(x, y, z):
        along = np.clip((x + 2) / 4, 0, 1)
        radius = 1.2 - 0.5 * along
        return (x - (-2 + 4 * along)) ** 2 + y**2 + z**2 < radius**2

    closed = capsule(camera, (-2, 0, 0), (2, 0, 0), (1.2, 0.7))
    assert close(closed, march(inside, camera, np.arange(-1.3, 1.3, 0.004)))


@pytest.mark.parametrize("slant", [0.0, 0.6])
def test_tube_chord_against_ray_marching(slant):
    """Um tubo inclinado de `slant` rad em relação à imagem: 2√(r² − d²) / cos(inclinação)."""
    camera, radius = far_camera(), 0.8
    axis = np.array([np.cos(slant), 0, np.sin(slant)])
    points, lengths = resample([-6 * axis, 6 * axis], 0.02)

    def inside(x, y, z):
        along = x * axis[0] + z * axis[2]
        return x**2 + y**2 + z**2 - along**2 < radius**2

    middle = np.s_[:, 60:100]
    closed = tube(camera, points, lengths, radius)[middle]
    assert close(closed, march(inside, camera, np.arange(-3, 3, 0.004))[middle])


def test_tube_along_the_ray_keeps_its_whole_length():
    camera = far_camera()
    points, lengths = resample([(0, 0, -2), (0, 0, 3)], 0.05)
    image = tube(camera, points, lengths, 0.8)
    assert image[80, 80] == pytest.approx(5, rel=0.005)
    # o volume de um cilindro de raio 0,8 e comprimento 5
    assert image.sum() * 0.05**2 == pytest.approx(np.pi * 0.8**2 * 5, rel=0.005)


def test_thin_vessel_keeps_its_volume():
    """Um vaso mais fino que o pixel não some: o volume projetado é πr²·comprimento."""
    camera = far_camera()
    start, end = np.array([[-1.0, 0.3, 0.0]]), np.array([[1.5, -0.4, 0.2]])
    image = network(camera, start, end, np.array([0.02]))
    volume = np.pi * 0.02**2 * np.linalg.norm(end - start)
    assert image.sum() * 0.05**2 == pytest.approx(volume, rel=0.005)


@pytest.mark.parametrize("edge", [1.0, 1.6, 3.5])
def test_soft_focus_primitive_against_quadrature(edge):
    inside = np.array([1.0, 0.7, 0.2, 0.0])[:, None]
    t = np.linspace(-1, 0.6, 40001)
    value = np.clip(edge * (inside - t**2), 0, 1)
    numeric = np.trapezoid(value, t, axis=1)
    closed = primitive(inside[:, 0], edge, 0.6) - primitive(inside[:, 0], edge, -1.0)
    np.testing.assert_allclose(closed, numeric, atol=1e-5)


def test_intervals():
    a, b = (
        (np.array([0.0, 0.0]), np.array([2.0, 2.0])),
        (np.array([1.0, 3.0]), np.array([4.0, 5.0])),
    )
    assert chord(intersect(a, b)).tolist() == [1, 0]
    assert chord(hull(a, b)).tolist() == [4, 5]
    empty = (np.array([9.0, 9.0]), np.array([9.0, 9.0]))
    assert chord(hull(a, empty)).tolist() == [2, 2]


def test_attenuation_examples():
    """Exemplos de contraste a 65 keV, calculados à parte das tabelas."""
    assert attenuation("soft") == pytest.approx(0.209, rel=0.01)
    assert attenuation("bone") == pytest.approx(0.541, rel=0.01)
    assert attenuation("fat") == pytest.approx(0.182, rel=0.01)
    glass = attenuation("lung", 0.5) - attenuation("lung", 0.2)
    assert np.exp(-5 * glass) == pytest.approx(0.743, rel=0.01)
    consolidation = attenuation("lung", 1.04) - attenuation("lung", 0.2)
    assert np.exp(-8 * consolidation) == pytest.approx(0.264, rel=0.01)
    rib = attenuation("bone") - attenuation("soft")
    assert np.exp(-0.6 * rib) == pytest.approx(0.82, rel=0.01)


def test_magnification():
    """Coração a 6 cm do detector em PA a 180 cm; a 15 cm em AP a 100 cm."""
    assert Camera((8, 8), 1, 180, 10, (0, 0)).magnification(4) == pytest.approx(1.034, abs=5e-4)
    assert Camera((8, 8), 1, 100, -9, (0, 0)).magnification(6) == pytest.approx(1.176, abs=5e-4)


def test_project_and_grid_are_inverse():
    camera = Camera((90, 120), 0.3, 150, 12, (1.0, 9.0), tilt=0.05, rotation=0.04)
    x, y = camera.grid(4.0)
    pixels = [(10, 20), (45, 60), (80, 100)]
    column, row = camera.project([(x[r, c], y[r, c], 4.0) for r, c in pixels])
    np.testing.assert_allclose(np.c_[row, column], pixels, atol=0.02)
