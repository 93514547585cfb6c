"""O treino: repete-se igual, aprende o que é fácil, e o que aprende está na rede inteira."""

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from covidcam.errors import InputError
from covidcam.models import build, extract, predict, train, trainer

CLASSES = ("sem mancha", "com mancha")
TRAIN, HELD = range(32), range(32, 48)


@pytest.fixture
def toy():
    """Imagens com e sem uma mancha no meio, com ruído: separáveis a olho."""
    random = np.random.default_rng(0)
    label = random.permutation(np.arange(48) % 2)
    images = random.integers(0, 100, (48, 16, 16, 3))
    images[:, 5:11, 5:11] += 150 * label[:, None, None, None]
    return images.astype(np.uint8), np.eye(2)[label]


def run(toy, seed, head="pooled", **options):
    images, Y = toy
    model = build("mini-vgg", CLASSES, head=head, input_shape=images.shape[1:], seed=seed)
    features = extract(model, images)
    return model, train(model, features, Y, TRAIN, HELD, batch_size=8, seed=seed, **options)


def cross_entropy(Y, probabilities):
    return -np.log(probabilities[Y == 1]).mean()


def test_the_same_seed_repeats_the_training(toy):
    (first, a), (again, b) = (run(toy, seed=1, epochs=1, augment=True) for _ in range(2))
    assert a.equals(b)
    for ours, theirs in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("head", ["pooled", "2020-modelo-2"])
def test_the_step_is_traced_once_for_all_seeds(toy, monkeypatch, head):
    """A segunda semente não traça de novo, e chega aonde chegaria sozinha."""
    large = np.kron(toy[0], np.ones((1, 3, 3, 1), np.uint8)), toy[1]
    traced, step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda *a: traced.append(1) or step(*a))
    options = {"head": head, "epochs": 2, "augment": True}
    trainer._kept.cache_clear()
    run(large, seed=1, **options)
    after, a = run(large, seed=2, **options)
    assert len(traced) == 1
    trainer._kept.cache_clear()
    alone, b = run(large, seed=2, **options)
    assert len(traced) == 2 and a.equals(b)
    for ours, theirs in zip(after.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_easy_is_learnt_by_the_whole_network(toy):
    images, Y = toy
    model, history = run(toy, seed=1, epochs=10)
    assert list(history.columns) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert len(history) == 10
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] / 2
    probabilities = predict(model, images)
    assert (probabilities.argmax(axis=1) == Y.argmax(axis=1)).all()
    whole = cross_entropy(Y[HELD], probabilities[HELD])
    assert whole == pytest.approx(history["val_loss"].iloc[-1], rel=1e-3)


def test_a_penalized_map_is_sparser_and_still_right(toy):
    """O mapa que custa aceso apaga-se onde não é preciso; a tabela traz a perda sem ela."""
    images, Y = toy
    bright = []
    for sparsity in (0.0, 0.05):
        model, history = run(toy, seed=1, epochs=10, sparsity=sparsity)
        probabilities = predict(model, images)
        assert (probabilities.argmax(axis=1) == Y.argmax(axis=1)).all()
        held = cross_entropy(Y[HELD], probabilities[HELD])
        assert held == pytest.approx(history["val_loss"].iloc[-1], rel=1e-3)
        last = keras.Model(model.input, model.get_layer("pooling").input)
        bright.append(last.predict(images, verbose=0).mean())
    assert bright[1] < 0.8 * bright[0]


def one_neuron():
    keras.utils.set_random_seed(0)
    entry = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(entry))
    return keras.Model(entry, keras.layers.Dense(1, activation="sigmoid")(x), name="um-neuronio")


def test_the_weights_that_stay_are_of_the_last_epoch(toy):
    """A validação só acompanha: mesmo quando piora, é a última época que fica."""
    images, Y = toy
    Y = np.where(np.isin(np.arange(48), HELD)[:, None], 1 - Y, Y)
    model = one_neuron()
    history = train(model, extract(model, images), Y, TRAIN, HELD, epochs=10, learning_rate=0.2)
    losses = history["val_loss"]
    assert losses[9] > losses.min()
    kept = cross_entropy(Y[HELD], predict(model, images[HELD]))
    assert kept == pytest.approx(losses[9], rel=1e-3)


