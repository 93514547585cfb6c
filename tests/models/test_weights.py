"""Os pesos: na pasta, no cache do Keras, ou um recado claro — sem nunca usar a rede nos testes."""

import keras
import pytest

from covidcam.errors import InputError, ModelError
from covidcam.models import PRETRAINED, weights_file


@pytest.mark.parametrize("name", PRETRAINED)
def test_the_file_is_found_in_the_folder(name, tmp_path):
    with pytest.raises(ModelError, match=rf"{PRETRAINED[name]}; há: nada"):
        weights_file(name, tmp_path / "não-existe")
    (tmp_path / PRETRAINED[name]).write_bytes(b"pesos")
    assert weights_file(name, tmp_path) == tmp_path / PRETRAINED[name]


@pytest.mark.parametrize("name", PRETRAINED)
def test_keras_is_asked_for_its_own_file_with_its_own_hash(name, monkeypatch):
    """O nome, o endereço e o MD5 são os que o próprio Keras pede."""
    ours, theirs = [], []
    monkeypatch.setattr(keras.utils, "get_file", lambda *a, **k: ours.append((a, k)) or "a.h5")
    weights_file(name)
    module = {
        "vgg16": "vgg16",
        "resnet50v2": "resnet",
        "xception": "xception",
    }[name]
    utils = __import__(f"keras.src.applications.{module}", fromlist=["file_utils"]).file_utils

    def stop(*arguments, **options):
        theirs.append((arguments, options))
        raise InterruptedError

    monkeypatch.setattr(utils, "get_file", stop)
    make = {"vgg16": "VGG16", "resnet50v2": "ResNet50V2", "xception": "Xception"}[name]
    with pytest.raises(InterruptedError):
        getattr(keras.applications, make)(include_top=False, weights="imagenet")
    assert ours == theirs


def test_a_failed_download_says_what_to_do(monkeypatch):
    def fail(*arguments, **options):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    with pytest.raises(ModelError, match=r"xception.*não puderam ser baixados.*COVIDCAM_PESOS"):
        weights_file("xception")


def test_a_mini_has_no_weights():
    with pytest.raises(InputError, match=r"'mini-vgg' não tem pesos.*'vgg16'"):
        weights_file("mini-vgg")
