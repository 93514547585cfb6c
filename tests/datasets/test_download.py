"""Baixar: inteiro ou nada, de um servidor local que faz o que as fontes fazem de pior."""

import hashlib
import shutil
import subprocess
import sys
import threading
import zipfile

import pytest
from local_source import KERMANY_FILES, KERMANY_WANTED, cohen, kermany, serving, zipped

from covidcam.datasets import extraction, transfer
from covidcam.datasets.download import download
from covidcam.datasets.sources import SOURCES
from covidcam.errors import DataError

ARCHIVE = zipped(KERMANY_FILES)
SIZE = len(ARCHIVE)
PREFIX = SOURCES["cohen"].prefix
TABLE = (
    "patientid,finding,view,modality,filename,license\n"
    "1,COVID-19,PA,X-ray,São.png,CC BY\n"
    "2,COVID-19,Axial,CT,volume.nii.gz,CC BY\n"
)
COHEN_FILES = {
    f"{PREFIX}metadata.csv": TABLE.encode(),
    f"{PREFIX}images/São.png": b"i" * 100,
    f"{PREFIX}docs/que-o-livro-não-usa.html": b"x",
}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(transfer, "PAUSE", 0)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def is_complete(target):
    return files(target) == KERMANY_WANTED and all(
        (target / name).read_bytes() == KERMANY_FILES[f"chest_xray/{name}"]
        for name in KERMANY_WANTED
    )


def refusal(source, folder):
    with pytest.raises(DataError) as caught:
        download(source, folder)
    assert not (folder / source.folder).exists()
    return str(caught.value)


def test_what_the_book_uses_arrives_and_nothing_else_stays(tmp_path):
    with serving(ARCHIVE) as server:
        source = kermany(server)
        target = download(source, tmp_path / "dados")
        assert target == tmp_path / "dados" / "chest_xray" and is_complete(target)
        assert [path.name for path in target.parent.iterdir()] == ["chest_xray"]
        assert "covidcam/" in server.asked[0]["User-Agent"]
        assert download(source, tmp_path / "dados") == target
        assert len(server.asked) == 1


def test_a_source_without_a_sum_is_known_by_its_table_and_images(tmp_path):
    with serving(zipped(COHEN_FILES), chunked=True, continues=False) as server:
        target = download(cohen(server, len(TABLE)), tmp_path)
    assert files(target) == ["images/São.png", "metadata.csv"]
    assert (target / "metadata.csv").read_bytes() == TABLE.encode()


def test_a_table_of_another_length_is_refused(tmp_path):
    with serving(zipped(COHEN_FILES)) as server:
        message = refusal(cohen(server, len(TABLE) + 1), tmp_path)
    assert f"tem {len(TABLE)} caracteres; eram esperados {len(TABLE) + 1}" in message
    assert files(tmp_path) == []


def test_an_image_that_the_table_lists_and_did_not_come_is_named(tmp_path):
    content = {name: data for name, data in COHEN_FILES.items() if "images/" not in name}
    with serving(zipped(content)) as server:
        message = refusal(cohen(server, len(TABLE)), tmp_path)
    assert "Faltam 1 das 1 imagens" in message and "São.png" in message
    assert files(tmp_path) == []


def test_a_broken_connection_is_resumed_and_no_byte_comes_twice(tmp_path):
    with serving(ARCHIVE, cuts=[30_000, 20_000]) as server:
        assert is_complete(download(kermany(server), tmp_path))
    ranges = [request.get("Range") for request in server.asked]
    assert ranges == [None, "bytes=30000-", "bytes=50000-"]
    assert server.sent == SIZE


def test_a_connection_that_keeps_breaking_leaves_what_came_for_the_next_time(tmp_path):
    with serving(ARCHIVE, cuts=[30_000] + [0] * transfer.TRIES) as server:
        source = kermany(server)
        message = refusal(source, tmp_path)
        assert "5 vezes seguidas" in message and "30000 bytes" in message
        assert len(server.asked) == transfer.TRIES
        assert files(tmp_path) == ["baixados/kermany/acervo.zip.partial"]
        server.cuts.clear()
        assert is_complete(download(source, tmp_path))
        assert server.asked[-1]["Range"] == "bytes=30000-"
    assert server.sent == SIZE
    assert [path.name for path in tmp_path.iterdir()] == ["chest_xray"]


