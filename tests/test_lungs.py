"""O achador de pulmões: das probabilidades às caixas, as variações e o caminho todo."""

import numpy as np
import pytest

from covidcam import lungs, settings
from covidcam.errors import InputError
from covidcam.lungs import finder, network, patients, search, variation
from covidcam.phantom.film import arrange
from covidcam.phantom.scene import truth

TINY = {"films": 10, "size": 64, "steps": 12, "batch_size": 4, "learning_rate": 4e-3}


def logits(*rectangles, side=64, inside=9.0):
    """Certeza dentro de cada retângulo (canal, y0, y1, x0, x1) e fora dele o contrário."""
    field = np.full((side, side, 2), -9.0, np.float32)
    for channel, y0, y1, x0, x1 in rectangles:
        field[y0:y1, x0:x1, channel] = inside
    return field


LEFT, RIGHT = (0, 16, 48, 8, 24), (1, 8, 56, 40, 56)


def test_boxes_are_the_pieces_and_the_documented_margins():
    found = search.locate(logits(LEFT, RIGHT), (256, 512))
    out, middle, up, down = search.LATERAL, search.MEDIAL, search.ABOVE, search.BELOW
    expected = [  # larguras de 0,25; alturas de 0,5 e 0,75
        [0.125 - out / 4, 0.25 - up / 2, 0.375 + middle / 4, 0.75 + down / 2],
        [0.625 - middle / 4, 0.125 - 0.75 * up, 0.875 + out / 4, 0.875 + 0.75 * down],
    ]
    assert found.boxes == pytest.approx(np.array(expected), abs=1e-6)


def test_the_mask_has_the_size_of_the_film_and_the_area_of_the_pieces():
    found = search.locate(logits(LEFT, RIGHT), (256, 512))
    assert found.mask.shape == (256, 512)
    assert found.mask.dtype == bool
    assert found.mask.mean() == pytest.approx((32 * 16 + 48 * 16) / 64**2, abs=0.005)
    assert found.mask[128, 128]
    assert not found.mask[128, 256]


def test_boxes_stay_inside_the_film():
    found = search.locate(logits((0, 0, 64, 0, 24), (1, 0, 64, 40, 64)), (64, 64))
    assert found.boxes.min() == 0
    assert found.boxes.max() == 1


def test_only_the_largest_piece_of_each_side_counts():
    whole = search.locate(logits(LEFT, RIGHT), (128, 128))
    strayed = search.locate(logits(LEFT, RIGHT, (0, 60, 62, 0, 2)), (128, 128))
    assert (strayed.boxes == whole.boxes).all()
    assert (strayed.mask == whole.mask).all()
    assert strayed.confidence < whole.confidence


def test_confidence_is_the_curve_of_the_dice_the_probabilities_promise():
    doubt = logits(LEFT, RIGHT, inside=np.log(0.9 / 0.1))
    chance = search.locate(doubt, (64, 64)).confidence
    odds = np.exp(search.STEEP * (2 * 0.9 / 1.9 - search.PROMISED))
    assert chance == pytest.approx(odds / (1 + odds), abs=0.03)
    assert search.locate(logits(LEFT, RIGHT), (64, 64)).confidence > chance


def test_a_lung_that_is_not_seen_is_the_other_reflected_and_doubt_is_said():
    both = search.locate(logits(LEFT, RIGHT), (64, 64))
    found = search.locate(logits(RIGHT), (64, 64))
    assert found.boxes[1] == pytest.approx(both.boxes[1])
    assert found.boxes[0, [1, 3]] == pytest.approx(both.boxes[1, [1, 3]])  # a mesma altura
    assert found.boxes[0, 2] == pytest.approx(found.boxes[1, 0])  # encontram-se na linha média
    assert found.boxes[0, 0] == pytest.approx(2 * both.boxes[1, 0] - both.boxes[1, 2])
    assert found.confidence < 0.5 < both.confidence
    assert not found.mask[:, :32].any()
    mirrored = search.locate(logits(LEFT), (64, 64)).boxes
    assert mirrored[1, 0] == pytest.approx(mirrored[0, 2])


