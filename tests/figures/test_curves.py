"""As curvas e a matriz mostram, no desenho e no texto, os números dados."""

import numpy as np
import pandas as pd

from covidcam.figures import confusion, training


def test_training_draws_and_tells_the_history():
    history = pd.DataFrame(
        {
            "loss": [1.25, 0.5, 0.125],
            "accuracy": [0.5, 0.75, 0.9995],
            "val_loss": [1.5, 0.75, 0.875],
            "val_accuracy": [0.25, 0.5, 0.625],
        }
    )
    figure, alt = training(history)
    for axes, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        for label, column in (("treino", name), ("validação", f"val_{name}")):
            assert lines[label].get_xdata().tolist() == [1, 2, 3]
            assert lines[label].get_ydata().tolist() == history[column].tolist()
        assert axes.get_ylim()[0] == 0
    for told in ("3 épocas", "1,25 a 0,12", "1,50 a 0,88", "99 % no treino", "62 % na validação"):
        assert told in alt


def test_confusion_draws_and_tells_each_count():
    counts = np.array([[7, 1, 0], [0, 5, 2], [0, 0, 9]])
    figure, alt = confusion(counts, ("A", "B", "C"))
    axes = figure.axes[0]
    at = {text.get_position(): text.get_text() for text in axes.texts}
    assert at == {(j, i): str(counts[i, j]) for i in range(3) for j in range(3)}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B", "C"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("era", "a rede disse")
    assert "21 de 24" in alt and "1 de A como B e 2 de B como C" in alt
    assert "nenhuma errada" in confusion(np.diag([3, 4]), ("A", "B"))[1]