def test_as_long_as_something_new_comes_it_goes_on(tmp_path):
    with serving(ARCHIVE, cuts=[5_000] * (2 * transfer.TRIES)) as server:
        assert is_complete(download(kermany(server), tmp_path))
    assert server.sent == SIZE


@pytest.mark.parametrize("chunked", [True, False])
def test_a_server_that_cannot_resume_starts_over(tmp_path, chunked):
    with serving(ARCHIVE, cuts=[30_000], continues=False, chunked=chunked) as server:
        assert is_complete(download(kermany(server), tmp_path))
        assert [request.get("Range") for request in server.asked] == [None, "bytes=30000-"]
    assert server.sent == SIZE + 30_000


@pytest.mark.parametrize("have", [SIZE + 1, SIZE + 10])
@pytest.mark.parametrize("size", [SIZE, None])
def test_a_partial_file_that_cannot_be_continued_is_thrown_away(tmp_path, have, size):
    partial = tmp_path / "a.partial"
    partial.write_bytes(b"x" * have)
    with serving(ARCHIVE) as server:
        transfer.transfer(server.address, tmp_path / "a", partial=partial, size=size)
    assert (tmp_path / "a").read_bytes() == ARCHIVE and not partial.exists()


def test_a_temporary_refusal_is_tried_again(tmp_path):
    with serving(ARCHIVE, statuses=[503, 429]) as server:
        assert is_complete(download(kermany(server), tmp_path))
    assert len(server.asked) == 3


def test_a_wrong_sum_leaves_nothing(tmp_path):
    with serving(b"z" + ARCHIVE[1:]) as server:
        source = kermany(server, ARCHIVE)
        message = refusal(source, tmp_path)
    assert source.sha256 in message and "foi apagado" in message
    assert list(tmp_path.iterdir()) == []


def test_another_size_is_refused_before_anything_comes(tmp_path):
    with serving(ARCHIVE) as server:
        message = refusal(kermany(server, ARCHIVE + b"mais"), tmp_path)
    assert f"oferece {SIZE} bytes; eram esperados {SIZE + 4}" in message
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_says_how_to_fetch_by_hand_and_what_is_put_there_is_used(tmp_path):
    with serving(ARCHIVE, statuses=[403]) as server:
        source = kermany(server)
        message = refusal(source, tmp_path)
        by_hand = tmp_path / "baixados" / "ChestXRay2017.zip"
        for part in ("403", source.address, str(by_hand), "mesmo comando"):
            assert part in message
        assert list(tmp_path.iterdir()) == [] and len(server.asked) == 1
        by_hand.parent.mkdir()
        by_hand.write_bytes(ARCHIVE)
        assert is_complete(download(source, tmp_path))
        assert len(server.asked) == 1
    assert by_hand.read_bytes() == ARCHIVE
    assert files(tmp_path / "baixados") == ["ChestXRay2017.zip"]


def test_a_wrong_file_put_by_hand_is_refused_and_kept(tmp_path):
    by_hand = tmp_path / "baixados" / "ChestXRay2017.zip"
    by_hand.parent.mkdir()
    other = zipped(KERMANY_FILES | {"chest_xray/train/NORMAL/IM-0115-0001.jpeg": b"outra"})
    by_hand.write_bytes(other)
    with serving(ARCHIVE) as server:
        message = refusal(kermany(server), tmp_path)
    assert str(by_hand) in message and hashlib.sha256(other).hexdigest() in message
    assert by_hand.read_bytes() == other and not server.asked


