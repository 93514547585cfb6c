"""O achador de pulmões: das probabilidades às caixas, as variações e o caminho todo."""

import numpy as np
import pytest

from covidcam import lungs, settings
from covidcam.errors import InputError
from covidcam.lungs import finder, network, search, variation

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
    expected = [
        [8 / 64 - 0.01, 16 / 64 - 0.005, 24 / 64 + 0.04, 48 / 64 + 0.005],
        [40 / 64 - 0.04, 8 / 64 - 0.005, 56 / 64 + 0.01, 56 / 64 + 0.005],
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


def test_confidence_is_the_dice_the_probabilities_promise():
    sure = search.locate(logits(LEFT, RIGHT), (64, 64)).confidence
    assert sure == pytest.approx(1, abs=0.01)
    doubt = logits(LEFT, RIGHT, inside=np.log(0.8 / 0.2))
    assert search.locate(doubt, (64, 64)).confidence == pytest.approx(2 * 0.8 / 1.8, abs=0.03)


def test_one_lung_is_found_alone():
    found = search.locate(logits(RIGHT), (64, 64))
    assert np.isnan(found.boxes[0]).all()
    assert np.isfinite(found.boxes[1]).all()
    assert found.confidence == pytest.approx(0.5, abs=0.01)


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


def test_one_by_one_orders_by_side_and_drops_specks():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 25:35] = mask[10:20, 5:15] = mask[0, 0] = True
    pair = finder.one_by_one(mask)
    assert pair[..., 0].sum() == 100
    assert pair[..., 1].sum() == 300
    assert pair[15, 10].tolist() == [1, 0]


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


def test_grey_and_three_equal_channels_are_the_same_film():
    grey = np.random.default_rng(2).integers(0, 256, (200, 300), dtype=np.uint8)
    assert (network.prepare(grey) == network.prepare(np.dstack([grey] * 3))).all()
    assert network.prepare(grey).shape == (network.SIDE, network.SIDE)
