"""A pasta dos resultados: uma parte por imagem, e as tabelas e o relatório que as juntam.

A parte de uma imagem (``partes/<chave>.json``) é escrita depois dos mapas dela e é a marca de que
ela está pronta. Assim uma execução interrompida se retoma, e as fatias de várias máquinas se
juntam: as tabelas e o relatório são sempre refeitos das partes das imagens pedidas. O que há na
pasta pode não ser nosso: nada é lido sem ser conferido, e nenhum atalho é seguido ao escrever.
"""

import importlib.metadata
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd
from filelock import FileLock

from covidcam import __version__
from covidcam.batch import report, safely, tables
from covidcam.batch.films import content_of
from covidcam.batch.inputs import OURS, REQUEST, Item
from covidcam.errors import InputError
from covidcam.models.notes import Notes
from covidcam.store import digest

DISCLAIMER = (
    "Isto não é um diagnóstico. A rede é um exercício de aprendizado e não passou por nenhum estudo"
    " clínico; nada aqui diz algo sobre a saúde de ninguém. Para isso, procure um serviço de saúde."
)
DONE, REFUSED = "explicada", "recusada"
ABANDONED = 600  # segundos: nenhum arquivo nosso leva tanto tempo a ser escrito
PICTURE = re.compile(r"[A-Za-z0-9+/]{4,400000}={0,2}")


def request_for(
    notes: Notes, fingerprint: str, methods: Sequence[str], label: str | None, images: str
) -> dict:
    """O que uma pasta de resultados tem de comum a todas as suas imagens.

    Parameters
    ----------
    notes : Notes
        As anotações da rede.
    fingerprint : str
        O resumo do arquivo do modelo.
    methods : sequence of str
    label : str or None
        A classe explicada; None é a prevista em cada imagem.
    images : str
        O resumo das pastas de onde as imagens vêm.

    Returns
    -------
    dict
    """
    return {
        "modelo": {
            "nome": notes.name,
            "arquivo": fingerprint,
            "treinado em": notes.source,
            "classes": list(notes.classes),
            # do filme de quem lê não se sabe de onde veio
            "diz a classe": bool(notes.names_classes(False)),
        },
        "métodos": list(methods),
        "classe explicada": label or "a prevista",
        "imagens": images,
        "versões": versions(),
    }


