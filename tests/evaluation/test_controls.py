"""Os controles: o que se apaga some mesmo, e quem só tem ruído para ver fica no acaso."""

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from covidcam import phantom
from covidcam.errors import InputError
from covidcam.evaluation import balanced_accuracy, controls

SIDE = 64


def films(count=32):
    """Pacientes alternados, cada um filmado dos dois modos: (count, 2, …)."""
    cv2.setNumThreads(1)
    made = [
        [
            phantom.radiograph(900 + k, ("NORMAL", "COVID-19")[k % 2], SIDE, look=look, patient=k)
            for look in ("infantil", "adulto")
        ]
        for k in range(count)
    ]
    images = np.array([[film.image for film in pair] for pair in made])
    lungs, lesions = (
        np.array([[getattr(film, name) for film in pair] for pair in made])
        for name in ("lungs", "lesions")
    )
    labels = np.array([pair[0].label for pair in made])
    return np.repeat(images[..., None], 3, axis=-1), lungs, lesions, labels


@pytest.fixture(scope="module")
def twice():
    return films()


def turned(twice, look):
    images, lungs, lesions, labels = twice
    each = np.arange(len(labels))
    return images[each, look], lungs[each, look], lesions[each, look], labels


@pytest.fixture(scope="module", params=[0, 1], ids=["botão em 0", "botão em 1"])
def dial(request, twice):
    habit = (twice[3] == "COVID-19").astype(int)
    independent = (np.arange(len(habit)) // 2) % 2  # cada modo tem metade de cada classe
    look = habit if request.param else independent
    images, lungs, lesions, labels = turned(twice, look)
    table = controls.measure(
        images,
        labels,
        np.arange(len(labels)),
        lungs,
        pd.DataFrame({"modo": look}),
    )
    return request.param, images, lungs, lesions, table.set_index(["control", "answer"])


def test_the_black_box_hides_every_lesion(dial):
    _, images, lungs, lesions, _ = dial
    hidden = controls.hide(images, lungs)
    assert lesions.any()
    assert not hidden[lesions].any()
    assert hidden.any(axis=(1, 2, 3)).mean() > 0.8  # e deixa o que está em volta


def test_without_the_lungs_the_class_is_guessed_only_if_the_looks_tell_it(dial):
    position, *_, table = dial
    row = table.loc["pulmões apagados", "classe"]
    assert row.chance == 0.5
    if position == 0:
        assert row.null_low <= row.balanced <= row.null_high
    else:
        assert row.balanced > row.null_high


def test_the_look_is_always_readable_and_tells_the_class_only_when_tied_to_it(dial):
    position, *_, table = dial
    assert table.loc["filme inteiro", "modo"].low > 0.8
    alone = table.loc["só: modo", "classe"]
    assert (alone.balanced == 1) if position == 1 else (alone.low <= 0.5)


def test_the_table_has_the_promised_rows_and_columns(dial):
    *_, table = dial
    assert list(table.index) == [
        ("filme inteiro", "classe"),
        ("centro apagado", "classe"),
        ("só a moldura", "classe"),
        ("só estatísticas dos cinzas", "classe"),
        ("pulmões apagados", "classe"),
        ("só a forma dos pulmões", "classe"),
        ("só os pulmões", "classe"),
        ("só: modo", "classe"),
        ("filme inteiro", "modo"),
    ]
    assert {"balanced", "low", "high", "chance", "accuracy", "largest", "patients"} <= set(table)
    assert ((table["low"] <= table["balanced"]) & (table["balanced"] <= table["high"])).all()


def test_what_is_kept_and_what_is_painted():
    images = np.full((1, 20, 10, 3), 200, np.uint8)
    mask = np.zeros((1, 20, 10), bool)
    mask[0, 4:8, 2:5] = True
    assert (controls.only(images, mask)[..., 0] == 200 * mask).all()
    hidden = controls.hide(images, mask, margin=0.1)[0, ..., 0]
    expected = np.full((20, 10), 200)
    expected[2:10, 1:6] = 0
    assert (hidden == expected).all()
    assert (controls.hide(images, ~mask & mask) == 0).all()
    centre = controls.hide_centre(images, share=0.5)[0, ..., 0]
    assert (centre == 0).sum() == 10 * 6  # 2,5 pixels de cada lado arredondam para 2
    assert images.min() == 200


def test_the_frame_sees_only_the_frame_and_the_statistics_no_place():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (2, 25, 25, 3), np.uint8)
    inside = images.copy()
    inside[:, 1:-1, 1:-1] = 0
    assert (controls.frame(images) == controls.frame(inside)).all()
    assert controls.frame(images).shape == (2, 25**2 - 23**2)
    shuffled = random.permutation(images.reshape(2, -1, 3), axis=1).reshape(images.shape)
    assert not (shuffled == images).all()
    assert controls.statistics(shuffled) == pytest.approx(controls.statistics(images), rel=1e-4)


