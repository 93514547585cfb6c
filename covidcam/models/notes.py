"""O que acompanha uma rede para que se possa usá-la direito, e o que ela pode dizer de quem."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from covidcam.errors import ModelError
from covidcam.settings import SOURCES
from covidcam.store import library_versions

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Notes:
    """As anotações de uma rede, em ``model.covidcam``.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Na ordem das saídas.
    input_shape : tuple
        Altura, largura e canais das imagens.
    range : tuple of float
        O menor e o maior valor de um pixel.
    source : str
        De onde vieram as imagens do treino: ``"fantoma"`` ou ``"real"``.
    versions : dict of str to str
        As bibliotecas com que foi treinada.
    """

    name: str
    classes: tuple[str, ...]
    input_shape: tuple
    range: tuple[float, float]
    source: str
    versions: dict[str, str]

    def names_classes(self, synthetic: np.ndarray | bool) -> np.ndarray:
        """De que filmes a classe pode ser dita: uma rede de fantomas nunca a diz de um filme real.

        Parameters
        ----------
        synthetic : array-like of bool (N,) or bool
            Se cada filme é um fantoma: a coluna de um catálogo. De um filme que ninguém conhece
            não se sabe, e ele conta como real.

        Returns
        -------
        ndarray of bool (N,)

        Examples
        --------
        >>> from covidcam.models import Notes
        >>> notes = Notes("rede", ("a", "b"), (8, 8, 3), (0, 255), "fantoma", {})
        >>> notes.names_classes([True, False])
        array([ True, False])
        """
        return np.asarray(synthetic, bool) | (self.source == "real")


def source_of(synthetic: Sequence[bool]) -> str:
    """De onde veio uma rede treinada nestes filmes: basta um fantoma para que seja deles.

    Parameters
    ----------
    synthetic : sequence of bool (N,)
        A coluna de um catálogo.

    Returns
    -------
    str
        ``"fantoma"`` ou ``"real"``.
    """
    return "fantoma" if np.any(synthetic) else "real"


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
    model.covidcam = Notes(
        name=model.name,
        classes=tuple(classes),
        input_shape=tuple(model.input_shape[1:]),
        range=(0, 255),
        source=source,
        versions=library_versions(),
    )
    return model


def to_json(notes: Notes) -> str:
    """Escreve as anotações como vão no arquivo da rede.

    Parameters
    ----------
    notes : Notes

    Returns
    -------
    str
    """
    return json.dumps(asdict(notes), ensure_ascii=False, indent=1)


def from_json(text: str | bytes, owner: str) -> Notes:
    """Lê as anotações de um arquivo, que pode ter sido feito por outros.

    Parameters
    ----------
    text : str or bytes
    owner : str
        De quem elas são (``"modelo a.keras"``), para a mensagem de erro.

    Returns
    -------
    covidcam.models.Notes

    Raises
    ------
    ModelError
        Se falta uma anotação, ou uma delas não é o que se espera.
    ValueError
        Se o texto não é JSON.
    """
    found = json.loads(text)
    names = [field.name for field in fields(Notes)]
    if missing := set(names) - set(found if isinstance(found, dict) else ()):
        raise ModelError(f"Nas anotações do {owner} faltam {sorted(missing)}.")
    for key, (fits, wanted) in FORMS.items():
        if not fits(found[key]):
            raise ModelError(
                f"Nas anotações do {owner}, {key} é {str(found[key])[:80]}; deve ser {wanted}."
            )
    values = {name: found[name] for name in names}
    return Notes(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


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
    "input_shape": (
        lambda value: _is_list(value, lambda side: side is None or _is_number(side), 3),
        "uma lista de altura, largura e canais",
    ),
    "range": (_is_range, "um par de números em ordem crescente"),
    "versions": (lambda value: isinstance(value, dict), "um dicionário"),
}
