"""Extrair um zip que veio de fora sem que nada saia da pasta."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from covidcam import progress
from covidcam.datasets.tables import leaves_the_folder
from covidcam.errors import DataError

MOST_MEMBERS = 100_000


def extract(
    archive: Path, folder: Path, prefix: str, parts: Sequence[str], most_bytes: int
) -> None:
    """Extrai de um zip as partes pedidas, sem o prefixo.

    Parameters
    ----------
    archive : Path
        O zip.
    folder : Path
        Uma pasta vazia.
    prefix : str
        A pasta, dentro do zip, que vira ``folder``.
    parts : sequence of str
        Começos de caminho, sob o prefixo. Nomes que começam com ponto ficam de fora.
    most_bytes : int
        Quanto, no máximo, o que se extrai pode ocupar.

    Raises
    ------
    DataError
        Se o arquivo não é um zip inteiro; se um nome sai da pasta, é absoluto ou se repete; se
        algo pedido é um atalho; se há mais do que o limite; se nada do pedido está lá.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(folder / "a.zip", "w") as file:
    ...     file.writestr("acervo-1/images/a.png", b"uma imagem")
    ...     file.writestr("acervo-1/docs/b.txt", b"um texto")
    >>> extract(folder / "a.zip", folder / "acervo", "acervo-1/", ["images/"], most_bytes=100)
    >>> [path.name for path in (folder / "acervo").rglob("*.*")]
    ['a.png']
    """
    try:
        with zipfile.ZipFile(archive) as file:
            chosen = _choose(file.infolist(), archive, prefix, parts, most_bytes)
            for member in progress.bar(chosen, desc="Extraindo"):
                destination = folder / member.filename.removeprefix(prefix)
                destination.parent.mkdir(parents=True, exist_ok=True)
                with file.open(member) as source, open(destination, "xb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(
            f"O arquivo {archive} está cortado ou danificado ({error}); era esperado um zip."
        ) from error


def _choose(
    members: list[zipfile.ZipInfo],
    archive: Path,
    prefix: str,
    parts: Sequence[str],
    most_bytes: int,
) -> list[zipfile.ZipInfo]:
    if len(members) > MOST_MEMBERS:
        raise DataError(f"{archive} tem {len(members)} nomes; o limite é {MOST_MEMBERS}.")
    for member in members:
        if leaves_the_folder(member.filename):
            raise DataError(
                f"{archive} traz o nome {member.filename!r}, que sai da pasta; nada foi extraído."
            )
    starts = tuple(prefix + part for part in parts)
    chosen = [
        member
        for member in members
        if member.filename.startswith(starts)
        and not member.is_dir()
        and not PurePosixPath(member.filename).name.startswith(".")
    ]
    if not chosen:
        raise DataError(
            f"{archive} não tem nada de {', '.join(starts)}; tem, por exemplo,"
            f" {', '.join(member.filename for member in members[:3]) or 'nome nenhum'}."
        )
    if len({member.filename for member in chosen}) < len(chosen):
        raise DataError(f"{archive} traz o mesmo nome mais de uma vez; nada foi extraído.")
    for member in chosen:  # o que não se extrai pode ser um atalho: não chega ao disco
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
            raise DataError(
                f"{archive} traz {member.filename!r}, que é um atalho ou um arquivo cifrado; nada"
                " foi extraído."
            )
    total = sum(member.file_size for member in chosen)
    if total > most_bytes:
        raise DataError(
            f"{archive} ocuparia {total} bytes extraído; o limite é {most_bytes} bytes."
        )
    return chosen
