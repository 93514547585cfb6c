"""Um pedido inteiro: quem o tem faz qualquer parte dele, em qualquer processo, e junta todas."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from covidcam import settings as choices
from covidcam.batch import record
from covidcam.batch.films import content_of, size_of
from covidcam.batch.inputs import Found, collect, share
from covidcam.batch.results import Output, request_for
from covidcam.batch.work import Tools, run
from covidcam.errors import InputError, one_line
from covidcam.settings import Settings

if TYPE_CHECKING:
    import keras

    from covidcam.models import Notes


@dataclass(frozen=True)
class Job:
    """As imagens de alguém, a rede que as explica e a pasta dos resultados.

    Só guarda nomes e escolhas: vai de um processo a outro por `pickle`. Quem o divide entre
    máquinas é `covidcam.batch.cluster`.

    Attributes
    ----------
    paths : sequence of str
        Imagens e pastas.
    folder : str
        A dos resultados.
    model : str or None
        Um ``.keras`` de `covidcam.models.save`; None é a rede de demonstração, treinada só com
        fantomas, na primeira vez, e guardada no depósito.
    methods : sequence of str
        Nomes de `covidcam.cam.METHODS`.
    label : str or None
        A classe explicada; None é a prevista em cada imagem.
    settings : Settings

    Examples
    --------
    >>> import pickle
    >>> job = Job(["a.png"], "mapas", methods=["layer-cam"])
    >>> pickle.loads(pickle.dumps(job)) == job
    True
    """

    paths: Sequence[str]
    folder: str
    model: str | None = None
    methods: Sequence[str] = ("grad-cam",)
    label: str | None = None
    settings: Settings = field(default_factory=choices.read)

    @functools.cached_property
    def found(self) -> Found:
        """As imagens, e o que ficou de fora das pastas."""
        return collect(self.paths, self.folder)

    @functools.cached_property
    def file(self) -> Path:
        """O arquivo do modelo."""
        if self.model is not None:
            return Path(self.model)
        from covidcam import artefacts

        return artefacts.model_2(self.settings.with_phantoms()).file

    @functools.cached_property
    def notes(self) -> "Notes":
        """As anotações do modelo, lidas sem o abrir."""
        from covidcam import models

        return models.read_notes(self.file)

    def prepare(self) -> Tools:
        """Confere o pedido e prepara o que olha as imagens, o que na primeira vez leva minutos.

        Returns
        -------
        Tools

        Raises
        ------
        InputError, ModelError
            Como `open` e `Output`.
        """
        model = self.open()
        self._output()  # recusa a pasta de outro pedido antes da espera
        return tools_for(model, self.file, self.settings)

    def open(self) -> "keras.Model":
        """Abre a rede, conferida.

        Returns
        -------
        keras.Model

        Raises
        ------
        InputError
            Se a rede não conhece a classe pedida.
        ModelError
            Como `covidcam.models.load`, ou se ela não recebe imagens de um só tamanho.
        """
        if self.label is not None and self.label not in self.notes.classes:
            raise InputError(
                f"O modelo não conhece a classe {self.label!r}; conhece"
                f" {', '.join(self.notes.classes)}."
            )
        model = opened(self.file, content_of(self.file))
        size_of(model)
        return model

    def run(self, part: int = 0, of: int = 1) -> list[tuple[str, str]]:
        """Explica uma parte das imagens, a menos das que já estão prontas.

        Parameters
        ----------
        part : int
            De 0 a ``of`` - 1.
        of : int
            Entre quantos o trabalho se divide.

        Returns
        -------
        list of (str, str)
            O nome de cada imagem recusada e o motivo.

        Raises
        ------
        InputError, ModelError
            Como `collect`, `share`, `open` e `Output`.
        """
        mine = share(self.found.items, part, of)
        tools = self.prepare()
        refused = run(mine, self._output(), tools, self.label)
        return [(item.name, one_line(refusal)) for item, refusal in refused]

    def finish(self) -> pd.DataFrame:
        """Junta o que já está pronto nas tabelas e no relatório.

        Returns
        -------
        DataFrame
            Uma linha por imagem pronta ou recusada.
        """
        return self._output().finish(self.found.items)

    @property
    def request(self) -> dict:
        """O que a pasta dos resultados tem de comum a todas as imagens, como em `Output`."""
        fingerprint = content_of(self.file)
        return request_for(self.notes, fingerprint, self.methods, self.label, self.found.identity)

    def _output(self) -> Output:
        return Output(self.folder, self.request)


@functools.lru_cache(maxsize=1)
def opened(file: Path, content: str) -> "keras.Model":
    """Uma rede, aberta uma vez por processo enquanto o arquivo for o mesmo.

    Parameters
    ----------
    file : Path
    content : str
        O resumo do arquivo.

    Returns
    -------
    keras.Model
    """
    from covidcam import models

    return models.load(file)


def tools_for(model: "keras.Model", file: str | os.PathLike, settings: Settings) -> Tools:
    """O que olha as imagens: a rede, quem acha os pulmões e os filmes conhecidos.

    Na primeira vez os dois últimos são feitos, o que leva de três a quatro minutos.

    Parameters
    ----------
    model : keras.Model
    file : path-like
        De onde a rede veio: ao lado pode haver o registro do treino.
    settings : Settings

    Returns
    -------
    Tools
    """
    from covidcam import artefacts, lungs

    return Tools(
        model,
        lungs.Finder(settings, closer=False),  # da máscara e da confiança; as caixas, não
        artefacts.usual_films(settings).strangeness,
        record.seen(file),
    )
