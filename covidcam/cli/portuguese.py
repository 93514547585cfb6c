"""O que a biblioteca do comando diria em inglês, em português: a ajuda e os erros de uso."""

import re

import typer
from typer import rich_utils
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

rich_utils.ARGUMENTS_PANEL_TITLE = "Argumentos"
rich_utils.OPTIONS_PANEL_TITLE = "Opções"
rich_utils.COMMANDS_PANEL_TITLE = "Comandos"
rich_utils.DEFAULT_STRING = "[padrão: {}]"
rich_utils.REQUIRED_LONG_STRING = "[obrigatório]"

MESSAGES = {
    r"Missing command\.": "Falta o comando.",
    r"Missing argument '(.+?)'\.": r"Falta o argumento \1.",
    r"Missing option '(.+?)'\.": r"Falta a opção \1.",
    r"No such command '(.+?)'\. Did you mean (.+)\?": r"O comando \1 não existe. Será que é \2?",
    r"No such command '(.+?)'\.": r"O comando \1 não existe.",
    r"No such option: (\S+).*": r"A opção \1 não existe.",
    r"Option '(.+?)' requires an argument\.?": r"A opção \1 pede um valor.",
    r"Option '(.+?)' does not take a value\.": r"A opção \1 não leva valor.",
    r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)": r"Sobram argumentos: \1.",
    r"Invalid value for '?(.+?)'?: .*valid integer.*": r"O valor de \1 não é um número inteiro.",
    r"Invalid value for '?(.+?)'?: .*valid number.*": r"O valor de \1 não é um número.",
    r"Invalid value for '?(.+?)'?: .*than or equal to (.+)": r"O valor de \1 passa do limite, que"
    r" é \2.",
    r"Invalid value for '?(.+?)'?: .*is not one of (.+)\.": r"O valor de \1 não é um destes: \2.",
    r"Invalid value for '?(.+?)'?: (.+)": r"O valor de \1 não é aceito: \2",
    r"Invalid value: (.+)": r"\1",
}


class _Portuguese:
    """A linha de uso e a opção de ajuda em português."""

    def get_usage(self, ctx) -> str:
        usage = super().get_usage(ctx).replace("Usage:", "Uso:").replace("[OPTIONS]", "[OPÇÕES]")
        return usage.replace("COMMAND [ARGS]...", "COMANDO [ARGUMENTOS]...")

    def get_params(self, ctx) -> list:
        params = super().get_params(ctx)
        for param in params:
            # o nome do tipo é o do Python (<list[Path]>, <bool>), e o metavar já diz o que é
            if isinstance(param, TyperArgument) or getattr(param, "is_flag", False):
                param.display_type_rich = _nothing
        return params

    def get_help_option(self, ctx) -> TyperOption | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Mostra esta ajuda e termina."
        return option


def _nothing(ctx):
    return ""


class Command(_Portuguese, TyperCommand):
    """Um comando que fala português."""


class Group(_Portuguese, TyperGroup):
    """Um grupo de comandos que fala português."""


def app(help: str) -> typer.Typer:
    """Um grupo de comandos vazio; sem argumentos, mostra a ajuda.

    Parameters
    ----------
    help : str

    Returns
    -------
    typer.Typer
        Os comandos dele se registram com ``cls=Command``.
    """
    return typer.Typer(
        cls=Group,
        help=help,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )


def usage_error(message: str) -> str:
    """Diz em português um erro de uso que a biblioteca disse em inglês.

    Parameters
    ----------
    message : str

    Returns
    -------
    str
        O próprio texto, quando ele não é um dos conhecidos.

    Examples
    --------
    >>> usage_error("No such option: --cor")
    'A opção --cor não existe.'
    """
    for pattern, translation in MESSAGES.items():
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return match.expand(translation)
    return message
