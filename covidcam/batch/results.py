"""A pasta dos resultados: uma parte por imagem, e as tabelas e o relatório que as juntam.

A parte de uma imagem (``partes/<chave>.json``) é escrita depois dos mapas dela e é a marca de que
ela está pronta. Assim uma execução interrompida se retoma, e as fatias de várias máquinas se
juntam: as tabelas e o relatório são sempre refeitos de todas as partes que a pasta tem.
"""

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from filelock import FileLock

from covidcam import __version__
from covidcam.batch import report
from covidcam.batch.inputs import Item
from covidcam.errors import InputError

if TYPE_CHECKING:
    import keras

DISCLAIMER = (
    "Isto não é um diagnóstico. A rede é um exercício de aprendizado e não passou por nenhum estudo"
    " clínico; nada aqui diz algo sobre a saúde de ninguém. Para isso, procure um serviço de saúde."
)
FORMULA = r"^([=+\-@\t])"
DONE, REFUSED = "explicada", "recusada"


def request_for(
    model: "keras.Model", methods: Sequence[str], label: str | None, fingerprint: str
) -> dict:
    """O que uma pasta de resultados tem de comum a todas as suas imagens.

    Parameters
    ----------
    model : keras.Model
        Com as anotações de `covidcam.models.load`.
    methods : sequence of str
    label : str or None
        A classe explicada; None é a prevista em cada imagem.
    fingerprint : str
        O resumo do arquivo do modelo.

    Returns
    -------
    dict
    """
    versions = {name: importlib.metadata.version(name) for name in ("keras", "numpy")}
    return {
        "modelo": {
            "nome": model.covidcam.name,
            "arquivo": fingerprint,
            "treinado em": model.covidcam.source,
            "classes": list(model.covidcam.classes),
            # do filme de quem lê não se sabe de onde veio
            "diz a classe": bool(model.covidcam.names_classes(False)),
        },
        "métodos": list(methods),
        "classe explicada": label or "a prevista",
        "versões": {"covidcam": __version__, **versions},
    }


class Output:
    """Uma pasta de resultados, que pertence a um só pedido.

    Parameters
    ----------
    folder : path-like
        É criada se não existe.
    request : dict
        O que `request_for` devolve.

    Raises
    ------
    InputError
        Se a pasta já tem resultados de outro pedido.
    """

    def __init__(self, folder: str | os.PathLike, request: dict):
        self.folder, self.request = Path(folder), request
        for name in ("partes", "mapas", "sobreposicoes"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(self.folder / ".trava")
        asked = self.folder / "pedido.json"
        with self.lock:
            if not asked.exists() or not self._parts():  # um pedido que falhou não prende a pasta
                self.write("pedido.json", _json(request))
            elif (found := json.loads(asked.read_text("utf-8"))) != request:
                different = [key for key in request if found.get(key) != request[key]]
                raise InputError(
                    f"A pasta {self.folder} tem resultados de outro pedido (diferem:"
                    f" {', '.join(different)}); escolha outra --saida."
                )

    def write(self, name: str, content: bytes) -> None:
        """Escreve um arquivo que só aparece quando está completo.

        Parameters
        ----------
        name : str
            O caminho dele na pasta.
        content : bytes
        """
        path = self.folder / name
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(content)
        os.replace(partial, path)

    def write_part(self, item: Item, digest: str, row: dict, pictures: dict) -> None:
        """Marca uma imagem como pronta, ou como recusada.

        Parameters
        ----------
        item : Item
        digest : str
            O resumo do conteúdo do arquivo.
        row : dict
            A linha dela nas tabelas.
        pictures : dict of str to str
            As miniaturas do relatório, em base64.
        """
        part = {"conteúdo": digest, "linha": row, "miniaturas": pictures}
        self.write(f"partes/{item.key}.json", _json(part, indent=None))

    def is_done(self, item: Item) -> bool:
        """Se a imagem já foi explicada e não mudou desde então.

        Parameters
        ----------
        item : Item

        Returns
        -------
        bool
        """
        try:
            part = json.loads((self.folder / "partes" / f"{item.key}.json").read_bytes())
            row = part["linha"]
            written = [
                row[f"{kind}_{method}"]
                for kind in ("mapa", "sobreposicao")
                for method in self.request["métodos"]
            ]
            return (
                row["situacao"] == DONE
                and part["conteúdo"] == content_of(item.path)
                and all((self.folder / name).is_file() for name in written)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False  # não há parte, ou ela foi estragada: faz-se de novo

    def finish(self) -> pd.DataFrame:
        """Junta as partes em ``resultados.csv``, ``resultados.json`` e ``relatorio.html``.

        Returns
        -------
        DataFrame
            Uma linha por imagem, em ordem de nome.
        """
        with self.lock:  # a última fatia a terminar vê as partes de todas
            files = self._parts()
            rows = [json.loads(file.read_bytes())["linha"] for file in files]
            order = sorted(range(len(rows)), key=lambda i: (rows[i]["arquivo"], files[i].name))
            rows, files = [rows[i] for i in order], [files[i] for i in order]
            table = pd.DataFrame(rows, columns=self.columns())
            # um nome que começa como fórmula seria calculado pela planilha que abrisse a tabela
            plain = table.assign(arquivo=table["arquivo"].str.replace(FORMULA, r"'\1", regex=True))
            self.write("resultados.csv", plain.to_csv(index=False).encode())
            whole = {"aviso": DISCLAIMER, "pedido": self.request, "imagens": rows}
            self.write("resultados.json", _json(whole))
            partial = self.folder / ".relatorio.html.partial"
            report.write(partial, self.request, DISCLAIMER, rows, _pictures(files))
            os.replace(partial, self.folder / "relatorio.html")
        return table

    def _parts(self) -> list[Path]:
        return sorted((self.folder / "partes").glob("[!.]*.json"))

    def columns(self) -> list[str]:
        """As colunas das tabelas, na ordem.

        Returns
        -------
        list of str
        """
        columns = ["arquivo", "situacao", "motivo", "aviso", "estranheza"]
        columns += ["confianca_dos_pulmoes", "parte_dos_pulmoes"]
        for method in self.request["métodos"]:
            columns += [f"{quantity}_{method}" for quantity in ("energia_nos_pulmoes", "plano")]
            columns += [f"mapa_{method}", f"sobreposicao_{method}"]
        if self.request["modelo"]["diz a classe"]:
            columns.append("classe")
            columns += [f"probabilidade_{label}" for label in self.request["modelo"]["classes"]]
        return [*columns, "modelo", "covidcam", "keras"]


def content_of(path: str | os.PathLike) -> str:
    """Resume o conteúdo de um arquivo comum.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str
        Vazio quando ele não pode ser lido.
    """
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return ""


def _pictures(files: Sequence[Path]) -> Iterator[dict[str, str]]:
    for file in files:
        yield json.loads(file.read_bytes())["miniaturas"]


def _json(value: dict, indent: int | None = 1) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False).encode()
