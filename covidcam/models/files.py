"""Guardar e abrir redes: um arquivo ``.keras`` com o que é preciso para usá-lo direito dentro."""

import json
import math
import os
import secrets
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from covidcam.errors import ModelError, one_line
from covidcam.models.notes import Notes, from_json, to_json

if TYPE_CHECKING:
    import keras

ENTRY, WEIGHTS = "covidcam.json", "model.weights.h5"
LONGEST_SIDE = 4096  # pixels da entrada de uma rede
LARGEST = 4_000_000_000  # bytes de uma parte do arquivo
LARGEST_TEXT = 20_000_000
MOST_INFLATED = 20  # vezes; o Keras guarda sem comprimir
LARGEST_MAP = 100_000_000  # números por imagem, 400 MB; na VGG16 com 1024 de lado são 67 milhões


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
    # sorteado: um nome previsível podia ser um atalho, posto ali, para outro arquivo
    partial = path.with_name(f".{path.stem[:60]}.{secrets.token_hex(6)}.partial.keras")
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
    notes = read_notes(path)
    import keras

    try:
        _check_size(path)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except ModelError:
        raise
    except Exception as error:  # o Keras levanta de tudo para arquivos estragados ou hostis
        raise ModelError(
            f"O modelo {path} não pôde ser aberto em modo seguro: {_why(path)}."
        ) from error
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


def read_notes(path: str | os.PathLike) -> Notes:
    """Lê as anotações de uma rede guardada por `save`, sem a abrir.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    covidcam.models.Notes

    Raises
    ------
    ModelError
        Se o arquivo não existe, não é um ``.keras``, promete mais do que cabe na memória, ou as
        anotações faltam ou não são o que se espera.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"O arquivo de modelo {path} não existe.")
    if path.suffix != ".keras":  # pelo nome o Keras escolhe outros leitores, de formatos antigos
        raise ModelError(f"O arquivo de modelo {path} deve terminar em .keras.")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive, path)
            notes = from_json(archive.read(ENTRY), f"modelo {path}")
    except ModelError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise ModelError(f"O arquivo {path} não é um modelo .keras inteiro.") from error
    except (KeyError, ValueError, RecursionError, RuntimeError) as error:
        raise ModelError(
            f"O modelo {path} não traz as anotações do covidcam ({ENTRY}); só se abrem modelos"
            " guardados por covidcam.models.save."
        ) from error
    if any(side is not None and not 0 < side <= LONGEST_SIDE for side in notes.input_shape):
        raise ModelError(
            f"O modelo {path} diz receber imagens de {notes.input_shape}; aceitam-se lados de 1 a"
            f" {LONGEST_SIDE}."
        )
    return notes


def _check_entries(archive, path):
    """Nenhuma parte do arquivo, aberta, é maior do que uma rede pode ser."""
    for entry in archive.infolist():
        limit = LARGEST_TEXT if entry.filename.endswith(".json") else LARGEST
        if entry.file_size > limit or entry.file_size > MOST_INFLATED * entry.compress_size + 4096:
            raise ModelError(
                f"No modelo {path}, {one_line(entry.filename)[:80]} diz ter"
                f" {entry.file_size / 1e6:.0f} MB em {entry.compress_size / 1e6:.1f} MB do arquivo;"
                f" aceitam-se até {limit / 1e6:.0f} MB, comprimidos até {MOST_INFLATED} vezes."
            )


def _check_size(path):
    """A rede, feita sem pesos, mostra quanto ocuparia antes de ocupar."""
    import h5py
    import keras

    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        weights = archive.getinfo(WEIGHTS).file_size
        with archive.open(WEIGHTS) as file, h5py.File(file) as arrays:
            sizes = []
            arrays.visititems(lambda _, one: sizes.append(getattr(one, "nbytes", 0)))
    if sum(sizes) > MOST_INFLATED * weights:
        raise ModelError(
            f"O modelo {path} traz {weights / 1e6:.1f} MB de pesos que abertos seriam"
            f" {sum(sizes) / 1e6:.0f} MB."
        )
    with _never_initialized(), keras.StatelessScope(initialize_variables=False):
        empty = keras.saving.deserialize_keras_object(config, safe_mode=True)
    needed = sum(math.prod(variable.shape) for variable in empty.variables)
    if needed > weights:  # cada número ocupa ao menos um byte
        raise ModelError(
            f"O modelo {path} declara {needed / 1e6:.0f} milhões de pesos e traz"
            f" {weights / 1e6:.1f} MB deles."
        )
    largest = max(math.prod(side or 1 for side in out.shape) for out in _outputs(empty))
    if largest > LARGEST_MAP:
        raise ModelError(
            f"O modelo {path} faria mapas de {largest / 1e6:.0f} milhões de números por imagem;"
            f" aceitam-se até {LARGEST_MAP / 1e6:.0f} milhões."
        )


@contextmanager
def _never_initialized():
    """Esquece as variáveis que se declararem, que o Keras faria de verdade na rede seguinte."""
    from keras.src.backend.common import global_state

    waiting = "uninitialized_variables"
    before = list(global_state.get_global_attribute(waiting) or [])
    try:
        yield
    finally:
        global_state.set_global_attribute(waiting, before)


def _outputs(model):
    """As saídas de todas as camadas, também as de dentro dos modelos aninhados."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _outputs(layer)
        for node in layer._inbound_nodes:
            yield from node.output_tensors


def _why(path):
    """Em que o arquivo não é uma rede que se abra, no que dele se pode ler."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return "o arquivo está estragado"
            foreign = sorted(set(_foreign(json.loads(archive.read("config.json")))))
    except Exception:  # o que o Keras já recusou pode falhar aqui de qualquer modo
        return "o arquivo está incompleto ou estragado"
    if foreign:
        return f"traz {one_line(', '.join(foreign))[:200]}, que só abriria executando código dele"
    return "a rede descrita não é das que o Keras instalado sabe fazer, ou os pesos não são os dela"


def _foreign(config):
    """As camadas que não são do Keras, ou são as que guardam código."""
    if isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module")
        if isinstance(name, str):
            if name in ("Lambda", "function", "__lambda__", "TFSMLayer"):
                yield name
            elif not str(module or "keras").startswith(("keras", "builtins")):
                yield f"{module}.{name}"
            elif config.get("registered_name") not in (None, name):
                yield str(config["registered_name"])
        for value in config.values():
            yield from _foreign(value)
    elif isinstance(config, list):
        for value in config:
            yield from _foreign(value)