def test_a_page_instead_of_the_file_is_a_refusal(tmp_path):
    with serving(b"<html>", content_type="text/html; charset=utf-8") as server:
        message = refusal(cohen(server, 1), tmp_path)
    assert "uma página" in message and "à mão" in message
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_archive_leaves_nothing(tmp_path):
    content = zipped(COHEN_FILES)
    with serving(content[: len(content) // 2]) as server:
        message = refusal(cohen(server, len(TABLE)), tmp_path)
    assert "cortado ou danificado" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../a.png", "/a.png", f"{PREFIX}images/../../../a.png", "C:\\a.png", "..\\a.png"],
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    folder = tmp_path / "a" / "dados"
    with serving(zipped(COHEN_FILES | {name: b"x"})) as server:
        message = refusal(cohen(server, len(TABLE)), folder)
    assert repr(name) in message and "sai da pasta" in message
    assert files(tmp_path) == []


def test_a_link_is_refused(tmp_path):
    link = f"{PREFIX}images/atalho.png"
    content = zipped(COHEN_FILES | {link: str(tmp_path).encode()}, links=[link])
    with serving(content) as server:
        message = refusal(cohen(server, len(TABLE)), tmp_path)
    assert link in message and "atalho" in message
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_would_grow_too_much_is_refused(tmp_path):
    files_ = COHEN_FILES | {f"{PREFIX}images/enorme.png": b"0" * 5_000}
    with serving(zipped(files_)) as server:
        message = refusal(cohen(server, len(TABLE), size=1_000), tmp_path)
    assert "o limite é 4000 bytes" in message
    assert list(tmp_path.iterdir()) == []


def test_too_many_names_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "MOST_MEMBERS", 2)
    with serving(zipped(COHEN_FILES)) as server:
        message = refusal(cohen(server, len(TABLE)), tmp_path)
    assert "tem 3 nomes; o limite é 2" in message


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_repeated_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/a.png", b"1")
        archive.writestr("x/a.png", b"2")
    with pytest.raises(DataError, match="mais de uma vez"):
        extraction.extract(tmp_path / "a.zip", tmp_path / "a", "x/", ["a"], most_bytes=10)


def test_an_archive_of_something_else_says_what_it_has(tmp_path):
    with serving(zipped({"outra/coisa.txt": b"x"})) as server:
        message = refusal(cohen(server, 1), tmp_path)
    assert PREFIX in message and "outra/coisa.txt" in message


def test_little_space_is_said_before_anything_comes(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=2 * SIZE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with serving(ARCHIVE) as server:
        source = kermany(server, size=2_000_000)
        message = refusal(source, tmp_path)
        assert "precisa de 4 MB livres" in message and "0 MB" in message
        assert list(tmp_path.iterdir()) == [] and not server.asked


FULL = """
import resource, sys
from local_source import kermany, serving
from covidcam.datasets.download import download
from test_download import ARCHIVE
with serving(ARCHIVE) as server:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    try:
        download(kermany(server), sys.argv[1])
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="o Windows não limita o tamanho dos arquivos")
def test_a_disk_that_fills_up_leaves_nothing(tmp_path):
    path = [path for path in sys.path if path]
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}{FULL}", tmp_path, "60000"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == f"DataError O disco de {tmp_path} encheu; nada ficou pela metade.\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_extraction_is_not_a_collection_and_is_not_fetched_again(
    tmp_path, monkeypatch
):
    copy, copied = shutil.copyfileobj, []

    def interrupt(source, out, length):
        if copied:
            raise KeyboardInterrupt
        copied.append(out.name)
        copy(source, out, length)

    with serving(ARCHIVE) as server:
        source = kermany(server)
        with monkeypatch.context() as patch:
            patch.setattr(extraction.shutil, "copyfileobj", interrupt)
            with pytest.raises(KeyboardInterrupt):
                download(source, tmp_path)
        assert len(copied) == 1
        assert files(tmp_path) == ["baixados/kermany/acervo.zip"]
        # como se tivesse sido morto sem tempo de limpar
        rest = tmp_path / "baixados" / "kermany" / "extraído" / "train" / "NORMAL"
        rest.mkdir(parents=True)
        (rest / "pela-metade.jpeg").write_bytes(b"x")
        (tmp_path / "baixados" / "kermany" / "tmpresto").write_bytes(b"x")
        assert is_complete(download(source, tmp_path))
        assert len(server.asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["chest_xray"]


def test_two_at_once_fetch_it_once(tmp_path):
    with serving(ARCHIVE) as server:
        source, done = kermany(server), []
        threads = [
            threading.Thread(target=lambda: done.append(download(source, tmp_path)))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [tmp_path / "chest_xray"] * 3
        assert len(server.asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["chest_xray"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "arquivo").write_bytes(b"")
    with serving(ARCHIVE) as server, pytest.raises(DataError, match="Não foi possível escrever"):
        download(kermany(server), tmp_path / "arquivo")
