"""As figuras da física dizem, no texto alternativo, os números dados."""

import numpy as np

from covidcam.figures import greys, profile, thickness


def test_greys_saturate_and_may_run_backwards():
    values = np.array([[-5.0, 0.0, 1.0, 2.0, 9.0]])
    assert greys(values, 0, 2).tolist() == [[0, 0, 128, 255, 255]]
    assert greys(values, 2, 0).tolist() == [[255, 255, 128, 0, 0]]


def test_profile_draws_the_row_and_tells_the_points():
    transmitted = np.full((4, 5), 0.5)
    transmitted[2] = [0.9, 0.2, 0.1, 0.2, 0.05]
    figure, alt = profile(np.zeros((4, 5), np.uint8), transmitted, 2, {"pulmão": 1, "coração": 4})
    line = figure.axes[1].lines[0]
    np.testing.assert_allclose(line.get_ydata(), transmitted[2])
    assert "pulmão, 20,0 %; coração, 5,0 %" in alt


def test_thickness_hides_the_healthy_and_tells_the_largest():
    centimetres = np.zeros((10, 10))
    centimetres[:2, :5] = 4.25
    figure, alt = thickness(np.zeros((10, 10), np.uint8), centimetres)
    drawn = figure.axes[1].images[1].get_array()
    assert drawn.mask.sum() == 90 and drawn.max() == 4.25
    assert "até 4,2 cm, sobre 10 % do filme" in alt
