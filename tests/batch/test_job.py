"""Um pedido viaja entre processos, e a conta de uma imagem não depende de nada além dela."""

import io
import multiprocessing
import os
import pickle

import numpy as np
import pandas as pd
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


def in_other_processes(*runs):
    """Cada pedaço no seu processo, todos ao mesmo tempo."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=run_part, args=run) for run in runs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        assert process.exitcode == 0


def test_shards_in_other_processes_agree_with_the_whole(network, shots, tmp_path):
    """Até o último bit com os mesmos núcleos; com outros, a menos da ordem das somas."""
    methods = ["grad-cam", "layer-cam", "gradient"]
    whole, divided = (
        batch.Job([str(shots)], str(tmp_path / name), str(network), methods)
        for name in ("inteira", "fatias")
    )
    in_other_processes((whole, 0, 1, False), (divided, 0, 2, False), (divided, 1, 2, True))
    tables = [pickle.loads(pickle.dumps(order)).finish() for order in (whole, divided)]
    assert [len(table) for table in tables] == [9, 9]
    pd.testing.assert_frame_equal(*tables, rtol=0, atol=2e-4)  # quatro casas
    expected, found = outputs(tmp_path / "inteira"), outputs(tmp_path / "fatias")
    assert found.keys() == expected.keys()
    mine = {item.key for item in batch.share(whole.found.items, 0, 2)}
    pictured = [name for name in expected if name.startswith(("mapas/", "sobreposicoes/"))]
    same = [name for name in pictured if name.split("/")[1].split(".")[0] in mine]
    assert len(same) == 2 * 3 * 5 and len(pictured) == 2 * 3 * 9
    assert [name for name in same if found[name] != expected[name]] == []
    for name in (name for name in pictured if name.endswith(".npy")):
        maps = (np.load(io.BytesIO(files[name])) for files in (found, expected))
        found_map, expected_map = maps
        atol = 1e-4 * np.abs(expected_map).max()
        np.testing.assert_allclose(found_map, expected_map, rtol=0, atol=atol)


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