def test_no_patient_teaches_about_himself():
    """Sinal só na identidade: quem reparte por imagem acerta tudo; por paciente, nada."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    labels = (np.arange(40) % 2)[groups]
    features = random.normal(size=(40, 60))[groups]
    assert controls.guessed(features, labels, groups).mean() < 0.7
    assert controls.guessed(features, labels, np.arange(200)).mean() > 0.95


def test_the_guess_is_that_of_scikit_learn(monkeypatch):
    """A mesma repartição, classe a classe e um ajuste de cada vez."""
    monkeypatch.setattr(controls, "SEEDS", [3])
    random = np.random.default_rng(0)
    labels = np.array(list("abc"))[random.choice(3, 60, p=[0.6, 0.2, 0.2])]
    groups = np.repeat(np.arange(30), 2)
    features = random.normal(size=(60, 8)) + (labels == "b")[:, None]
    found = controls.guessed(features, labels, groups)
    drawn = np.random.default_rng(3).permutation(30) % 5
    for part in range(5):
        test = drawn[groups] == part
        scaler = StandardScaler().fit(features[~test])
        z, fresh = scaler.transform(features[~test]), scaler.transform(features[test])
        notes = []
        for label in "abc":
            one = (labels[~test] == label).astype(float)
            notes.append(Ridge(alpha=8).fit(z, one).predict(fresh) / one.mean())
        said = np.array(list("abc"))[np.argmax(notes, axis=0)]
        np.testing.assert_array_equal(found[test], said == labels[test])


def test_the_common_class_has_no_advantage():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], [160, 40])
    hits = controls.guessed(random.normal(size=(200, 5)), labels, np.arange(200))
    assert 0.3 < hits[labels == 1].mean() < 0.7


def test_labels_are_shuffled_between_patients_and_not_between_films():
    groups = np.array([5, 5, 5, 1, 1, 7])
    found = controls.shuffled(np.array(list("aaabbc")), groups, count=50)
    assert found.shape == (50, 6)
    assert all(len(set(row[:3])) == 1 and row[3] == row[4] for row in found)
    assert all(set(row) == set("abc") for row in found)
    assert len({tuple(row) for row in found}) == 6  # três pacientes, seis permutações
    mixed = controls.shuffled(np.array(list("abc")), np.array([0, 0, 1]), count=50)
    assert {tuple(row) for row in mixed} == {tuple("abc"), tuple("cca")}  # a leva a primeira de b


def test_the_band_holds_what_has_nothing_to_tell():
    """Duzentos conjuntos sem sinal: a medida sai da faixa de 95 % em um de cada vinte."""
    random = np.random.default_rng(0)
    inside = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controls, "SEEDS", [0])
        patch.setattr(controls.shuffled, "__defaults__", (39, 0))
        for _ in range(200):
            groups = np.sort(random.integers(0, 24, 40))
            labels = np.arange(24)[groups] % 2
            row = controls.score(random.normal(size=(40, 6)), labels, groups)
            inside.append(row["null_low"] <= row["balanced"] <= row["null_high"])
    assert abs(np.sum(inside) - 190) <= 1.96 * np.sqrt(200 * 0.95 * 0.05)


def test_a_signal_leaves_the_band():
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    row = controls.score(random.normal(size=(60, 4)) + labels[:, None], labels, np.arange(60))
    assert row["balanced"] > row["null_high"] > row["null"] > row["null_low"] > 0.2


def test_columns_that_say_the_same_are_one_control():
    facts = pd.DataFrame(
        {"modo": ["x", "y", "x"], "idade": [9, 40, 9], "vista": ["PA", None, "AP"]}
    )
    found = controls.distinct(facts)
    assert list(found) == ["modo ou idade", "vista"]
    assert found["vista"].tolist() == ["PA", "não informado", "AP"]


def test_balanced_accuracy_by_hand():
    labels = np.array(list("aaaab"))
    right = np.array([1, 1, 1, 0, 1])
    found = balanced_accuracy(right, labels, np.arange(5))
    assert found.mean == pytest.approx((3 / 4 + 1) / 2)
    always_a = balanced_accuracy(labels == "a", labels, np.arange(5))
    assert always_a.mean == 0.5


def test_the_interval_is_of_patients_not_of_images():
    labels = np.tile(["a", "b"], 50)
    right = np.random.default_rng(0).random(100) < 0.7
    one_each = balanced_accuracy(right, labels, np.arange(100))
    ten_times = balanced_accuracy(
        np.tile(right, 10), np.tile(labels, 10), np.tile(np.arange(100), 10)
    )
    assert ten_times == pytest.approx(one_each)


def test_ties_count_what_is_there():
    facts = pd.DataFrame({"acervo": ["x", "x", "y"], "vista": ["PA", None, "PA"]})
    table = controls.ties(["a", "a", "b"], facts)
    assert table["acervo"].loc["a"].to_dict() == {"x": 2, "y": 0}
    assert table["vista"].loc["a"].to_dict() == {"PA": 1, "não informado": 1}


@pytest.mark.parametrize(
    ("features", "labels", "groups", "said"),
    [
        (np.zeros((4, 2)), [0, 1, 0], [1, 2, 3, 4], "uma linha para cada"),
        (np.full((4, 2), np.nan), [0, 1, 0, 1], [1, 2, 3, 4], "NaN"),
        (np.zeros((4, 2)), [0, 0, 0, 0], [1, 2, 3, 4], "duas classes"),
        (np.zeros((4, 2)), [0, 1, 0, 0], [1, 2, 3, 4], "dois pacientes"),
    ],
)
def test_what_is_refused(features, labels, groups, said):
    with pytest.raises(InputError, match=said):
        controls.score(features, labels, groups)


def test_masks_of_another_size_are_refused():
    with pytest.raises(InputError, match="máscaras"):
        controls.only(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 8, 9), bool))


def test_the_frame_of_the_smallest_film_is_one_pixel_wide():
    assert controls.frame(np.zeros((2, 6, 5, 3))).shape == (2, 30 - 4 * 3)


def test_a_fact_is_guessed_only_with_few_values_in_enough_patients():
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (60, 24, 24, 3)).astype(np.uint8)
    facts = {f"{n} valores": np.arange(60) % n for n in (1, 2, 4, 5)}
    facts["raro"] = np.where(np.arange(60) < 4, "a", "b")
    table = controls.measure(images, np.arange(60) % 3, np.arange(60), facts=pd.DataFrame(facts))
    assert set(table.answer) == {"classe", "2 valores", "4 valores"}


def test_balanced_accuracy_refuses_labels_of_another_length():
    with pytest.raises(InputError, match="4 acertos e 3 rótulos"):
        balanced_accuracy(np.ones(4), np.zeros(3), np.arange(4))
