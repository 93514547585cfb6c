"""O andamento da construção: o que se diz, num terminal e num registro."""

import io
import json
import logging

import pytest
from covidcam_book import quiet
from covidcam_book.watch import Teller, Watch


class Clock:
    """Um relógio que só anda quando se manda."""

    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def watch():
    clock = Clock()
    watch = Watch(clock)
    watch.clock = clock
    return watch


def test_the_line_says_the_page_what_it_makes_and_how_long_it_has_been(watch):
    watch.expect("lendo", ["book/a", "book/b"])
    watch.enter("book/a")
    watch.hear({"doing": "Treinando mini-vgg", "unit": "época", "done": 31, "total": 100})
    watch.clock.time = 130
    expected = "lendo a página 1 de 2, a · Treinando mini-vgg, época 31 de 100 · 2 min 10 s"
    assert watch.line() == expected
    watch.hear({"doing": "fantomas", "unit": "it", "done": 210, "total": 375})
    assert "fantomas, 210 de 375" in watch.line()
    watch.hear({"doing": "fantomas", "unit": "it", "done": 375, "total": 375})
    assert watch.line() == "lendo a página 1 de 2, a · 2 min 10 s"


def test_the_second_time_it_says_how_much_is_left(watch):
    watch.expect("lendo", ["a", "b"], {"a": 60.0, "b": 30.0})
    watch.enter("a")
    watch.clock.time = 20
    assert watch.left() == 70 and watch.line().endswith("20 s, faltam cerca de 1 min 10 s")
    watch.clock.time = 100  # mais do que da outra vez: falta só a que vem
    assert watch.left() == 30
    watch.enter("b")
    watch.clock.time = 110
    assert watch.left() == 20
    watch.expect("escrevendo", ["a", "b"])
    assert watch.left() is None and watch.took == {"a": 100, "b": 10}


def test_an_unknown_page_leaves_no_estimate(watch):
    watch.expect("lendo", ["a", "nova"], {"a": 60.0})
    assert watch.left() is None


class Terminal(io.StringIO):
    """Onde se escreve por cima."""

    def isatty(self):
        return True


def test_a_log_keeps_a_line_an_artefact_and_a_terminal_none(watch, tmp_path):
    channel = tmp_path / "recados"
    events = [{"making": "fantoma"}, {"made": "fantoma", "seconds": 8.25}, {"making": "x"}]
    text = "".join(json.dumps(event) + "\n" for event in events)
    channel.write_text(text + '{"making": "pela me', "utf-8")
    log, terminal = io.StringIO(), Terminal()
    for out in (log, terminal):
        Teller(watch, channel, out).stop()
    assert log.getvalue() == "covidcam: fantoma, 8,2 s\n"
    assert "\n" not in terminal.getvalue() and terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("sphinx.sphinx.util.display", logging.INFO, False),
        ("sphinx.myst_nb", logging.INFO, False),
        ("sphinx.myst_nb", logging.WARNING, True),
        ("sphinx.covidcam_book.cache", logging.INFO, True),
    ],
)
def test_only_what_matters_is_said(name, level, said):
    record = logging.LogRecord(name, level, "", 0, "olá", (), None)
    assert quiet.worth_saying(record) == said
