"""Um acervo público -> a sua pasta, no leiaute dos autores, ou nada."""

import errno
import functools
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pooch
from filelock import FileLock

from covidcam.datasets.extraction import extract
from covidcam.datasets.readers import read_cohen
from covidcam.datasets.sources import Source
from covidcam.datasets.transfer import transfer
from covidcam.errors import DataError, reason

INBOX = "baixados"  # dentro da pasta de dados, só enquanto há o que fazer
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def download(source: Source, folder: str | os.PathLike) -> Path:
    """Baixa, confere e extrai um acervo, se ele ainda não está na pasta.

    A pasta do acervo só aparece quando está completa. Um download que a conexão interrompeu
    continua de onde parou; um zip posto à mão em ``<folder>/baixados/`` é usado, e não é apagado.

    Parameters
    ----------
    source : Source
        Um dos de `covidcam.datasets.sources.SOURCES`.
    folder : path-like
        A pasta de dados; é criada se não existe.

    Returns
    -------
    Path
        A pasta do acervo, dentro de ``folder``.

    Raises
    ------
    DataError
        Se a fonte recusa ou não responde, se o arquivo não é o esperado ou se falta espaço.

    Examples
    --------
    >>> from covidcam.datasets.sources import SOURCES
    >>> download(SOURCES["cohen"], "dados")  # doctest: +SKIP
    PosixPath('dados/covid-chestxray-dataset')
    """
    folder = Path(folder)
    target = folder / source.folder
    lock = folder / f".{source.name}.lock"
    if target.exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            try:
                if not target.exists():  # outro processo pode tê-lo feito
                    _make(source, folder / INBOX, target)
            finally:
                with suppress(OSError):  # o Windows não apaga o que está aberto
                    lock.unlink()  # quem espera por ele volta a criá-lo
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DataError(f"O disco de {folder} encheu; nada ficou pela metade.") from error
        raise DataError(f"Não foi possível escrever em {folder} ({reason(error)}).") from error
    return target


def _make(source: Source, inbox: Path, target: Path) -> None:
    workshop = inbox / source.name
    workshop.mkdir(parents=True, exist_ok=True)
    try:
        _fill(source, inbox, workshop, target)
    except OSError as error:
        if error.errno in NO_SPACE:
            _partial(workshop).unlink(missing_ok=True)
        raise
    finally:
        for path in (workshop, inbox):
            with suppress(OSError):  # não está vazia: guarda o que já veio ou o que puseram lá
                path.rmdir()


def _fill(source: Source, inbox: Path, workshop: Path, target: Path) -> None:
    by_hand, ours = inbox / source.archive, workshop / "acervo.zip"
    extracted = workshop / "extraído"
    shutil.rmtree(extracted, ignore_errors=True)  # o resto de uma execução interrompida
    _need_space(source, workshop, (by_hand, ours, _partial(workshop)))
    if by_hand.exists():
        _check_hash(source, by_hand)
    else:
        _retrieve(source, ours, by_hand)
    archive = by_hand if by_hand.exists() else ours
    try:
        extract(archive, extracted, source.prefix, source.parts, most_bytes=4 * source.size)
        if source.table_length is not None:
            _check_table(extracted, source.table_length)
        os.replace(extracted, target)
        shutil.rmtree(workshop, ignore_errors=True)
    except DataError:
        ours.unlink(missing_ok=True)  # não serve
        raise
    finally:
        shutil.rmtree(extracted, ignore_errors=True)


def _need_space(source: Source, workshop: Path, brought: tuple[Path, ...]) -> None:
    """Recusa se não cabem o que falta baixar e o que se extrai, que tem quase o mesmo tamanho."""
    have = sum(path.stat().st_size for path in brought if path.exists())
    needed = max(source.size - have, 0) + source.size
    free = shutil.disk_usage(workshop).free
    if free < needed:
        raise DataError(
            f"O acervo {source.name} precisa de {needed / 1e6:.0f} MB livres; o disco de"
            f" {workshop} tem {free / 1e6:.0f} MB."
        )


def _retrieve(source: Source, archive: Path, by_hand: Path) -> None:
    pooch.get_logger().setLevel("WARNING")
    exact = source.size if source.sha256 else None
    try:
        pooch.retrieve(
            source.address,
            known_hash=source.sha256,
            fname=archive.name,
            path=archive.parent,
            downloader=functools.partial(transfer, partial=_partial(archive.parent), size=exact),
        )
    except DataError as error:
        raise DataError(
            f"{error} Para buscar à mão: abra {source.address} num navegador, ponha o arquivo em"
            f" {by_hand} e rode o mesmo comando de novo."
        ) from error
    except ValueError as error:  # é como o pooch diz que a soma não confere
        raise DataError(
            f"O que veio de {source.address} não é o arquivo esperado, de SHA-256"
            f" {source.sha256}, e foi apagado."
        ) from error


def _check_hash(source: Source, archive: Path) -> None:
    if source.sha256 and (found := pooch.file_hash(str(archive))) != source.sha256:
        raise DataError(
            f"O arquivo {archive} tem SHA-256 {found}; era esperado {source.sha256}. Troque-o, ou"
            " apague-o para que o comando o baixe."
        )


def _check_table(folder: Path, length: int) -> None:
    """Confere um acervo sem soma publicada: o tamanho da tabela, e as imagens que ela lista."""
    rows = read_cohen(folder)
    found = len((folder / "metadata.csv").read_text("utf-8"))
    if found != length:
        raise DataError(f"metadata.csv tem {found} caracteres; eram esperados {length}.")
    wanted = rows.loc[rows["left_out"] == "", "path"]
    if absent := [path for path in map(Path, wanted) if not path.is_file()]:
        raise DataError(
            f"Faltam {len(absent)} das {len(wanted)} imagens que metadata.csv lista; a primeira é"
            f" {absent[0].name}."
        )


def _partial(workshop: Path) -> Path:
    return workshop / "acervo.zip.partial"
