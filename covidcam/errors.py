"""Os erros que um leitor pode encontrar.

Cada mensagem nomeia a coisa, diz o que foi encontrado e diz o que é aceito, em português.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class CovidcamError(Exception):
    """Base de todos os erros que o covidcam levanta de propósito."""


class InputError(CovidcamError, ValueError):
    """Um argumento (imagem, mapa, máscara, número, nome) não é o que a função aceita."""


class DataError(CovidcamError, ValueError):
    """Uma pasta ou um arquivo de dados não está como deveria."""


class ModelError(CovidcamError, ValueError):
    """Um modelo ou um arquivo de modelo não pode ser usado assim."""


class SettingsError(CovidcamError, ValueError):
    """Uma variável de ambiente COVIDCAM_* tem um valor que não é aceito."""


REASONS = {
    PermissionError: "falta permissão",
    FileNotFoundError: "não existe",
    FileExistsError: "já existe e não é uma pasta",
    NotADirectoryError: "no caminho há algo que não é uma pasta",
    IsADirectoryError: "é uma pasta",
}
NUMBERED = {
    errno.ENOSPC: "o disco encheu",
    errno.EDQUOT: "a cota de disco acabou",
    errno.EROFS: "o disco só permite leitura",
    errno.EIO: "o disco falhou",
    errno.ENAMETOOLONG: "o nome é comprido demais",
    errno.EMFILE: "há arquivos demais abertos",
}


def reason(error: OSError) -> str:
    """O motivo de uma falha de leitura ou escrita, em português.

    Parameters
    ----------
    error : OSError

    Returns
    -------
    str
        Para um erro que não está nas listas, o número dele.

    Examples
    --------
    >>> reason(PermissionError(13, "Permission denied"))
    'falta permissão'
    """
    for kind, text in REASONS.items():
        if isinstance(error, kind):
            return text
    return NUMBERED.get(error.errno, f"erro {error.errno} do sistema")


@contextmanager
def refusing_channels_first() -> Iterator[None]:
    """Diz em uma frase que o TensorFlow não executa aqui camadas com os canais em primeiro lugar.

    Sem o oneDNN, que ele desliga em alguns processadores, a convolução só corre assim numa placa
    gráfica. Serve também de decorador.

    Raises
    ------
    ModelError
        No lugar do erro do TensorFlow; os outros erros seguem como estão.

    Examples
    --------
    >>> with refusing_channels_first():  # doctest: +ELLIPSIS
    ...     raise RuntimeError("The Conv2D op currently only supports the NHWC tensor format")
    Traceback (most recent call last):
    ...
    covidcam.errors.ModelError: o modelo tem camadas com data_format='channels_first', ...
    """
    try:
        yield
    except Exception as error:
        if "only supports" not in str(error) or "NHWC" not in str(error):
            raise
        raise ModelError(
            "o modelo tem camadas com data_format='channels_first', que o TensorFlow não executa "
            "aqui sem o oneDNN. Defina TF_ENABLE_ONEDNN_OPTS=1 antes de começar."
        ) from error


def one_line(text: str) -> str:
    r"""Escreve um texto numa linha só, com o que não se imprime em código.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(one_line("tórax" + chr(10) + "2.png"))
    tórax\n2.png
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
