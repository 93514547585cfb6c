"""``covidcam exportar``: o script que sai, e o que se recusa."""

import pytest

from covidcam import cli, models


def run(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["covidcam", "exportar", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


def saved(folder, name="mini-vgg", **options):
    model = models.build(name, ["a", "b"], **options)
    return models.save(models.describe(model, ["a", "b"], "fantoma"), folder / "rede.keras")


def test_the_script_has_the_name_of_its_file(tmp_path, monkeypatch, capsys):
    file = saved(tmp_path, input_shape=(40, 40, 3))
    assert run(monkeypatch, file, "--saida", tmp_path / "minha.js") == 0
    text = (tmp_path / "minha.js").read_text("utf-8")
    assert text.startswith('laboratory.receive("minha", {') and '"classes":["a","b"]' in text
    assert "com o nome minha" in capsys.readouterr().out
    assert run(monkeypatch, file, "--saida", tmp_path / "minha.js") == 2
    assert run(monkeypatch, file, "--saida", tmp_path / "minha.txt") == 2


def test_a_layer_the_page_does_not_know_is_named(tmp_path, monkeypatch, capsys):
    file = saved(tmp_path, "xception", weights="random", input_shape=(80, 80, 3))
    assert run(monkeypatch, file, "--saida", tmp_path / "x.js") == 1
    assert "A camada " in capsys.readouterr().err
    assert not (tmp_path / "x.js").exists()