def versions() -> dict[str, str]:
    """As versões que um pedido anota.

    Returns
    -------
    dict of str to str
    """
    libraries = {name: importlib.metadata.version(name) for name in ("keras", "numpy")}
    return {"covidcam": __version__, **libraries}


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
        Se a pasta já tem resultados de outro pedido, ou uma das suas é um atalho.
    """

    def __init__(self, folder, request: dict):
        self.folder, self.request = Path(folder), request
        self.identity = digest(json.dumps(request, ensure_ascii=False, sort_keys=True))
        self.owned = False
        for name in OURS:
            safely.refuse_link(self.folder / name)
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        safely.refuse_link(self.folder / ".trava")
        self.lock = FileLock(self.folder / ".trava")
        with self.lock:
            # um pedido que falhou antes da primeira imagem não prende a pasta
            if any((self.folder / "partes").glob("[!.]*.json")):
                self._check_request()
            else:
                self.write(REQUEST, _json(request))

    def _check_request(self) -> None:
        found = safely.read_json(self.folder / REQUEST)
        if found == self.request:
            return
        if not isinstance(found, dict) or not set(found) >= set(self.request):
            raise InputError(
                f"Em {self.folder} há resultados, mas o seu {REQUEST} não é o que este programa"
                " escreve; escolha outra --saida."
            )
        names = {"imagens": "as pastas das imagens"}
        different = [names.get(k, k) for k in self.request if found[k] != self.request[k]]
        raise InputError(
            f"A pasta {self.folder} tem resultados de outro pedido (diferem:"
            f" {', '.join(different)}); escolha outra --saida."
        )

    def write(self, name: str, content: bytes) -> int:
        """Escreve um arquivo que só aparece quando está completo.

        Parameters
        ----------
        name : str
            O caminho dele na pasta.
        content : bytes

        Returns
        -------
        int
            Quantos bytes tem.
        """
        safely.write(self.folder / name, content)
        return len(content)

    def write_part(
        self, item: Item, content: str, row: dict, pictures: dict, sizes: dict[str, int]
    ) -> None:
        """Marca uma imagem como pronta, ou como recusada.

        Parameters
        ----------
        item : Item
        content : str
            O resumo do conteúdo do arquivo.
        row : dict
            A linha dela nas tabelas.
        pictures : dict of str to str
            As miniaturas do relatório, em base64.
        sizes : dict of str to int
            Os arquivos escritos para ela e quantos bytes têm.

        Raises
        ------
        InputError
            Se outra execução tomou a pasta antes da primeira imagem desta.
        """
        part = {
            "pedido": self.identity,
            "conteúdo": content,
            "linha": row,
            "miniaturas": pictures,
            "bytes": sizes,
        }
        encoded = _json(part, indent=None)
        if self.owned:
            self.write(f"partes/{item.key}.json", encoded)
            return
        with self.lock:  # há uma parte: de agora em diante, quem chegar vê de quem é a pasta
            self._check_request()
            self.write(f"partes/{item.key}.json", encoded)
        self.owned = True

    def read_part(self, item: Item) -> dict | None:
        """A parte de uma imagem, se é deste pedido e está inteira.

        Parameters
        ----------
        item : Item

        Returns
        -------
        dict or None
        """
        part = safely.read_json(self.folder / "partes" / f"{item.key}.json")
        try:
            if part["pedido"] != self.identity or part["linha"]["arquivo"] != item.name:
                return None
            kinds = self.columns()
            row, pictures = part["linha"], part["miniaturas"]
            fits = list(row) == list(kinds) and all(
                value is None or kinds[name](value) for name, value in row.items()
            )
            if row["situacao"] == REFUSED:
                return part if fits and row["motivo"] else None
            always = ("estranheza", "confianca_dos_pulmoes", "parte_dos_pulmoes")
            flat = [f"plano_{method}" for method in self.request["métodos"]]
            fits &= row["situacao"] == DONE and None not in [row[n] for n in (*always, *flat)]
            fits &= self._files(item) == {name: row[name] for name in self._files(item)}
            fits &= {"filme", *self.request["métodos"]} == set(pictures)
            fits &= all(PICTURE.fullmatch(picture) for picture in pictures.values())
            return part if fits else None
        except (KeyError, TypeError, AttributeError):
            return None

    def is_done(self, item: Item) -> bool:
        """Se a imagem já foi explicada, os seus arquivos estão inteiros e ela não mudou.

        Parameters
        ----------
        item : Item

        Returns
        -------
        bool
        """
        part = self.read_part(item)
        if part is None or part["linha"]["situacao"] != DONE:
            return False
        try:
            written = self._files(item).values()
            sizes = [(self.folder / name).lstat().st_size for name in written]
            whole = sizes == [part["bytes"][name] for name in written]
        except (OSError, KeyError, TypeError):
            return False
        return whole and part["conteúdo"] == content_of(item.path)

    def finish(self, items: Sequence[Item]) -> pd.DataFrame:
        """Junta as partes em ``resultados.csv``, ``resultados.json`` e ``relatorio.html``.

        Parameters
        ----------
        items : sequence of Item
            As imagens pedidas, as de todas as fatias; as outras da pasta ficam de fora.

        Returns
        -------
        DataFrame
            Uma linha por imagem que já tem parte, em ordem de nome.
        """
        with self.lock:  # a última fatia a terminar vê as partes de todas
            self._check_request()
            ordered = sorted(items, key=lambda item: (item.name, item.key))
            ready, rows = [], []
            for item in ordered:
                if part := self.read_part(item):  # as miniaturas, o relatório as lê uma a uma
                    ready.append(item)
                    rows.append(part["linha"])
            table = pd.DataFrame(rows, columns=list(self.columns()))
            tables.write(table, self.folder / "resultados.csv")
            whole = {"aviso": DISCLAIMER, "pedido": self.request, "imagens": rows}
            self.write("resultados.json", _json(whole))
            report.write(
                self.folder,
                self.request,
                DISCLAIMER,
                rows,
                lambda position: self.read_part(ready[position])["miniaturas"],
                missing=len(items) - len(ready),
            )
            self._sweep()
        return table

    def _sweep(self) -> None:
        """Tira o que uma execução morta deixou por completar."""
        for folder in (self.folder, *(self.folder / name for name in OURS)):
            for path in folder.glob(f".*{safely.PARTIAL}"):
                with suppress(OSError):
                    if path.lstat().st_mtime < time.time() - ABANDONED:
                        path.unlink()

    def _files(self, item: Item) -> dict[str, str]:
        """Coluna -> arquivo, a partir da pasta, de cada mapa de uma imagem."""
        return {
            name: path
            for method in self.request["métodos"]
            for name, path in (
                (f"mapa_{method}", f"mapas/{item.key}.{method}.npy"),
                (f"sobreposicao_{method}", f"sobreposicoes/{item.key}.{method}.png"),
            )
        }

    def columns(self) -> dict[str, Callable]:
        """As colunas das tabelas, na ordem, e o que confere um valor de cada uma.

        Returns
        -------
        dict of str to callable
        """
        texts = ("arquivo", "situacao", "motivo", "aviso", "leitura", "no_treino")
        columns = dict.fromkeys(texts, _is_text)
        columns["estranheza"] = _is_number
        columns |= dict.fromkeys(("confianca_dos_pulmoes", "parte_dos_pulmoes"), _is_number)
        columns["classe_explicada"] = _is_text
        for method in self.request["métodos"]:
            columns[f"energia_nos_pulmoes_{method}"] = _is_number
            columns[f"plano_{method}"] = _is_flag
            columns |= dict.fromkeys((f"mapa_{method}", f"sobreposicao_{method}"), _is_text)
        if self.request["modelo"]["diz a classe"]:
            columns["classe"] = _is_text
            for label in self.request["modelo"]["classes"]:
                columns[f"probabilidade_{label}"] = _is_number
        return columns | dict.fromkeys(("conteudo", "modelo", "covidcam", "keras"), _is_text)


def _is_text(value) -> bool:
    return isinstance(value, str) and len(value) < 10_000


def _is_flag(value) -> bool:
    return isinstance(value, bool)


def _is_number(value) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) < 1e9


def _json(value: dict, indent: int | None = 1) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False).encode()
