"""O arquivo de uma rede: guarda e devolve tudo, e recusa o que não é dele."""

import io
import json
import re
import resource
import zipfile

import keras
import numpy as np
import pytest

from covidcam.errors import ModelError
from covidcam.models import build, describe, load, read_notes, save

CLASSES = ("a", "b", "c")


@pytest.fixture
def model():
    return describe(build("mini-vgg", CLASSES, input_shape=(16, 16, 3)), CLASSES, "fantoma")


def annotations(path, change):
    """Reescreve as anotações de um arquivo; ``change`` recebe o dicionário e devolve o novo."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    changed = change(json.loads(entries.pop("covidcam.json")))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        if changed is not None:
            archive.writestr("covidcam.json", changed)


def test_what_is_saved_comes_back(model, tmp_path):
    path = save(model, tmp_path / "rede.keras")
    again = load(path)
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(again(images), model(images))
    noted = again.covidcam
    assert noted.name == again.name == "mini-vgg"
    assert noted.classes == CLASSES and noted.source == "fantoma"
    assert (noted.input_shape, noted.range) == ((16, 16, 3), (0, 255))
    assert noted.versions["keras"] == keras.__version__
    assert load(save(again, tmp_path / "outra.keras")).covidcam == noted
    assert {file.name for file in tmp_path.iterdir()} == {"rede.keras", "outra.keras"}


def test_any_keras_reads_the_file(model, tmp_path):
    plain = keras.saving.load_model(save(model, tmp_path / "rede.keras"))
    assert plain.output_shape == (None, 3)


@pytest.mark.parametrize("head", ["pooled", "2020-modelo-1"])
def test_vgg16_comes_back_frozen(head, tmp_path):
    model = build("vgg16", CLASSES[:2], "random", head, input_shape=(128, 128, 3))
    again = load(save(describe(model, CLASSES[:2], "real"), tmp_path / "rede.keras"))
    images = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3)).astype("float32")
    np.testing.assert_allclose(again(images), model(images), atol=1e-6)
    assert not again.get_layer("block5_conv3").trainable_weights
    assert len(again.trainable_weights) == len(model.trainable_weights)


def test_save_refuses_what_it_cannot_annotate(model, tmp_path):
    with pytest.raises(ModelError, match=r"rede\.h5 deve terminar em \.keras"):
        save(model, tmp_path / "rede.h5")
    with pytest.raises(ModelError, match=r"mini-vgg não foi anotada"):
        save(build("mini-vgg", CLASSES, input_shape=(16, 16, 3)), tmp_path / "rede.keras")
    assert not list(tmp_path.iterdir())


def test_a_failing_save_leaves_the_file_that_was_there(model, tmp_path, monkeypatch):
    path = save(model, tmp_path / "rede.keras")
    before = path.read_bytes()

    def fail(target):
        target.write_bytes(b"metade")
        raise OSError("disco cheio")

    monkeypatch.setattr(model, "save", fail)
    with pytest.raises(OSError, match="disco cheio"):
        save(model, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def refusal(path):
    with pytest.raises(ModelError) as error:
        load(path)
    assert str(path) in str(error.value)
    return str(error.value)


def test_load_refuses_what_is_no_model(tmp_path):
    path = tmp_path / "rede.keras"
    assert "não existe" in refusal(path)
    path.write_bytes(b"")
    assert "não é um modelo .keras inteiro" in refusal(path)
    path.write_text("texto")
    assert "não é um modelo .keras inteiro" in refusal(path)


def test_load_refuses_the_formats_of_other_readers(model, tmp_path):
    path = save(model, tmp_path / "rede.keras").rename(tmp_path / "rede.h5")
    assert "deve terminar em .keras" in refusal(path)


def test_load_refuses_a_file_cut_anywhere(model, tmp_path):
    path = save(model, tmp_path / "rede.keras")
    whole = path.read_bytes()
    for length in np.linspace(1, len(whole) - 1, 12).astype(int):
        path.write_bytes(whole[:length])
        assert "não é um modelo .keras inteiro" in refusal(path)


def test_load_refuses_damaged_weights(model, tmp_path):
    path = save(model, tmp_path / "rede.keras")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    assert "não pôde ser aberto" in refusal(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda noted: None, "não traz as anotações"),
        (lambda noted: "{", "não traz as anotações"),
        (lambda noted: "null", "faltam"),
        (lambda noted: json.dumps({**noted, "classes": ["a", "b"]}), "dizem (16, 16, 3) e 2"),
        (lambda noted: json.dumps({**noted, "input_shape": [8, 8, 3]}), "tem entrada (16, 16, 3)"),
        (
            lambda noted: json.dumps({k: v for k, v in noted.items() if k != "range"}),
            "faltam ['range']",
        ),
        *(
            (lambda noted, changed=changed: json.dumps(noted | changed), said)
            for changed, said in [
                ({"range": [255, 0]}, "range é [255, 0]; deve ser um par de números em ordem"),
                ({"range": ["0", "255"]}, "range é ['0', '255']; deve ser um par"),
                ({"range": 255}, "range é 255; deve ser um par"),
                ({"classes": "abc"}, "classes é abc; deve ser uma lista de nomes diferentes"),
                ({"classes": ["a", "a", "b"]}, "classes é ['a', 'a', 'b']; deve ser uma lista"),
                ({"classes": [1, 2, 3]}, "classes é [1, 2, 3]; deve ser uma lista"),
                ({"name": "a\nb"}, "deve ser um nome"),
                ({"source": "clínica"}, "source é clínica; deve ser fantoma ou real"),
            ]
        ),
    ],
)
def test_load_refuses_annotations_that_do_not_match(model, tmp_path, change, said):
    path = save(model, tmp_path / "rede.keras")
    annotations(path, change)
    assert said in refusal(path)


def test_load_never_runs_code_from_the_file(tmp_path):
    trap = tmp_path / "o-código-rodou"
    path = tmp_path / "rede.keras"
    name = str(trap)
    entry = keras.Input((16, 16, 3))
    x = keras.layers.Lambda(lambda x: (open(name, "w").close(), x)[1])(entry)
    x = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x))
    save(describe(keras.Model(entry, x), CLASSES, "fantoma"), path)
    trap.unlink()
    assert "modo seguro" in refusal(path)
    assert not trap.exists()
    keras.saving.load_model(path, safe_mode=False)
    assert trap.exists()  # a armadilha funciona: sem o modo seguro, o código roda


def rewritten(source, path, compression=zipfile.ZIP_STORED, **changes):
    """O mesmo arquivo com outro conteúdo em algumas partes (``config``, ``covidcam``: textos)."""
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            change = changes.get(name.split(".")[0], lambda content: content)
            archive.writestr(name, change(content))
    return path


def bomb(content):
    return b" " * 20_000_000 + content


def wider(content):
    """A última camada com cem milhões de saídas, sem os pesos para elas."""
    text = content.decode()
    assert '"units": 3' in text
    return text.replace('"units": 3', '"units": 100000000').encode()


HUGE = {
    "entrada": (
        {"covidcam": lambda text: text.replace(b" 16,\n  16", b" 20000,\n  20000")},
        "aceitam-se lados",
    ),
    "anotações que incham": ({"covidcam": bomb}, "diz ter 20 MB"),
    "camadas": ({"config": wider}, "milhões de pesos"),
}


@pytest.mark.parametrize(("changes", "said"), HUGE.values(), ids=HUGE)
def test_what_would_not_fit_in_memory_is_refused_before_it_is_made(model, tmp_path, changes, said):
    whole = save(model, tmp_path / "rede.keras")
    path = rewritten(whole, tmp_path / "enorme.keras", zipfile.ZIP_DEFLATED, **changes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=said):
        load(path)
    keras.layers.Dense(2)(keras.Input((3,)))  # a rede seguinte não faz os pesos da recusada
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB


def test_weights_that_inflate_are_refused(model, tmp_path):
    """Um HDF5 guarda zeros comprimidos em quase nada."""
    import h5py

    def inflated(content):
        with h5py.File(buffer := io.BytesIO(), "w") as arrays:
            arrays.create_dataset("x", (20_000, 20_000), "f4", chunks=True, compression="gzip")
        return buffer.getvalue()

    whole = save(model, tmp_path / "rede.keras")
    path = rewritten(whole, tmp_path / "bomba.keras", model=inflated)
    with pytest.raises(ModelError, match="abertos seriam 1600 MB"):
        load(path)


def test_a_refusal_says_in_portuguese_what_the_model_brings(model, tmp_path):
    whole = save(model, tmp_path / "rede.keras")
    foreign = {
        "Lambda": b'{"module": "keras.layers", "class_name": "Lambda", "config": {}}',
        "outros.Camada": b'{"module": "outros", "class_name": "Camada", "config": {}}',
    }
    for name, config in foreign.items():
        path = rewritten(whole, tmp_path / "alheio.keras", config=lambda _, config=config: config)
        with pytest.raises(ModelError, match=rf"em modo seguro: traz {name}") as refusal:
            load(path)
        said = str(refusal.value).replace(str(path), "")
        assert not re.search(r"\b(the|is|not|of|layer|class)\b", said)


def test_a_planted_link_is_not_followed_when_saving(model, tmp_path):
    (tmp_path / "vítima").write_text("intacta")
    for name in (".rede.partial.keras", "rede.keras"):
        (tmp_path / name).symlink_to(tmp_path / "vítima")
    save(model, tmp_path / "rede.keras")
    assert (tmp_path / "vítima").read_text() == "intacta"
    assert load(tmp_path / "rede.keras").covidcam == model.covidcam


def test_the_notes_are_read_without_the_network(model, tmp_path):
    path = save(model, tmp_path / "rede.keras")
    assert read_notes(path) == model.covidcam
