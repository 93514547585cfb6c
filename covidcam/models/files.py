"""Guardar e abrir redes: um arquivo ``.keras`` com o que é preciso para usá-lo direito dentro."""

import json
import math
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from covidcam.errors import ModelError
from covidcam.settings import SOURCES
from covidcam.store import library_versions

if TYPE_CHECKING:
    import keras

ENTRY = "covidcam.json"
NEEDED = {"name", "classes", "input_shape", "range", "source", "versions"}


def describe(model: "keras.Model", classes: Sequence[str], source: str) -> "keras.Model":
    """Anota numa rede, em ``model.covidcam``, o que é preciso para usá-la direito.

    Parameters
    ----------
    model : keras.Model
    classes : sequence of str
        Na ordem das saídas.
    source : str
        De onde vieram as imagens do treino: ``"fantoma"`` ou ``"real"``.

    Returns
    -------
    keras.Model
        A mesma rede.
    """
    model.covidcam = {
        "name": model.name,
        "classes": list(classes),
        "input_shape": list(model.input_shape[1:]),
        "range": [0, 255],
        "source": source,
        "versions": library_versions(),
    }
    return model


def save(model: "keras.Model", path: str | os.PathLike) -> Path:
    """Guarda uma rede anotada por `describe` num arquivo ``.keras``.

    Parameters
    ----------
    model : keras.Model
    path : path-like
        Termina em ``.keras``; só aparece quando está completo.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        Se a rede não foi anotada ou o nome não termina em ``.keras``.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelError(f"O arquivo de modelo {path} deve terminar em .keras.")
    if not getattr(model, "covidcam", None):
        raise ModelError(f"A rede {model.name} não foi anotada com covidcam.models.describe.")
    partial = path.with_name(f".{path.stem}.partial.keras")
    try:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(ENTRY, json.dumps(dict(model.covidcam), ensure_ascii=False, indent=1))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load(path: str | os.PathLike) -> "keras.Model":
    """Abre uma rede guardada por `save`, sem nunca executar código que venha no arquivo.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    keras.Model
        Com ``model.covidcam``: nome, classes em ordem, forma e faixa da entrada, fonte, versões.

    Raises
    ------
    ModelError
        Se o arquivo não existe, não é um ``.keras``, traz código, ou as anotações faltam ou não
        combinam com a rede.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"O arquivo de modelo {path} não existe.")
    if path.suffix != ".keras":  # pelo nome o Keras escolhe outros leitores, de formatos antigos
        raise ModelError(f"O arquivo de modelo {path} deve terminar em .keras.")
    metadata = _read_metadata(path)
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # o Keras levanta de tudo para arquivos estragados ou hostis
        raise ModelError(f"O modelo {path} não pôde ser aberto em modo seguro: {error}") from error
    outputs = 2 if model.output_shape[-1] == 1 else model.output_shape[-1]
    found = (list(model.input_shape[1:]), outputs)
    expected = (metadata["input_shape"], len(metadata["classes"]))
    if found != expected:
        raise ModelError(
            f"O modelo {path} tem entrada {found[0]} e {found[1]} classes, mas as suas anotações"
            f" dizem {expected[0]} e {expected[1]}."
        )
    model.covidcam = metadata
    return model


def _read_metadata(path: Path) -> dict:
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read(ENTRY))
    except zipfile.BadZipFile as error:
        raise ModelError(f"O arquivo {path} não é um modelo .keras inteiro ({error}).") from error
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"O modelo {path} não traz as anotações do covidcam ({ENTRY}); só se abrem modelos"
            " guardados por covidcam.models.save."
        ) from error
    if missing := NEEDED - set(metadata if isinstance(metadata, dict) else ()):
        raise ModelError(f"Nas anotações do modelo {path} faltam {sorted(missing)}.")
    for key, (fits, wanted) in FORMS.items():
        if not fits(metadata[key]):
            raise ModelError(
                f"Nas anotações do modelo {path}, {key} é {str(metadata[key])[:80]}; deve ser"
                f" {wanted}."
            )
    return metadata


def _is_text(value):
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= 80


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value, fits, least):
    return isinstance(value, list) and len(value) >= least and all(map(fits, value))


def _is_range(value):
    return _is_list(value, _is_number, 2) and len(value) == 2 and value[0] < value[1]


FORMS = {
    "name": (_is_text, "um nome"),
    "source": (lambda value: value in SOURCES, " ou ".join(SOURCES)),
    "classes": (
        lambda value: _is_list(value, _is_text, 2) and len(set(value)) == len(value),
        "uma lista de nomes diferentes",
    ),
    "range": (_is_range, "um par de números em ordem crescente"),
}
