"""Dos argumentos às imagens: o que entra, com que nome, em que fatia."""

import os

import pytest

from covidcam.batch import collect, share
from covidcam.errors import InputError, one_line


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names(found):
    return [item.name for item in found.items]


def test_a_folder_gives_its_images_in_order_and_nothing_else(tmp_path):
    touch(tmp_path, "b.PNG", "a/c.jpg", "a/notas.txt", ".oculta.png", ".git/d.png", "saida/e.png")
    (tmp_path / "exame").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "leia-me").write_bytes(b"texto")
    found = collect([tmp_path], tmp_path / "saida")
    assert names(found) == ["a/c.jpg", "b.PNG", "exame"]


def test_results_kept_beside_the_images_are_not_explained_again(tmp_path):
    touch(tmp_path, "a.png", "sobreposicoes/a-1.grad-cam.png", "b/sobreposicoes/c.png")
    assert names(collect([tmp_path], tmp_path)) == ["a.png", "b/sobreposicoes/c.png"]


def test_links_to_folders_are_not_followed(tmp_path):
    touch(tmp_path, "a/b.png")
    (tmp_path / "a" / "volta").symlink_to(tmp_path)
    assert names(collect([tmp_path], tmp_path / "s")) == ["a/b.png"]


def test_a_file_given_by_name_enters_whatever_it_is_and_only_once(tmp_path):
    touch(tmp_path, "a.xyz")
    given = [tmp_path / "a.xyz", tmp_path / "." / "a.xyz", tmp_path / "ausente.png"]
    assert names(collect(given, tmp_path / "s")) == ["a.xyz", "ausente.png"]


def test_equal_names_in_two_folders_get_different_keys(tmp_path):
    touch(tmp_path, "a/filme.png", "b/filme.png", "a/filme.jpg")
    found = collect([tmp_path / "a", tmp_path / "b"], tmp_path / "s")
    assert names(found) == ["a/filme.jpg", "a/filme.png", "b/filme.png"]
    assert len({item.key for item in found.items}) == 3


def test_keys_do_not_depend_on_where_the_folder_is_nor_on_what_else_it_has(tmp_path):
    touch(tmp_path, "aqui/p/x.png", "ali/p/x.png", "ali/y.png")
    here = collect([tmp_path / "aqui"], tmp_path / "s").items
    there = collect([tmp_path / "ali"], tmp_path / "s").items
    assert here[0].key == there[0].key and there[0].name == "p/x.png"


@pytest.mark.parametrize(
    "name", ["a b.png", "ção.png", "duas\nlinhas.png", "-rf.png", "<b>&'\".png", "a" * 200 + ".png"]
)
def test_keys_are_safe_file_names(tmp_path, name):
    touch(tmp_path, name)
    (item,) = collect([tmp_path], tmp_path / "s").items
    assert len(os.fsencode(item.key)) < 200 and "\n" not in item.name
    assert not set(item.key) & set("/\\\n<>&'\" ") and not item.key.startswith(("-rf", "."))


def test_nothing_to_explain_is_said(tmp_path):
    with pytest.raises(InputError, match="Não há imagens"):
        collect([tmp_path], tmp_path / "s")


def test_shares_are_a_partition():
    items = list(range(11))
    parts = [share(items, i, 4) for i in range(4)]
    assert (
        sorted(item for part in parts for item in part) == items
        and max(map(len, parts)) - min(map(len, parts)) <= 1
    )


@pytest.mark.parametrize(("part", "of"), [(2, 2), (-1, 2), (0, 0), (0, -1)])
def test_a_share_that_does_not_exist_is_refused(part, of):
    with pytest.raises(InputError, match="partes"):
        share([1, 2], part, of)


def test_one_line_is_one_line():
    assert one_line("a\nb\tc\x1b[31m\udcff") == r"a\nb\tc\x1b[31m\udcff"
    assert one_line("ação 1") == "ação 1"
