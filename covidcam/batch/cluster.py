"""Um pedido dividido em pedaços entre os trabalhadores de um agendador Dask.

O que viaja são nomes: cada trabalhador lê as imagens e escreve na pasta dos resultados, que por
isso todos veem no mesmo lugar. Os pedaços são pequenos: o de um trabalhador que se perde é refeito
por outro, a menos das imagens que ele já tinha acabado.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covidcam import progress
from covidcam.batch.films import content_of
from covidcam.batch.inputs import Item
from covidcam.batch.job import Job, opened, tools_for
from covidcam.batch.results import REFUSED, Output, versions
from covidcam.batch.work import run as explain
from covidcam.errors import CovidcamError, InputError, ModelError, one_line
from covidcam.settings import Settings

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
PIECE = 32  # imagens: segundos de trabalho
PATIENCE = 10  # segundos até desistir de um agendador que não responde
QUIET = 30  # segundos sem recado nenhum até se olhar na pasta o que está pronto


@dataclass(frozen=True)
class Order:
    """O que todo pedaço de um pedido leva consigo; os caminhos são absolutos.

    Attributes
    ----------
    file : Path
        O modelo.
    folder : Path
        A dos resultados.
    request : dict
        Como em `Output`.
    label : str or None
        A classe explicada.
    settings : Settings
    probe : str
        Um arquivo que quem pede pôs na pasta dos resultados, para se saber se ela é a mesma.
    """

    file: Path
    folder: Path
    request: dict
    label: str | None
    settings: Settings
    probe: str


@contextmanager
def connected(address: str, patience: float = PATIENCE) -> "Iterator[Client]":
    """Uma ligação com um agendador.

    Parameters
    ----------
    address : str
        Como ``tcp://servidor:8786``; ``"local"`` começa um nesta máquina, que acaba com a ligação.
    patience : float
        Quantos segundos se espera uma resposta.

    Yields
    ------
    distributed.Client

    Raises
    ------
    InputError
        Se o Dask não está instalado, ou ninguém responde no endereço.
    """
    try:
        import distributed
        from distributed.deploy.utils import nprocesses_nthreads
    except ImportError:
        raise InputError(
            "Para dividir o trabalho por um agendador falta o Dask; instale covidcam[cluster]."
        ) from None
    if address == LOCAL:
        processes, _ = nprocesses_nthreads()
        # uma imagem já usa várias threads; a página de acompanhamento pede outra biblioteca
        local = distributed.LocalCluster(
            n_workers=processes, threads_per_worker=1, dashboard_address=None, silence_logs=50
        )
        with local, distributed.Client(local) as client:
            yield client
        return
    try:
        client = distributed.Client(address, timeout=patience)
    except (OSError, ValueError, TypeError, AssertionError) as error:
        raise InputError(
            f"O agendador {address} não responde; espera-se o endereço de um que esteja rodando,"
            f" como tcp://servidor:8786, ou {LOCAL}."
        ) from error
    with client:
        yield client


def run(job: Job, client: "Client") -> Iterator[tuple[str, str]]:
    """Explica as imagens de um pedido, em pedaços, onde o agendador mandar.

    Parameters
    ----------
    job : Job
        Já preparado, para que a pasta dos resultados seja dele.
    client : distributed.Client
        Os trabalhadores têm este mesmo covidcam e veem as imagens, o modelo e a pasta dos
        resultados nos mesmos caminhos.

    Yields
    ------
    name : str
        Uma imagem que foi recusada.
    refusal : str
        O motivo, numa linha.

    Raises
    ------
    InputError
        Se um trabalhador não vê as imagens ou a pasta dos resultados, tem outras versões, ou se
        perde repetidas vezes no mesmo pedaço; ou se a ligação com o agendador cai.
    ModelError
        Se um trabalhador não vê o modelo.
    """
    items = job.found.items
    folder = Path(job.folder).absolute()
    output = Output(folder, job.request)
    probe = folder / f".prova-{secrets.token_hex(6)}"
    order = Order(job.file.absolute(), folder, job.request, job.label, job.settings, probe.name)
    pieces = [items[start : start + PIECE] for start in range(0, len(items), PIECE)]
    probe.touch()
    sent = []
    try:
        with _told(client), progress.bar(total=len(items), desc="Explicando", unit="imagem") as bar:
            sent = client.map(explain_piece, pieces, order=order, pure=False, key="covidcam")
            for piece in _finished(dict(zip(sent, pieces, strict=True)), output):
                bar.update(len(piece))
                yield from _refused(output, piece)
    finally:
        client.cancel(sent)
        probe.unlink(missing_ok=True)


def _finished(waiting: dict, output: Output) -> Iterator[Sequence[Item]]:
    """Cada pedaço, quando acaba: pelo que o agendador diz e, se ele se cala, pelo que está escrito.

    O recado de um trabalhador que se perde logo depois de escrever pode não chegar nunca.
    """
    import distributed

    while waiting:
        silent = False
        try:
            distributed.wait(list(waiting), timeout=QUIET, return_when="FIRST_COMPLETED")
        except TimeoutError:
            silent = True
        for future, piece in list(waiting.items()):
            if future.status in ("error", "cancelled"):
                future.result()
            written = silent and all(_is_written(output, item) for item in piece)
            if future.status == "finished" or written:
                del waiting[future]
                yield piece


def _is_written(output: Output, item: Item) -> bool:
    """Se a pasta já diz o que foi feito da imagem, como ela está agora."""
    part = output.read_part(item)
    refused = part is not None and part["linha"]["situacao"] == REFUSED
    return output.is_done(item) or (refused and part["conteúdo"] == content_of(item.path))


def _refused(output: Output, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    """As imagens recusadas de um pedaço pronto, como ele as deixou na pasta.

    O que um pedaço devolvesse ficaria na memória do trabalhador, e se perderia com ele.
    """
    for item in items:
        part = output.read_part(item)
        if part and part["linha"]["situacao"] == REFUSED:
            yield item.name, one_line(part["linha"]["motivo"])


def explain_piece(items: Sequence[Item], order: Order) -> None:
    """Explica algumas imagens, num trabalhador.

    Parameters
    ----------
    items : sequence of Item
    order : Order

    Raises
    ------
    InputError, ModelError
        Como `run`.
    """
    _check(items, order)
    model = opened(order.file, order.request["modelo"]["arquivo"])
    output = Output(order.folder, order.request)
    tools = tools_for(model, order.file, order.settings)
    for _ in explain(items, output, tools, order.label, quiet=True):
        pass  # as recusas ficam escritas na pasta


def _check(items: Sequence[Item], order: Order) -> None:
    """Recusa um trabalhador que não está no mesmo mundo de quem pede."""
    from distributed import get_worker

    who = f"O trabalhador {get_worker().address}"
    if versions() != order.request["versões"]:
        raise InputError(
            f"{who} tem {_listed(versions())}, e quem pede, {_listed(order.request['versões'])};"
            " instale o mesmo nos dois."
        )
    found = content_of(order.file)
    if found != order.request["modelo"]["arquivo"]:
        seen = "vê outro arquivo em" if found else "não vê o modelo"
        raise ModelError(
            f"{who} {seen} {order.file}; ponha-o numa pasta que todos os trabalhadores vejam no"
            " mesmo caminho."
        )
    if not (order.folder / order.probe).exists():
        raise InputError(
            f"{who} não vê a pasta {order.folder} de quem pede; escolha uma --saida que todos os"
            " trabalhadores vejam no mesmo caminho."
        )
    for folder in sorted({os.path.dirname(item.path) for item in items}):
        if not os.path.isdir(folder):
            raise InputError(
                f"{who} não vê as imagens de {folder}; ponha-as numa pasta que todos os"
                " trabalhadores vejam no mesmo caminho."
            )


@contextmanager
def _told(client: "Client") -> Iterator[None]:
    """O que o Dask levanta, numa frase."""
    from concurrent.futures import CancelledError

    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        yield
    except (CovidcamError, GeneratorExit):
        raise
    except KilledWorker as error:
        raise InputError(
            f"Os {error.allowed_failures + 1} trabalhadores que tentaram um mesmo pedaço se"
            " perderam; costuma ser falta de memória. O que está pronto fica, e rodar de novo faz"
            " o resto."
        ) from error
    except (CancelledError, CommClosedError, TimeoutError) as error:
        raise InputError(
            f"A ligação com o agendador {client.scheduler.address} caiu; o que está pronto fica, e"
            " rodar de novo faz o resto."
        ) from error
    except (ImportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "deserialization" not in str(error):
            raise
        raise InputError(  # o que foi mandado não se lê lá
            "O agendador ou um trabalhador não tem este covidcam; instale o mesmo em todos"
            f" ({one_line(str(error))[:200]})."
        ) from error


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
