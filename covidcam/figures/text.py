"""Números e palavras como se escrevem em português."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np


def number(value: float, places: int = 2) -> str:
    """Escreve um número com vírgula decimal e, se negativo, o sinal de menos.

    Parameters
    ----------
    value : float
    places : int
        Casas depois da vírgula.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.1234), number(-3.5, 1)
    ('0,12', '−3,5')
    """
    if not np.isfinite(value):
        return "—"
    return f"{value:z.{places}f}".replace(".", ",").replace("-", "−")


def shortest(value: float) -> str:
    """Escreve um número com tantas casas quantas ele tem, e vírgula.

    Parameters
    ----------
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> shortest(0.25), shortest(-1.0)
    ('0,25', '−1')
    """
    return f"{value:g}".replace(".", ",").replace("-", "−")


def thousands(count: int) -> str:
    """Escreve um inteiro com um ponto a cada três algarismos.

    Parameters
    ----------
    count : int

    Returns
    -------
    str

    Examples
    --------
    >>> thousands(1234567), thousands(12)
    ('1.234.567', '12')
    """
    return f"{count:,}".replace(",", ".")


def percent(share: float, places: int = 0) -> str:
    """Escreve uma fração como porcentagem; nunca arredonda até 100 % o que não é tudo.

    Parameters
    ----------
    share : float
        De 0 a 1.
    places : int
        Casas depois da vírgula.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.973, 1), percent(0.9999)
    ('97,3 %', '99 %')
    """
    if not np.isfinite(share):
        return "—"
    step = 10.0**places
    rounded = np.round(100 * share * step) / step
    if rounded >= 100 > 100 * share:
        rounded = np.floor(100 * share * step) / step
    return f"{number(rounded, places)} %"


def points(share: float, places: int = 0) -> str:
    """Escreve uma diferença de frações em pontos percentuais, sem o nome deles.

    Parameters
    ----------
    share : float
        De −1 a 1.
    places : int
        Casas depois da vírgula.

    Returns
    -------
    str

    Examples
    --------
    >>> points(-0.127), points(0.034, 1)
    ('−13', '3,4')
    """
    return number(100 * share, places)


def between(
    mean: float,
    low: float,
    high: float,
    write: Callable[..., str] = percent,
    places: int | None = None,
) -> str:
    """Escreve uma medida com o seu intervalo de confiança.

    Parameters
    ----------
    mean, low, high : float
    write : callable
        Como se escreve cada número: `percent`, `points`, `number`.
    places : int, optional
        Casas depois da vírgula; por padrão, as que ``write`` dá.

    Returns
    -------
    str

    Examples
    --------
    >>> between(0.91, 0.87, 0.95), between(0.05, -0.02, 0.12, number, 1)
    ('91 % (de 87 % a 95 %)', '0,1 (de 0,0 a 0,1)')
    """
    options = {} if places is None else {"places": places}
    mean, low, high = (write(value, **options) for value in (mean, low, high))
    return f"{mean} (de {low} a {high})"


def span(shares: Iterable[float]) -> str:
    """Escreve a média de umas frações e, entre parênteses, a menor e a maior.

    Parameters
    ----------
    shares : iterable of float
        De 0 a 1, uma por treino.

    Returns
    -------
    str

    Examples
    --------
    >>> span([0.5, 0.6, 0.7])
    '60 % (de 50 % a 70 %)'
    """
    shares = np.asarray(list(shares), float)
    return between(shares.mean(), shares.min(), shares.max())


def listing(items: list[str], separator: str = ", ") -> str:
    """Junta palavras com vírgulas e um “e” antes da última.

    Parameters
    ----------
    items : list of str
    separator : str
        O que fica no lugar da vírgula, onde os números já têm a sua.

    Returns
    -------
    str

    Examples
    --------
    >>> listing(["PA", "AP", "perfil"]), listing(["0,3", "0,6", "0,9"], "; ")
    ('PA, AP e perfil', '0,3; 0,6 e 0,9')
    """
    return " e ".join(filter(None, [separator.join(items[:-1]), *items[-1:]]))


def sentences(parts: Iterable[str]) -> str:
    """Junta orações em frases, cada uma com a sua maiúscula; o último ponto é de quem as usa.

    Parameters
    ----------
    parts : iterable of str

    Returns
    -------
    str

    Examples
    --------
    >>> sentences(["acurácia: 91 %", "AUPRC: 0,7"])
    'Acurácia: 91 %. AUPRC: 0,7'
    """
    return ". ".join(part[0].upper() + part[1:] for part in parts)


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Escreve uma contagem com a palavra no número certo.

    Parameters
    ----------
    count : int
    singular : str
    plural : str, optional
        Por padrão, o singular com “s”.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "imagem", "imagens"), counted(3, "filme")
    ('1 imagem', '3 filmes')
    """
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def quantity(value: float, singular: str, plural: str | None = None, places: int = 2) -> str:
    """Escreve uma medida com a unidade no número certo: abaixo de dois, no singular.

    Parameters
    ----------
    value : float
    singular : str
    plural : str, optional
        Por padrão, o singular com “s”.
    places : int
        Casas depois da vírgula.

    Returns
    -------
    str

    Examples
    --------
    >>> quantity(1.95, "logit"), quantity(-2.5, "ponto", places=1)
    ('1,95 logit', '−2,5 pontos')
    """
    one = abs(round(value, places)) < 2
    return f"{number(value, places)} {singular if one else plural or singular + 's'}"


def home_relative(path: Path) -> str:
    """Escreve um caminho sem expor a pasta pessoal de quem roda o livro.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Examples
    --------
    >>> home_relative(Path.home() / "mapas")
    '~/mapas'
    """
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
