"""Os erros que um leitor pode encontrar.

Cada mensagem nomeia a coisa, diz o que foi encontrado e diz o que é aceito, em português.
"""


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
