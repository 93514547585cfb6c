"""O observador linear: quanto de uma lesão conhecida se pode ver num filme de um desconhecido.

Um **canal** é uma imagem com que o filme se multiplica, pixel a pixel, e se soma: cada filme vira
umas poucas respostas. O observador de Hotelling em canais pesa essas respostas do modo que mais
separa, em filmes de outros pacientes, os que têm a lesão dos que não a têm.
"""

import numpy as np

from covidcam.errors import InputError


def laguerre_gauss(
    shape: tuple[int, int], centre: tuple[float, float], width: float, count: int = 10
) -> np.ndarray:
    """Canais redondos em torno de um ponto: polinômios de Laguerre vezes uma gaussiana.

    São ortogonais e ordenados do liso ao ondulado; juntos descrevem qualquer sinal redondo.

    Parameters
    ----------
    shape : tuple of int
        Linhas e colunas do filme.
    centre : tuple of float
        Linha e coluna do meio da lesão, em pixels; pode cair entre dois, ou fora do filme.
    width : float
        A largura da gaussiana exp(−π r² / width²), em pixels.
    count : int
        Quantos canais.

    Returns
    -------
    ndarray, float64 (count, H, W)
        Cada um com soma de quadrados 1, se cabe no filme.

    Raises
    ------
    InputError
        Se a largura ou o número de canais não é positivo.

    References
    ----------
    Os canais: Myers e Barrett, JOSA A 4 (1987). 10.1364/JOSAA.4.002447; estes: Gallas e Barrett,
    JOSA A 20 (2003). 10.1364/JOSAA.20.001725.

    Examples
    --------
    >>> channels = laguerre_gauss((64, 64), (31.5, 31.5), 10.0, 3)
    >>> bool(np.allclose(np.einsum("aij,bij->ab", channels, channels), np.eye(3)))
    True
    """
    from scipy.special import eval_laguerre

    if not (width > 0 and count > 0):
        raise InputError(
            f"A largura é {width} e os canais são {count}; devem ser maiores que zero."
        )
    row, column = np.ogrid[: shape[0], : shape[1]]
    squared = ((row - centre[0]) ** 2 + (column - centre[1]) ** 2) / width**2
    order = np.arange(count)[:, None, None]
    gaussian = np.sqrt(2) / width * np.exp(-np.pi * squared)
    return gaussian * eval_laguerre(order, 2 * np.pi * squared)


def hotelling(absent: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Os pesos do observador de Hotelling: a covariância sem a lesão, invertida, vezes o sinal.

    De todas as somas pesadas das respostas, é a que mais separa, em desvios-padrão, os filmes com
    o sinal dos sem ele.

    Parameters
    ----------
    absent : ndarray, float (N, C)
        As respostas dos canais em filmes sem a lesão, de que só a covariância conta.
    signal : ndarray, float (C,)
        O que a lesão acrescenta, em média, à resposta de cada canal.

    Returns
    -------
    ndarray, float64 (C,)
        A nota de um filme é ``responses @ weights``; maior onde há a lesão.

    Raises
    ------
    InputError
        Se as formas não casam, um número não é finito, os filmes não são mais que os canais, ou a
        covariância não se inverte.

    References
    ----------
    Gallas e Barrett, JOSA A 20 (2003). 10.1364/JOSAA.20.001725.

    Examples
    --------
    >>> absent = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> hotelling(absent, np.array([1.0, 1.0])).round(3).tolist()
    [1.5, 0.375]
    """
    absent, signal = np.asarray(absent, float), np.asarray(signal, float)
    if absent.ndim != 2 or signal.shape != absent.shape[1:]:
        raise InputError(
            f"As respostas têm a forma {absent.shape} e o sinal, {signal.shape}; são precisas uma"
            " linha por filme e uma coluna por canal, e um número por canal."
        )
    if not (np.isfinite(absent).all() and np.isfinite(signal).all()):
        raise InputError("Há uma resposta ou um sinal que não é finito.")
    films, channels = absent.shape
    if films <= channels:
        raise InputError(f"Há {films} filmes para {channels} canais; deve haver mais filmes.")
    covariance = np.atleast_2d(np.cov(absent, rowvar=False))
    if np.linalg.matrix_rank(covariance) < channels:
        raise InputError("Um canal repete os outros nestes filmes; tire-o.")
    return np.linalg.solve(covariance, signal)
