"""Os filmes refeitos são os do teste, e o que se mede neles fecha com o que se tirou."""

import dataclasses
import itertools

import numpy as np
import pytest

from covidcam import artefacts, evaluation
from covidcam.artefacts import interventions


@pytest.fixture
def taken(chosen, trained):
    return artefacts.retakes(chosen, trained)


def test_the_retaken_films_are_those_of_the_test(taken, trained):
    original = artefacts.abnormal_films(trained)
    apart = np.abs(taken.films.images.astype(int) - original.images)
    assert apart.mean() < 2  # só a compressão do arquivo os separa
    inside = original.lesions & (taken.images["whole"] != taken.images["empty"])
    assert inside.sum() > 0.8 * original.lesions.sum()
    assert taken.images["held"].shape == taken.images["whole"].shape == original.lesions.shape


def test_the_objects_of_each_film(taken):
    count = len(taken.films.images)
    assert len(taken.objects) == len(taken.masks) == len(taken.effects.film)
    assert set(taken.effects.film) == set(range(count)) and len(taken.effects.total) == count
    foci = taken.only((taken.objects["kind"] == "lesão").to_numpy())
    union = [foci.masks[foci.effects.film == k].any(axis=0) for k in range(count)]
    assert not (taken.films.lesions & ~np.array(union)).mean() > 0.001
    alone = np.bincount(foci.effects.film, minlength=count) == 1
    for k in np.flatnonzero(alone):  # uma lesão só: tirá-la e pô-la dão o mesmo, que é o total
        (k_object,) = np.flatnonzero(foci.effects.film == k)
        for way in (foci.effects.removed, foci.effects.added):
            assert way[k_object] == pytest.approx(foci.effects.total[k], abs=1e-4)


def test_the_control_is_a_healthy_part_of_like_size(taken):
    kinds = taken.objects.set_index(["film", "name"])["kind"]
    for film, row in taken.answers.iterrows():
        assert kinds[film, row["part"]] == "parte sadia"
        assert 0 < row["part_area"] < 0.5
        for kind in interventions.KINDS:
            assert 0 <= row[kind] <= 1


def test_the_board_measures_every_map_and_the_size(chosen, trained, taken, monkeypatch):
    monkeypatch.setattr(interventions, "LEAST", 0.0)  # a rede de uma época quase nada distingue
    board = artefacts.causal_board(chosen, trained)
    assert set(board["metric"]) == {"causal_pairs", "causal_first", "lesion_pairs", "lesion_first"}
    names = {*interventions.JUDGED, *evaluation.OPPONENTS, interventions.SIZE}
    pairs = board[board["metric"] == "causal_pairs"].set_index("method")
    assert set(pairs.index) == names
    assert pairs.loc["constante", "mean"] == 0.5


def test_maps_and_size_answer_the_same_pairs(chosen, trained, taken, monkeypatch):
    monkeypatch.setattr(interventions, "LEAST", 0.0)
    first = np.flatnonzero(taken.effects.film == 0)
    masks = taken.masks.copy()
    masks[first[1]] = masks[first[0]]  # um objeto debaixo de outro: dele não se pergunta a ninguém
    taken = dataclasses.replace(taken, masks=masks)
    maps = interventions.judged_maps(trained, taken, ["grad-cam"])
    heat = evaluation.densities(maps["grad-cam"], masks, taken.effects.film)
    assert np.isnan(heat[first[1]])
    strength, area = taken.effects.strength, taken.objects["area"].to_numpy()
    right, gap = [], []
    for k in range(len(taken.films.images)):
        own = np.flatnonzero((taken.effects.film == k) & np.isfinite(heat))
        for i, j in itertools.combinations(own, 2):
            if strength[i] != strength[j]:
                lost = np.sign(strength[i] - strength[j])
                agreed = [0.5 + 0.5 * lost * np.sign(n[i] - n[j]) for n in (area, heat)]
                right.append(agreed[0])
                gap.append(agreed[0] - agreed[1])
    board = interventions._board(maps, taken, "causal").set_index(["metric", "method"])
    size = board.loc["causal_pairs", interventions.SIZE]
    assert size["mean"] == pytest.approx(np.mean(right))
    assert size["difference"] == pytest.approx(np.mean(gap))


def test_the_dial_asks_the_same_patients_twice(chosen, monkeypatch):
    from covidcam.artefacts.shortcuts import films

    monkeypatch.setattr(films, "PATIENTS", 24)
    monkeypatch.setattr(films, "HELD_OUT", 8)
    table = artefacts.dial_retakes(chosen)
    assert table.groupby("dial")["patient"].apply(list).map(len).tolist() == [4, 4]
    assert table[["whole", "empty", "turned"]].stack().between(0, 1).all()
