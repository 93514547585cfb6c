"""As figuras da física dizem, no texto alternativo, os números dados."""

import numpy as np

from covidcam.figures import crossed, greys, profile, thickness


def test_greys_saturate_and_may_run_backwards():
    values = np.array([[-5.0, 0.0, 1.0, 2.0, 9.0]])
    assert greys(values, 0, 2).tolist() == [[0, 0, 128, 255, 255]]
    assert greys(values, 2, 0).tolist() == [[255, 255, 128, 0, 0]]


def test_profile_draws_the_row_and_tells_the_points():
    transmitted = np.full((4, 5), 0.5)
    transmitted[2] = [0.9, 0.2, 0.1, 0.2, 0.05]
    points = {"pulmão": 1, "coração": 4}
    figure, alt = profile(transmitted, 2, points)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), transmitted[2])
    assert "pulmão, 20,0 %; coração, 5,0 %" in alt
    figure, alt = crossed(np.zeros((4, 5), np.uint8), transmitted, 2, points)
    for axes in figure.axes:
        across, *marks = axes.lines
        assert set(across.get_ydata()) == {2}
        assert [float(mark.get_xdata()[0]) for mark in marks] == [1, 4]
    beam = figure.axes[1].images[0].get_array()
    assert beam[2, 4] == 0 and beam[2, 0] == beam.max(), "o feixe mais atenuado é o mais escuro"
    assert "pulmão e coração" in alt


def test_thickness_hides_the_healthy_and_tells_the_largest():
    centimetres = np.zeros((10, 10))
    centimetres[:2, :5] = 4.25
    figure, alt = thickness(np.full((10, 10), 80, np.uint8), centimetres)
    drawn = figure.axes[1].images[0].get_array()
    healthy = (drawn == 80).all(axis=2)
    assert healthy.sum() == 90 and not healthy[:2, :5].any()
    assert "até 4,2 cm, sobre 10 % do filme" in alt
    assert figure.axes[1].get_title() == "a espessura dela: no mais claro, 4,2 cm"
    figure, _ = thickness(np.full((10, 10), 80, np.uint8), np.zeros((10, 10)))
    assert (figure.axes[1].images[0].get_array() == 80).all(), "sem lesão, o filme como é"
