"""Guardar e abrir redes: um arquivo ``.keras`` com o que é preciso para usá-lo direito dentro."""

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from covidcam.errors import ModelError
from covidcam.models.notes import Notes, from_json, to_json

if TYPE_CHECKING:
    import keras

ENTRY = "covidcam.json"


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
            archive.writestr(ENTRY, to_json(model.covidcam))
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
        Com as anotações, `Notes`, em ``model.covidcam``.

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
    notes = _read_notes(path)
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # o Keras levanta de tudo para arquivos estragados ou hostis
        raise ModelError(f"O modelo {path} não pôde ser aberto em modo seguro: {error}") from error
    outputs = 2 if model.output_shape[-1] == 1 else model.output_shape[-1]
    found = (tuple(model.input_shape[1:]), outputs)
    expected = (notes.input_shape, len(notes.classes))
    if found != expected:
        raise ModelError(
            f"O modelo {path} tem entrada {found[0]} e {found[1]} classes, mas as suas anotações"
            f" dizem {expected[0]} e {expected[1]}."
        )
    model.covidcam = notes
    return model


def _read_notes(path: Path) -> Notes:
    try:
        with zipfile.ZipFile(path) as archive:
            return from_json(archive.read(ENTRY), f"modelo {path}")
    except zipfile.BadZipFile as error:
        raise ModelError(f"O arquivo {path} não é um modelo .keras inteiro ({error}).") from error
    except ModelError:
        raise
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"O modelo {path} não traz as anotações do covidcam ({ENTRY}); só se abrem modelos"
            " guardados por covidcam.models.save."
        ) from error
