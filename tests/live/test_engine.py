"""O motor da página, num navegador de verdade, contra o Keras e contra covidcam.cam."""

import numpy as np
import pytest
from playwright.sync_api import Error

from covidcam import cam, live, phantom
from covidcam.lungs.network import prepare
from covidcam.lungs.search import both_ways

CLASSIFIERS = ("mini-vgg", "mini-resnet", "mini-xception")
NAMES = (*CLASSIFIERS, "pulmoes")
both_engines = pytest.mark.parametrize("plain", [False, True], ids=["compilado", "javascript"])


@pytest.fixture(scope="module")
def explained(networks, films):
    """O que o pacote diz dos mesmos filmes."""
    methods = ["cam", "layer-cam", "eigen-cam"]
    return {name: cam.explain(networks[name], films, methods) for name in CLASSIFIERS}


@both_engines
def test_the_engine_is_the_one_asked_for(browser, plain):
    assert browser.start(*NAMES, plain=plain) == ("JavaScript" if plain else "WebAssembly")


@both_engines
@pytest.mark.parametrize("method", ["cam", "layer-cam", "eigen-cam"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_logits_and_maps_are_those_of_the_package(browser, films, explained, name, method, plain):
    browser.start(*NAMES, plain=plain)
    expected = explained[name][method]
    for film, logits, values, target in zip(
        films, expected.logits, expected.values, expected.target, strict=True
    ):
        found = browser.ask("explain", name=name, film=film, method=method)
        assert found["logits"] == pytest.approx(logits, abs=0.01)
        assert found["target"] == target == found["logits"].argmax()
        found_map = found["map"].reshape(values.shape) / max(found["map"].max(), 1e-30)
        assert found_map == pytest.approx(values, abs=0.02)
        assert np.isfinite(found_map).all()
        assert found_map.argmax() == values.argmax()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_mean_of_the_map_plus_the_bias_is_the_logit(browser, films, name):
    browser.start(*NAMES)
    for target in range(3):
        found = browser.ask("explain", name=name, film=films[0], target=target)
        assert found["mean"] + found["bias"] == pytest.approx(found["logits"][target], abs=1e-5)


@both_engines
def test_the_lung_network_is_that_of_the_package(browser, networks, plain):
    browser.start(*NAMES, plain=plain)
    film = phantom.radiograph(3, "COVID-19", 237).image
    colours = np.stack([film, film // 2, 255 - film], axis=-1)
    small = prepare(colours)[None]
    forward = networks["pulmoes"]
    (expected,) = both_ways(lambda batch: forward(batch[..., None]).numpy(), small)
    found = browser.ask("lungs", film=colours, side=237)["logits"]
    assert found.reshape(expected.shape) == pytest.approx(expected, abs=0.01)


def test_the_compiled_kernel_and_the_plain_engine_agree(browser, films):
    found = {}
    for plain in (False, True):
        browser.start(*NAMES, plain=plain)
        found[plain] = [
            browser.ask("explain", name=name, film=film) for name in CLASSIFIERS for film in films
        ]
    for compiled, plain in zip(found[False], found[True], strict=True):
        assert compiled["logits"] == pytest.approx(plain["logits"], abs=1e-4)
        assert compiled["map"] == pytest.approx(plain["map"], abs=1e-4)


def test_occlusion_is_that_of_the_package(browser, networks, films):
    browser.start(*NAMES)
    options = {"window": 30, "stride": 20}
    expected = cam.explain(networks["mini-vgg"], films[:1], "occlusion", target=1, **options)
    found = browser.ask("occlude", name="mini-vgg", film=films[0], target=1, **options)["map"]
    assert found / found.max() == pytest.approx(expected.values[0].ravel(), abs=0.02)


def test_shuffling_a_layer_changes_the_answer_and_leaves_the_network_whole(
    browser, networks, films
):
    browser.start(*NAMES)
    before = browser.ask("explain", name="mini-vgg", film=films[0])
    steps = [step["op"] for step in live.export(networks["mini-vgg"]).steps]
    layer = steps.index("convolve")

    def broken(seed):
        browser.ask("shuffle", name="mini-vgg", **{"as": "quebrada"}, layer=layer, seed=seed)
        return browser.ask("explain", name="quebrada", film=films[0])["logits"]

    first = broken(1)
    assert (first == broken(1)).all()
    assert abs(first - broken(2)).max() > 1e-3
    assert abs(first - before["logits"]).max() > 1e-3
    after = browser.ask("explain", name="mini-vgg", film=films[0])
    assert (after["logits"] == before["logits"]).all()
    with pytest.raises(Error, match="o passo 0 da rede mini-vgg não tem pesos"):
        browser.ask("shuffle", name="mini-vgg", **{"as": "outra"}, layer=0, seed=1)
