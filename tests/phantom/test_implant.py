"""Os implantes: o placebo, a espessura, o lugar, o contraste e o que se recusa."""

import numpy as np
import pytest

from covidcam import phantom
from covidcam.errors import InputError
from covidcam.phantom.implant import apparent, carry, grey, implant, noise, plan

SEEDS = range(1, 5)
SICK = ("COVID-19", "OUTRAS")


@pytest.fixture(scope="module")
def healthy():
    """Um filme sem doença e os seus pulmões."""
    film = phantom.radiograph(3, "NORMAL", (200, 180), look="infantil")
    return film.image, film.lungs


@pytest.fixture(scope="module")
def plans(healthy):
    return [plan(*healthy, label, seed) for seed in SEEDS for label in SICK]


def test_every_grey_survives_the_round_trip():
    greys = np.arange(256, dtype=np.uint8)
    assert (grey(apparent(greys)) == greys).all()
    assert (np.diff(apparent(greys)) > 0).all()


def test_zero_thickness_is_the_sham_to_the_byte(healthy):
    """O placebo ocupa o lugar de uma das doenças: o filme dela com espessura zero."""
    for seed in SEEDS:
        sham, nothing = implant(*healthy, "NORMAL", seed)
        zero = [implant(*healthy, label, seed, scale=0)[0] for label in SICK]
        assert not nothing.any()
        assert any(np.array_equal(sham, film) for film in zero)
        assert (sham != healthy[0]).any()  # nem ele é o filme intacto


def test_doubling_the_thickness_doubles_the_change_of_the_exponent(healthy, plans):
    for made in plans:
        assert np.allclose(made.change(0.5), 2 * made.change(0.25), atol=1e-6)
        assert made.change().max() > 0.2
        sham, half, whole = (apparent(made.film(scale)) for scale in (0, 0.25, 0.5))
        ratio = (whole - sham).sum() / (half - sham).sum()
        assert ratio == pytest.approx(2, abs=0.04)  # o que resta é o arredondamento dos cinzas


def test_the_mask_is_where_the_film_changed_and_inside_the_lungs(healthy, plans):
    cases = [(label, seed) for seed in SEEDS for label in SICK]
    for (label, seed), made in zip(cases, plans, strict=True):
        film, mask = implant(*healthy, label, seed)
        assert np.array_equal(mask, film != made.film(0))
        assert (mask <= (made.added > 0)).all()
        assert mask.sum() > 0.8 * (made.added > 0).sum()
        assert healthy[1][mask].all()
        assert (film[mask] > made.film(0)[mask]).all()  # mais tecido, mais claro


def test_a_lung_without_air_reaches_the_grey_of_the_mediastinum():
    """Pulmões de cinza 60 e o resto de 180: com a espessura que tira todo o ar, chega a 180."""
    film = np.full((160, 160), 180, np.uint8)
    lungs = np.zeros((160, 160), bool)
    lungs[30:130, 20:65] = lungs[30:130, 95:140] = True
    film[lungs] = 60
    made = plan(film, lungs, "OUTRAS", 0)
    place = np.unravel_index(made.filled.argmax(), film.shape)
    assert made.film(1 / made.filled[place])[place] == pytest.approx(180, abs=2)
    assert made.film(0)[place] == 60
    half = apparent(180) * 0.5 + apparent(60) * 0.5
    assert made.film(0.5 / made.filled[place])[place] == pytest.approx(grey(half), abs=2)


def test_the_noise_of_a_film_is_measured():
    rng = np.random.default_rng(0)
    flat = rng.normal(0.7, 0.05, (200, 200)).astype(np.float32)
    grain, blur = noise(flat, np.ones((200, 200), bool))
    assert 0.04 < grain < 0.06
    assert blur < 0.4


def test_a_lung_is_carried_row_by_row():
    """De um retângulo a um trapézio, a fração da largura e a da altura são as mesmas."""
    y, x = np.indices((100, 100), np.float32)
    source = (x >= 20) & (x < 60) & (y >= 10) & (y < 90)
    target = (y >= 20) & (y < 80) & (x >= 50 - y / 4) & (x < 50 + y / 4)
    across = carry((x - 20) / 40, source, target)
    down = carry((y - 10) / 79, source, target)
    rows = slice(35, 65)
    inside = target[rows]
    expected = ((x - 50 + y / 4)[rows] / (y / 2)[rows])[inside]
    assert np.abs(across[rows][inside] - expected).max() < 0.06
    assert np.abs(down[rows][inside] - ((y - 20) / 59)[rows][inside]).max() < 0.02


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"film": np.zeros((200, 180))}, "aceita-se uint8"),
        ({"lungs": np.zeros((9, 9), bool)}, "o filme pede bool"),
        ({"lungs": np.zeros((200, 180), bool)}, "dois pedaços"),
        ({"film": np.zeros((200, 180), np.uint8)}, "mais escuros"),
        ({"label": "GRIPE"}, "classe 'GRIPE'"),
        ({"seed": -1}, "seed é -1"),
        ({"scale": -1}, "scale é -1"),
    ],
)
def test_what_is_not_accepted_is_said(healthy, change, said):
    film, lungs = healthy
    given = {"film": film, "lungs": lungs, "label": "COVID-19", "seed": 1, "scale": 1.0} | change
    with pytest.raises(InputError, match=said):
        implant(given["film"], given["lungs"], given["label"], given["seed"], scale=given["scale"])


def test_a_lesion_that_does_not_show_is_refused(healthy):
    film, lungs = healthy
    blank = 2**28 + 82  # o fantoma desta semente tem o único foco fora dos pulmões que se veem
    assert not phantom.radiograph(blank, "COVID-19", 128).lesions.any()
    with pytest.raises(InputError, match="não aparece"):
        phantom.implant(film, lungs, "COVID-19", blank)
    phantom.implant(film, lungs, "NORMAL", blank)  # o placebo não promete lesão


def test_lungs_one_above_the_other_have_no_mediastinum(healthy):
    lungs = np.zeros(healthy[0].shape, bool)
    lungs[20:80, 40:100] = lungs[110:180, 50:110] = True
    with pytest.raises(InputError, match="mediastino"):
        implant(healthy[0], lungs, "COVID-19", 1)
