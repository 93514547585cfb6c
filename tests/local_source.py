"""Uma fonte de dados nesta máquina: um servidor HTTP que se comporta como se pede."""

import contextlib
import hashlib
import io
import stat
import threading
import zipfile
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from covidcam.datasets.sources import SOURCES

KERMANY_FILES = {
    "chest_xray/train/NORMAL/IM-0115-0001.jpeg": b"n" * 40_000,
    "chest_xray/test/PNEUMONIA/person1_virus_6.jpeg": b"p" * 50_000,
    "chest_xray/train/NORMAL/.DS_Store": b"x",
    "__MACOSX/chest_xray/train/._NORMAL": b"x",
}
KERMANY_WANTED = ["test/PNEUMONIA/person1_virus_6.jpeg", "train/NORMAL/IM-0115-0001.jpeg"]


@dataclass
class Server:
    """O que o servidor entrega, como, e o que lhe pediram.

    ``cuts`` são os bytes que saem em cada resposta antes de a conexão cair; acabados os cortes,
    sai tudo. ``statuses`` são as respostas dos primeiros pedidos. Com ``chunked`` o tamanho não é
    dito, e sem ``continues`` um ``Range`` não é atendido: é como o GitHub entrega um commit.
    """

    content: bytes
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    continues: bool = True
    chunked: bool = False
    content_type: str = "application/zip"
    asked: list[dict] = field(default_factory=list)
    sent: int = 0
    address: str = ""


@contextlib.contextmanager
def serving(content, **behaviour):
    server = Server(content, **behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.close_connection = True
            server.asked.append(dict(self.headers))
            if server.statuses:
                self.send_error(server.statuses.pop(0))
                return
            start = 0
            if server.continues and (asked := self.headers.get("Range")):
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            total = len(server.content)
            if start and start >= total:
                self.send_error(416)
                return
            body = server.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", server.content_type)
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.end_headers()
            if server.chunked:
                self.wfile.write(f"{len(body):x}\r\n".encode())
                ending = b"\r\n0\r\n\r\n"
            else:
                ending = b""
            if server.cuts:
                body, ending = body[: server.cuts.pop(0)], b""
            self.wfile.write(body + ending)
            server.sent += len(body)

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.address = f"http://127.0.0.1:{http.server_port}/acervo.zip"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def zipped(files, links=()):
    """Os bytes de um zip sem compressão; os nomes em ``links`` são atalhos."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            kind = stat.S_IFLNK if name in links else stat.S_IFREG
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def kermany(server, content=None, **changes):
    """O acervo com soma publicada, entregue por um servidor local."""
    content = server.content if content is None else content
    digest = hashlib.sha256(content).hexdigest()
    return replace(
        SOURCES["kermany"],
        **{"address": server.address, "size": len(content), "sha256": digest} | changes,
    )


def cohen(server, table_length, **changes):
    """O acervo sem soma publicada, entregue por um servidor local."""
    return replace(
        SOURCES["cohen"],
        **{"address": server.address, "size": 1_000_000, "table_length": table_length} | changes,
    )