def test_a_doubtful_lung_beside_a_sure_one_has_a_box_and_no_mask():
    field = logits(LEFT, RIGHT)
    field[16:48, 8:24, 0] = 0.1
    found = search.locate(field, (64, 64))
    assert found.boxes == pytest.approx(
        search.locate(logits(LEFT, RIGHT), (64, 64)).boxes, abs=0.02
    )
    assert not found.mask[:, :32].any() and found.mask[:, 32:].any()


@pytest.mark.parametrize(
    "nothing",
    [logits(), logits((0, 3, 5, 3, 5)), logits(LEFT, RIGHT, inside=0.1)],
    ids=["nada", "pequeno demais", "duvidoso demais"],
)
def test_nothing_found_is_said(nothing):
    found = search.locate(nothing, (50, 70))
    assert np.isnan(found.boxes).all()
    assert not found.mask.any()
    assert found.confidence == 0


def test_the_film_and_its_reflection_are_averaged_where_they_belong():
    """Uma rede que só acende o canal 0 no canto de cima, à esquerda: o reflexo acende o outro."""

    def forward(small):
        field = np.zeros((len(small), 64, 64, 2), np.float32)
        field[:, 0, 0, 0] = small[:, 0, 0]
        return field

    small = np.zeros((1, 128, 128), np.uint8)
    small[0, 0, 0], small[0, 0, -1] = 10, 30
    (seen,) = search.both_ways(forward, small)
    assert seen[0, 0, 0] == 5
    assert seen[0, -1, 1] == 15
    assert seen.sum() == 20


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64)),
        np.zeros((64, 64), np.uint16),
        np.zeros((0, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros(64, np.uint8),
        "filme.png",
    ],
    ids=["float", "uint16", "vazia", "quatro canais", "uma dimensão", "texto"],
)
def test_what_is_not_a_film_is_refused_before_any_training(image, tmp_path):
    elsewhere = settings.read({"COVIDCAM_CACHE": str(tmp_path)})
    with pytest.raises(InputError, match="aceita-se uint8"):
        lungs.find(image, elsewhere)
    assert not any(tmp_path.iterdir())


