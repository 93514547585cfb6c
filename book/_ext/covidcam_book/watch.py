"""O andamento da construção: uma linha que se move, num terminal; num registro, o que ficou pronto.

As páginas são executadas em outros processos, que contam o que fazem num arquivo
(`covidcam.progress`); um fio desta construção o lê.
"""

import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path, PurePosixPath

from covidcam import progress

PERIOD = 0.5  # segundos entre duas linhas


class Watch:
    """O que se sabe do andamento, e como se diz.

    Parameters
    ----------
    now : callable
        O relógio.
    """

    def __init__(self, now=time.monotonic):
        self.remembered, self.now, self.start = {}, now, now()
        self.phase, self.page, self.doing = "preparando", "", ""
        self.done, self.total, self.waiting, self.took = 0, 0, [], {}
        self.began = self.start

    def expect(self, phase, pages, remembered=()):
        """Começa uma volta por páginas, de que talvez se lembre quantos segundos cada uma levou."""
        self.leave()
        self.remembered = dict(remembered)
        self.phase, self.waiting, self.done, self.total = phase, list(pages), 0, len(pages)

    def enter(self, page):
        """Chega a uma página da volta."""
        self.leave()
        if page in self.waiting:
            self.waiting.remove(page)
            self.page, self.done, self.began = page, self.done + 1, self.now()

    def leave(self):
        """Deixa a página, e guarda quanto ela levou."""
        if self.page:
            self.took[self.page] = self.now() - self.began
        self.page, self.doing = "", ""

    def hear(self, event):
        """Ouve um recado de `covidcam.progress`; devolve o que um registro guarda dele."""
        if "made" in event:
            self.doing = ""
            return f"covidcam: {event['made']}, {_seconds(event['seconds'])}"
        if "making" in event:
            self.doing = event["making"]
        elif event["done"] == event["total"]:
            self.doing = ""
        else:
            unit = "" if event["unit"] == "it" else f"{event['unit']} "
            of = f" de {event['total']}" if event["total"] else ""
            self.doing = f"{event['doing']}, {unit}{event['done']}{of}"
        return ""

    def left(self):
        """Os segundos que faltam, pela última vez; None quando não se sabe."""
        pages = [*self.waiting, self.page] if self.page else self.waiting
        if not pages or any(page not in self.remembered for page in pages):
            return None
        spent = min(self.now() - self.began, self.remembered[self.page]) if self.page else 0
        return sum(self.remembered[page] for page in pages) - spent

    def line(self):
        """A linha de agora."""
        parts = [self.phase]
        if self.total:
            parts[0] += f" a página {self.done} de {self.total}"
            parts[0] += f", {PurePosixPath(self.page).name}" if self.page else ""
        parts += [self.doing] if self.doing else []
        parts.append(_clock(self.now() - self.start))
        left = self.left()
        parts[-1] += f", faltam cerca de {_clock(left)}" if left is not None else ""
        return " · ".join(parts)


def setup(app, chosen):
    """Liga o andamento à construção; com ``-v`` fica o do Sphinx."""
    if app.verbosity:
        return
    memory = chosen.cache / "andamento.json"
    state = {}

    def start(app, env, docnames):
        stale = app.covidcam_stale  # só quando tudo se executa os tempos de antes valem
        known = json.loads(memory.read_text("utf-8")) if stale and memory.is_file() else {}
        watch = Watch()
        watch.expect("lendo", docnames, known)
        channel = Path(app.outdir).parent / "andamento.jsonl"
        channel.write_text("", "utf-8")
        os.environ[progress.CHANNEL] = str(channel)
        state.update(watch=watch, teller=Teller(watch, channel), stale=stale)

    def write(app, env):
        if watch := state.get("watch"):
            watch.leave()
            if state["stale"]:
                memory.parent.mkdir(parents=True, exist_ok=True)
                memory.write_text(json.dumps(watch.took), "utf-8")
            watch.expect("escrevendo", sorted(env.found_docs))

    def enter(app, page, *_):
        if watch := state.get("watch"):
            watch.enter(page)

    def finish(app, error):
        if teller := state.get("teller"):
            teller.stop()

    app.connect("env-before-read-docs", start)
    app.connect("source-read", enter)
    app.connect("env-updated", write, priority=900)
    app.connect("html-page-context", enter)
    app.connect("build-finished", finish)


class Teller(threading.Thread):
    """O fio que ouve os recados e escreve.

    Parameters
    ----------
    watch : Watch
    channel : Path
        O arquivo dos recados.
    out : file, optional
        Onde escrever; num terminal, uma linha só, sempre a mesma.
    """

    def __init__(self, watch, channel, out=None):
        super().__init__(daemon=True)
        self.watch, self.out = watch, out or sys.stdout
        self.channel, self.heard = channel, 0
        self.over = threading.Event()
        self.start()

    def run(self):
        """Até que a construção acabe."""
        while not self.over.wait(PERIOD):
            self.tell()

    def messages(self):
        """Os recados inteiros que ainda não se leram."""
        new = self.channel.read_bytes()[self.heard :]
        whole = new[: new.rfind(b"\n") + 1]
        self.heard += len(whole)
        return whole.decode().splitlines()

    def tell(self):
        """Os recados que chegaram e a linha de agora."""
        terminal = self.out.isatty()
        for message in self.messages():
            said = self.watch.hear(json.loads(message))
            if said and not terminal:
                print(said, file=self.out, flush=True)
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            self.out.write(f"\r\x1b[K{self.watch.line()[:width]}")
            self.out.flush()

    def stop(self):
        """Diz o que falta dizer e devolve a linha."""
        self.over.set()
        self.join()
        self.tell()
        if self.out.isatty():
            self.out.write("\r\x1b[K")
            self.out.flush()


def _seconds(value):
    return f"{value:.1f} s".replace(".", ",")


def _clock(seconds):
    """Minutos e segundos, para ler de relance."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
