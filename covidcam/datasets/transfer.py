"""Trazer um arquivo por HTTP, de onde a conexão caiu."""

import os
import time
from pathlib import Path

import requests
import urllib3

from covidcam import __version__, progress
from covidcam.errors import DataError

# sem isto alguns servidores recusam o cliente padrão do Python
USER_AGENT = f"Mozilla/5.0 (compatible; covidcam/{__version__})"
TIMEOUT = (20, 60)  # segundos para conectar, e de silêncio
TRIES = 5  # seguidas sem que nada novo chegue
PAUSE = 2.0  # segundos antes da segunda tentativa; dobra a cada uma
CHUNK = 1 << 20
TEMPORARY = {408, 425, 429, 500, 502, 503, 504}


def transfer(
    url: str,
    output_file: str | os.PathLike,
    pooch: object = None,
    *,
    partial: Path,
    size: int | None = None,
) -> None:
    """Baixa um endereço, no papel de *downloader* do pooch, que sozinho não retoma.

    O que já chegou fica em ``partial``, e dali se continua (``Range``, RFC 9110, seção 14): na
    tentativa seguinte, ou quando o comando é repetido. Um servidor que não sabe continuar
    recomeça do início.

    Parameters
    ----------
    url : str
    output_file : path-like
        Onde fica o arquivo, só quando está completo; no mesmo disco que ``partial``.
    pooch : object
        O pooch o passa a todo *downloader*; não é usado.
    partial : Path
        Onde o arquivo cresce.
    size : int, optional
        Bytes do arquivo, onde são conhecidos.

    Raises
    ------
    DataError
        Se o servidor recusa, o arquivo tem outro tamanho ou a conexão cai vezes demais.
    """
    if size is not None and _length(partial) > size:
        partial.unlink()
    furthest, failures = _length(partial), 0
    while size is None or _length(partial) < size:
        try:
            _receive(url, partial, size)
            break
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failures = 1 if _length(partial) > furthest else failures + 1
            furthest = max(furthest, _length(partial))
            if failures == TRIES:
                raise DataError(
                    f"A conexão com {url} falhou {TRIES} vezes seguidas ({error}). O que já veio"
                    f" ({_length(partial)} bytes) fica guardado, e o mesmo comando continua dali."
                ) from error
            time.sleep(PAUSE * 2 ** (failures - 1))
    os.replace(partial, output_file)


def _receive(url: str, partial: Path, size: int | None) -> None:
    have = _length(partial)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        continued = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == 416 or (response.status_code == 206 and not continued):
            partial.unlink(missing_ok=True)
            raise requests.ConnectionError("o servidor não continua de onde parou")
        start = have if response.status_code == 206 else 0
        expected = _expected(response, start, size)
        with (
            open(partial, "ab" if start else "wb") as file,
            progress.bar(
                desc="Baixando",
                total=expected,
                initial=start,
                unit="B",
                unit_scale=True,
            ) as bar,
        ):
            # read1 entrega o que chegou; iter_content perderia o último pedaço antes da queda
            while chunk := response.raw.read1(CHUNK):
                bar.update(file.write(chunk))
    if expected is not None and _length(partial) < expected:
        raise requests.ConnectionError(f"vieram {_length(partial)} de {expected} bytes")


def _expected(response: requests.Response, start: int, size: int | None) -> int | None:
    """O tamanho final do arquivo, depois de conferir que a resposta o traz."""
    if response.status_code in TEMPORARY:
        raise requests.ConnectionError(f"o servidor respondeu {response.status_code}")
    if response.status_code not in (200, 206):
        raise DataError(f"{response.url} recusou o pedido (resposta {response.status_code}).")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise DataError(f"{response.url} respondeu com uma página, e não com o arquivo.")
    length = response.headers.get("Content-Length")
    announced = None if length is None else start + int(length)
    if size is not None and announced not in (None, size):
        raise DataError(f"{response.url} oferece {announced} bytes; eram esperados {size}.")
    return announced if size is None else size


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
