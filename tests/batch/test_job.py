"""Um pedido viaja entre processos, e a conta de uma imagem não depende de nada além dela."""

import multiprocessing
import os
import pickle

import numpy as np
import pytest
from PIL import Image
from tiny_tools import CLASSES, fake_tools

from covidcam import batch, datasets, models, phantom
from covidcam.batch import films, job, record
from covidcam.errors import InputError, ModelError


def fake_tools_for(model, file, settings):
    fake = fake_tools()
    return batch.Tools(model, fake.find_lungs, fake.strangeness, record.seen(file))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Com a entrada de verdade, e a soma sobre a imagem inteira que nela há."""
    model = models.build("mini-vgg", CLASSES)
    path = tmp_path_factory.mktemp("rede") / "rede.keras"
    return models.save(models.describe(model, CLASSES, "real"), path)


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filmes")
    drawn = phantom.radiograph(0, "NORMAL", 256).image
    for k in range(9):
        Image.fromarray(np.roll(drawn, 7 * k, axis=1)).save(folder / f"{k}.png")
    return folder


def outputs(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".trava"
    }


def run_part(order, part, of, alone):
    """Noutro processo; sozinho, com um só núcleo para o TensorFlow."""
    if alone and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    job.tools_for = fake_tools_for
    assert order.run(part, of) == []


@pytest.mark.parametrize(
    ("methods", "alone"), [(["grad-cam", "layer-cam"], True), (["gradient"], False)]
)
def test_shards_in_other_processes_agree_with_the_whole_to_the_last_bit(
    monkeypatch, network, shots, tmp_path, methods, alone
):
    """Com outro número de núcleos, menos os mapas que voltam até os pixels."""
    monkeypatch.setattr(job, "tools_for", fake_tools_for)
    whole = batch.Job([str(shots)], str(tmp_path / "inteira"), str(network), methods)
    assert whole.run() == [] and len(whole.finish()) == 9
    divided = batch.Job([str(shots)], str(tmp_path / "fatias"), str(network), methods)
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=run_part, args=(divided, part, 2, alone)) for part in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        assert process.exitcode == 0
    table = pickle.loads(pickle.dumps(divided)).finish()
    assert len(table) == 9
    assert outputs(tmp_path / "fatias") == outputs(tmp_path / "inteira")


def test_the_maps_do_not_depend_on_the_company(monkeypatch, network, shots, tmp_path):
    """Em lotes, a mesma imagem daria outros bits nas posições ímpares."""
    monkeypatch.setattr(job, "tools_for", fake_tools_for)
    batch.Job([str(shots)], str(tmp_path / "todas"), str(network)).run()
    alone = batch.Job([str(shots / "5.png")], str(tmp_path / "uma"), str(network))
    alone.run()
    (name,) = (path.name for path in (tmp_path / "uma" / "mapas").iterdir())
    for folder in ("mapas", "sobreposicoes"):
        for path in (tmp_path / "uma" / folder).iterdir():
            assert path.read_bytes() == (tmp_path / "todas" / folder / path.name).read_bytes()
    assert name.startswith("5-")


def test_what_is_missing_is_counted_until_all_shards_are_done(
    monkeypatch, network, shots, tmp_path
):
    monkeypatch.setattr(job, "tools_for", fake_tools_for)
    order = batch.Job([str(shots)], str(tmp_path / "s"), str(network))
    order.run(0, 3)
    assert len(order.finish()) == 3
    assert "Faltam ainda 6" in (tmp_path / "s" / "relatorio.html").read_text("utf-8")
    order.run(1, 3), order.run(2, 3)
    order.finish()
    assert "Faltam ainda" not in (tmp_path / "s" / "relatorio.html").read_text("utf-8")


def test_a_class_the_model_does_not_know_is_told(network, shots, tmp_path):
    order = batch.Job([str(shots)], str(tmp_path / "s"), str(network), label="GRIPE")
    with pytest.raises(InputError, match=r"GRIPE.*COVID-19, NORMAL, OUTRAS"):
        order.run()
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("shape", "said"), [((None, None, 3), "qualquer"), ((32, 32, 1), "1")])
def test_a_network_without_size_or_colours_is_refused(shots, tmp_path, shape, said):
    import keras
    from keras import layers

    images = keras.Input(shape)
    outputs = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(images))
    model = keras.Model(images, layers.Softmax()(outputs), name="convolucional")
    file = models.save(models.describe(model, CLASSES, "real"), tmp_path / "m.keras")
    order = batch.Job([str(shots)], str(tmp_path / "s"), str(file))
    with pytest.raises(ModelError, match=f"convolucional recebe imagens de.*{said}"):
        order.run()
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("shape", [(300, 500), (1500, 1100), (2300, 60)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_film_reaches_the_network_as_in_the_training(tmp_path, shape, mode):
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(tmp_path / "a.png")
    trained = datasets.read_image(tmp_path / "a.png", 237)
    explained = films.resampled(datasets.read_image(tmp_path / "a.png"), (237, 237))
    assert np.array_equal(trained, explained)


def test_training_images_have_no_name_on_the_disk(shots, tmp_path):
    paths = sorted(map(str, shots.iterdir()))
    array = films.in_unnamed_file(paths, 64, tmp_path)
    assert not list(tmp_path.iterdir())
    assert array.shape == (9, 64, 64, 3)
    for read, path in zip(array, paths, strict=True):
        assert np.array_equal(read, datasets.read_image(path, 64))