def test_one_sigmoid_neuron_gives_the_second_class(toy):
    images, Y = toy
    model = one_neuron()
    features = extract(model, images)
    assert features.shape == (48, 3)
    history = train(model, features, Y, TRAIN, HELD, epochs=30, batch_size=8, learning_rate=0.5)
    probabilities = predict(model, images)
    assert probabilities.shape == (48, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(probabilities[:, 1], model(images)[:, 0], atol=1e-5)
    right = accuracy_score(Y[HELD].argmax(axis=1), probabilities[HELD].argmax(axis=1))
    assert right == history["val_accuracy"].iloc[-1] == 1


def test_images_go_through_in_batches_and_in_order():
    images = np.arange(70, dtype=np.uint8)[:, None, None, None] * np.ones((16, 16, 3), np.uint8)
    model = one_neuron()
    features = extract(model, images)  # três lotes, o último incompleto
    np.testing.assert_allclose(features, np.arange(70)[:, None] / 255 * np.ones(3), atol=1e-5)
    assert predict(model, images).shape == (70, 2)


def test_many_networks_run_in_a_row_and_tensorflow_does_not_complain(caplog):
    """O aviso de quem traça demais sai na página, que roda várias redes em poucos filmes."""
    images = np.zeros((2, 16, 16, 3), np.uint8)
    for _ in range(6):
        predict(one_neuron(), images)
    assert "retracing" not in caplog.text


@pytest.mark.parametrize("shape", [(2, 8, 16, 3), (2, 16, 16), (0, 16, 16, 3)])
def test_images_of_another_size_are_refused_by_name(shape):
    model = build("mini-vgg", CLASSES, input_shape=(16, 16, 3))
    with pytest.raises(InputError, match=rf"forma \({shape[0]}, .*mini-vgg aceita .*16, 16, 3"):
        predict(model, np.zeros(shape, np.uint8))


def test_refusals(toy):
    images, Y = toy
    model = one_neuron()
    with pytest.raises(InputError, match="2 imagens estão no treino e na validação"):
        train(model, extract(model, images), Y, range(10), range(8, 20))
    with pytest.raises(InputError, match=r"Y tem a forma \(48, 3\).*são precisas 2 colunas"):
        train(model, extract(model, images), np.eye(3)[np.zeros(48, int)], TRAIN, HELD)
    with pytest.raises(InputError, match=r"Só imagens podem variar.*\(3,\)"):
        train(model, extract(model, images), Y, TRAIN, HELD, augment=True)
    with pytest.raises(InputError, match=r"penalidade por ativação é 0\.1, .* 0 camadas com mapas"):
        train(model, extract(model, images), Y, TRAIN, HELD, sparsity=0.1)
    with pytest.raises(InputError, match="penalidade por ativação é -1"):
        train(model, images, Y, TRAIN, HELD, sparsity=-1)


def test_training_on_features_is_training_through_the_whole_network(toy):
    """Mesma semente, mesma ordem dos lotes, mesmo sorteio da cabeça: a mesma rede."""
    images, Y = toy
    images, Y = np.kron(images, np.ones((1, 4, 4, 1), np.uint8))[:24], Y[:24]  # 64 × 64
    probabilities = []
    for whole in (False, True):
        model = build("vgg16", CLASSES, "random", "2020-modelo-2", (64, 64, 3), seed=3)
        before = predict(model, images)
        given = images if whole else extract(model, images)
        train(model, given, Y, range(16), range(16, 24), 2, 8, learning_rate=0.1, seed=5)
        probabilities.append(predict(model, images))
    assert np.abs(probabilities[0] - before).max() > 0.02  # treinou
    assert np.abs(probabilities[0] - probabilities[1]).max() <= 1e-3


def test_early_stopping_keeps_the_best_epoch(toy):
    """Com a validação ao contrário, melhor é parar logo; o que fica é a época de menor perda."""
    images, Y = toy
    Y = np.where(np.isin(np.arange(48), HELD)[:, None], 1 - Y, Y)
    model = one_neuron()
    history = train(
        model, extract(model, images), Y, TRAIN, HELD, epochs=40, learning_rate=0.2, patience=2
    )
    assert len(history) < 40
    kept = cross_entropy(Y[HELD], predict(model, images[HELD]))
    assert kept == pytest.approx(history["val_loss"].min(), rel=1e-3)


def test_balanced_classes_move_the_threshold():
    """Sem nada que as separe, a classe rara só chega à metade quando pesa o mesmo."""
    features = np.zeros((40, 3), np.float32)
    Y = np.eye(2)[(np.arange(40) % 8 == 0).astype(int)]
    said = {}
    for balanced in (False, True):
        keras.utils.set_random_seed(0)
        entry = keras.Input((3,))
        model = keras.Model(entry, keras.layers.Dense(2, activation="softmax")(entry), name="nada")
        train(
            model,
            features,
            Y,
            range(32),
            range(32, 40),
            epochs=60,
            batch_size=32,  # o treino inteiro: a média não oscila de um lote a outro
            learning_rate=0.2,
            balanced=balanced,
        )
        said[balanced] = float(model(features[:1])[0, 1])
    assert said[False] == pytest.approx(1 / 8, abs=0.02)
    assert said[True] == pytest.approx(1 / 2, abs=0.02)