def test_variations_move_the_truth_with_the_film():
    """Com os pulmões brancos sobre preto, o filme variado ainda se vê pela verdade variada."""
    rng = np.random.default_rng(0)
    truth = np.zeros((80, 80, 2), np.uint8)
    truth[20:60, 10:30, 0] = truth[20:60, 50:70, 1] = 1
    agreement = []
    for _ in range(40):
        film, moved = variation.vary(truth.max(axis=2) * 255, truth, 64, rng)
        inside = moved.max(axis=2) > 0.5
        if not inside.any():  # uma das imagens sem tórax
            continue
        agreement.append(film[inside].mean() > film[~inside].mean())
        columns = [np.nonzero(moved[..., side])[1].mean() for side in (0, 1)]
        assert columns[0] < columns[1]
    assert 25 < len(agreement) < 40
    assert np.mean(agreement) > 0.9


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """O caminho inteiro, com uma rede quase sem treino."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finder, "RECIPE", TINY)
        patch.setattr(search, "DOUBTFUL", 0.0)
        cache = tmp_path_factory.mktemp("cache")
        yield settings.read({"COVIDCAM_CACHE": str(cache)})


def test_find_trains_once_and_takes_any_size(tiny):
    rng = np.random.default_rng(1)
    sizes = [(90, 70), (300, 411, 3), (16, 16)]
    films = [rng.integers(0, 256, size, dtype=np.uint8) for size in sizes]
    found = list(lungs.find_many(films, tiny))
    assert [each.mask.shape for each in found] == [size[:2] for size in sizes]
    assert all(0 <= each.confidence <= 1 for each in found)
    stored = list((tiny.cache / "artefatos" / "pulmoes").glob(f"*/{finder.FILE}"))
    written = stored[0].stat().st_mtime_ns
    alone = lungs.find(films[0], tiny)
    assert (alone.mask == found[0].mask).all()
    assert stored[0].stat().st_mtime_ns == written
    for film, each in zip(films, found, strict=True):  # os pulmões são os do próprio filme
        own = lungs.Finder(tiny)(film)
        assert (own.mask == each.mask).mean() > 0.999
        np.testing.assert_allclose(own.boxes, each.boxes, atol=0.01)
        once = lungs.Finder(tiny, closer=False)(film)  # de mais perto só mudam as caixas
        assert (once.mask == own.mask).all() and once.confidence == own.confidence


def test_find_many_asks_for_images_only_as_it_needs_them(tiny):
    asked = []

    def films():
        for k in range(3 * search.BATCH):
            asked.append(k)
            yield np.full((64, 64), k, np.uint8)

    next(lungs.find_many(films(), tiny))
    assert len(asked) == search.BATCH


def test_training_lowers_the_loss_and_repeats_itself(tiny):
    import keras

    lungs.find(np.zeros((64, 64), np.uint8), tiny)
    (stored,) = (tiny.cache / "artefatos" / "pulmoes").glob(f"*/{finder.FILE}")
    first = keras.saving.load_model(stored, compile=False)
    images, truth = finder.films(TINY["films"], TINY["size"])
    again = network.train(network.build(), images, truth, 12, 4, 4e-3)
    assert all(
        (a == b).all() for a, b in zip(first.get_weights(), again.get_weights(), strict=True)
    )
    batch, answer = next(network.batches(images, truth, 16, np.random.default_rng(5)))
    before, after = (
        float(network.loss(answer, model(batch, training=True)))
        for model in (network.build(), again)
    )
    assert after < before


def test_the_loss_is_zero_for_the_truth_and_known_for_doubt():
    truth = np.zeros((1, 4, 4, 2), np.float32)
    truth[:, :2] = 1
    sure = np.float32(np.where(truth > 0, 60, -60))
    assert float(network.loss(truth, sure)) == pytest.approx(0, abs=1e-6)
    # tudo em 1/2: entropia ln 2; Dice (2 × 4 + 1) / (8 + 8 + 1)
    assert float(network.loss(truth, 0 * sure)) == pytest.approx(np.log(2) + 1 - 9 / 17, abs=1e-5)


def test_training_films_know_both_lungs_and_one_in_ten_has_none():
    images, truth = finder.films(10, 64)
    assert images.shape == (10, 64, 64)
    assert (truth.sum(axis=(1, 2)) > 0).tolist() == [[True, True]] * 9 + [[False, False]]
    centres = [[np.nonzero(each[..., side])[1].mean() for side in (0, 1)] for each in truth[:9]]
    assert all(left < right for left, right in centres)


def test_in_bed_the_lungs_are_smaller_and_the_film_is_another():
    """Com menos inspiração e coração maior vê-se menos pulmão; a pessoa é a mesma."""
    seen = {True: [], False: []}
    for seed in range(6):
        scene = arrange(seed, "NORMAL", 96)
        for bed in (False, True):
            other = patients.in_bed(scene) if bed else scene
            inspiration = other.acquisition.inspiration
            visible, _ = truth(other.patient, other.camera, inspiration, other.lungs)
            seen[bed].append(visible.mean())
        assert other.seed == scene.seed and other.patient.sex == scene.patient.sex
    assert np.mean(seen[True]) < 0.95 * np.mean(seen[False])


def test_grey_and_three_equal_channels_are_the_same_film():
    grey = np.random.default_rng(2).integers(0, 256, (200, 300), dtype=np.uint8)
    assert (network.prepare(grey) == network.prepare(np.dstack([grey] * 3))).all()
    assert network.prepare(grey).shape == (network.SIDE, network.SIDE)
