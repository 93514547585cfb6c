"""As escolhas de quem roda o livro, lidas de variáveis de ambiente e só aqui.

======================  ==========================================================  ============
variável                o que escolhe                                               padrão
======================  ==========================================================  ============
``COVIDCAM_FONTE``      de onde vêm as imagens: ``fantoma`` ou ``real``             ``fantoma``
``COVIDCAM_DADOS``      pasta com os acervos reais, no leiaute dos autores          cache/dados
``COVIDCAM_PESOS``      pasta com os pesos ImageNet, nos arquivos do próprio Keras  cache do Keras
``COVIDCAM_TAMANHO``    ``2020`` (175 + 100 + 100 imagens) ou ``tudo``              ``2020``
``COVIDCAM_CACHE``      onde ficam os artefatos caros                               do sistema
======================  ==========================================================  ============
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path

from covidcam.errors import SettingsError

SOURCES = ("fantoma", "real")
SIZES = ("2020", "tudo")


@dataclass(frozen=True)
class Settings:
    """As escolhas em vigor; veja a tabela do módulo."""

    source: str
    data: Path
    weights: Path | None
    size: str
    cache: Path

    def with_phantoms(self) -> "Settings":
        """As mesmas escolhas com os fantomas do tamanho padrão como fonte.

        Serve às páginas que precisam da verdade de cada imagem, qualquer que seja a fonte do resto.
        """
        return replace(self, source="fantoma", size="2020")

    def environment(self) -> dict[str, str]:
        """As mesmas escolhas como variáveis de ambiente, com caminhos absolutos.

        Serve para passá-las a outro processo, que pode rodar em outra pasta.
        """
        variables = {
            "COVIDCAM_FONTE": self.source,
            "COVIDCAM_DADOS": str(self.data),
            "COVIDCAM_TAMANHO": self.size,
            "COVIDCAM_CACHE": str(self.cache),
        }
        if self.weights is not None:
            variables["COVIDCAM_PESOS"] = str(self.weights)
        return variables


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Lê as escolhas das variáveis ``COVIDCAM_*``.

    Parameters
    ----------
    environ : mapping of str to str
        De onde ler; por padrão, o ambiente do processo.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        Se uma variável tem um valor que não existe, ou aponta para uma pasta que não existe.

    Examples
    --------
    >>> read({}).source
    'fantoma'
    """
    cache = _folder(environ, "COVIDCAM_CACHE") or user_cache_path("covidcam", appauthor=False)
    data = _folder(environ, "COVIDCAM_DADOS")
    weights = _folder(environ, "COVIDCAM_PESOS")
    source = _choice(environ, "COVIDCAM_FONTE", SOURCES)
    if source == "real":
        _must_exist("COVIDCAM_DADOS", data)
    _must_exist("COVIDCAM_PESOS", weights)
    return Settings(
        source=source,
        data=data or cache / "dados",
        weights=weights,
        size=_choice(environ, "COVIDCAM_TAMANHO", SIZES),
        cache=cache,
    )


def _choice(environ: Mapping[str, str], name: str, accepted: tuple[str, ...]) -> str:
    value = environ.get(name) or accepted[0]
    if value not in accepted:
        raise SettingsError(f"{name}={value!r} não existe; os valores aceitos são {accepted}.")
    return value


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value).expanduser().resolve() if value else None


def _must_exist(name: str, folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"{name} aponta para {folder}, que não é uma pasta que exista.")
