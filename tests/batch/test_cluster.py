"""Um agendador de verdade, com dois trabalhadores: o mesmo resultado, mesmo que um se perca."""

import os
import subprocess
import sys
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import distributed
import joblib
import pytest
from distributed.scheduler import KilledWorker
from test_results import contents, films
from tiny_tools import NOTES, fake_explain, fake_tools

from covidcam import batch, cam, phantom
from covidcam.batch import cluster, job
from covidcam.errors import InputError, ModelError

PAUSE = "COVIDCAM_TESTE_PAUSA"


def use_fake_tools():
    """Uma rede que não é rede, neste processo; devagar onde existe um arquivo que o pede."""

    def explain(*arguments, **options):
        if os.path.exists(os.environ.get(PAUSE, "")):
            time.sleep(0.1)
        return fake_explain(*arguments, **options)

    cam.explain = explain
    cluster.opened = job.opened = lambda file, content: fake_tools().model
    cluster.tools_for = job.tools_for = lambda *arguments: fake_tools()


class FakeTools(distributed.WorkerPlugin):
    """As mesmas nos trabalhadores."""

    def __init__(self, pause):
        self.pause = pause

    def setup(self, worker):
        """Quando o trabalhador começa."""
        os.environ[PAUSE] = self.pause
        use_fake_tools()


@pytest.fixture(scope="module")
def pause(tmp_path_factory):
    return tmp_path_factory.mktemp("pausa") / "devagar"


@pytest.fixture(scope="module")
def workers():
    """Dois processos, que nada põe de volta; o agendador é o deste."""
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as local:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", local.scheduler_address]
        command += ["--nthreads=1", "--no-nanny", "--no-dashboard"]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers = []

        def start():
            workers.append(subprocess.Popen(command, env=environ, **quiet))

        start(), start()
        yield SimpleNamespace(address=local.scheduler_address, start=start, processes=workers)
        for worker in workers:
            worker.kill()
            worker.wait()


@pytest.fixture(scope="module")
def client(workers, pause):
    with cluster.connected(workers.address) as client:
        client.wait_for_workers(2, timeout=60)
        client.register_plugin(FakeTools(str(pause)))
        yield client


@pytest.fixture
def order(monkeypatch, tmp_path):
    """Um pedido de 41 imagens, uma delas estragada, e a pasta que uma execução simples faz."""
    for module in (cluster, job):
        monkeypatch.setattr(module, "opened", None)
        monkeypatch.setattr(module, "tools_for", None)
    monkeypatch.setattr(cam, "explain", None)
    use_fake_tools()
    monkeypatch.setattr(cluster, "PIECE", 4)
    monkeypatch.setattr(cluster, "QUIET", 2)
    (films(tmp_path / "f", 40, side=32) / "ruim.png").write_bytes(b"nada")
    (tmp_path / "rede.keras").write_bytes(b"uma rede")

    def ask(folder):
        asked = batch.Job(
            [str(tmp_path / "f")], str(tmp_path / folder), str(tmp_path / "rede.keras")
        )
        vars(asked)["notes"] = NOTES  # as que estariam no arquivo
        asked.prepare()
        return asked

    whole = ask("inteira")
    whole.run()
    whole.finish()
    return ask


def divided(asked, client):
    refused = list(cluster.run(asked, client))
    asked.finish()
    return refused


def test_two_workers_do_what_one_process_does(client, order, tmp_path):
    client.wait_for_workers(2, timeout=60)
    ((name, refusal),) = divided(order("s"), client)
    assert name == "ruim.png" and refusal.startswith("A imagem não pôde")
    assert contents(tmp_path / "s") == contents(tmp_path / "inteira")
    assert len(set(client.run(os.getpid).values()) - {os.getpid()}) == 2


OTHER_WORLDS = {
    "não vê o modelo": {"file": "não há.keras"},
    "vê outro arquivo em": {"file": "outra.keras"},
    "não vê a pasta .* de quem pede": {"folder": "outra"},
    "tem covidcam .*, e quem pede, covidcam 9": {"request": {"versões": {"covidcam": "9"}}},
}


@pytest.mark.parametrize("said", OTHER_WORLDS)
def test_what_a_worker_does_not_share_is_said(client, order, monkeypatch, tmp_path, said):
    (tmp_path / "outra.keras").write_bytes(b"outra rede")
    (tmp_path / "outra").mkdir()
    changes = {
        name: asked if name == "request" else tmp_path / asked
        for name, asked in OTHER_WORLDS[said].items()
    }
    real = cluster.Order
    monkeypatch.setattr(cluster, "Order", lambda *facts: replace(real(*facts), **changes))
    with pytest.raises((InputError, ModelError), match=f"O trabalhador tcp://.* {said}"):
        divided(order("s"), client)
    assert not list((tmp_path / "s").glob("partes/*")) + list((tmp_path / "s").glob(".prova*"))


def test_images_that_a_worker_does_not_see_are_not_refused_one_by_one(client, order, tmp_path):
    asked = order("s")
    assert len(asked.found.items) == 41
    (tmp_path / "f").rename(tmp_path / "noutra máquina")
    with pytest.raises(InputError, match=r"O trabalhador tcp://.* não vê as imagens de .*/f;"):
        divided(asked, client)
    assert not list((tmp_path / "s").glob("partes/*"))


LOST = {
    "Os 4 trabalhadores que tentaram um mesmo pedaço se perderam": KilledWorker("x", None, 3),
    "A ligação com o agendador tcp://.* caiu": CancelledError("x"),
    "não tem este covidcam.*No module": ModuleNotFoundError("No module named 'covidcam'"),
    "não tem este covidcam.*graph": RuntimeError("Error during deserialization of the task graph"),
}


@pytest.mark.parametrize("said", LOST)
def test_what_dask_raises_is_one_sentence(client, order, monkeypatch, tmp_path, said):
    def fail(*arguments, **options):
        raise LOST[said]

    monkeypatch.setattr(distributed, "wait", fail)
    with pytest.raises(InputError, match=said):
        divided(order("s"), client)
    assert not list((tmp_path / "s").glob(".prova*"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nada", "tcp://127.0.0.1:x"])
def test_a_scheduler_that_does_not_answer_is_said(address):
    refused = pytest.raises(InputError, match=f"O agendador {address} não responde")
    with refused, cluster.connected(address, patience=0.2):
        pass


def test_an_archive_written_by_the_workers_is_the_same(client, tmp_path):
    counts = {"NORMAL": 2}
    phantom.write_archive(tmp_path / "um", counts, seed=1)
    with joblib.parallel_config(backend="dask"):
        phantom.write_archive(tmp_path / "outro", counts, seed=1)
    assert contents(tmp_path / "um") == contents(tmp_path / "outro")


def test_a_worker_killed_in_the_middle_changes_nothing(client, workers, order, pause, tmp_path):
    asked = order("s")
    pause.touch()
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(divided, asked, client)
        while len(list(tmp_path.glob("s/partes/*.json"))) < 6:
            assert not refused.done()
            time.sleep(0.02)
        workers.processes[-1].kill()
        pause.unlink()
        assert len(refused.result(60)) == 1
    assert contents(tmp_path / "s") == contents(tmp_path / "inteira")
    workers.start()  # no lugar do que se perdeu, para os outros testes
