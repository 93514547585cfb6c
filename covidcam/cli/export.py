"""``covidcam exportar``: uma rede guardada, como o script que uma página carrega."""

from pathlib import Path
from typing import Annotated

import typer

from covidcam.cli.quiet import hush
from covidcam.cli.say import path, tell


def exportar(
    modelo: Annotated[
        Path,
        typer.Argument(
            metavar="MODELO", help="O .keras que covidcam treinar guardou.", parser=path
        ),
    ],
    saida: Annotated[
        Path,
        typer.Option(metavar="ARQUIVO", help="O script, que termina em .js.", parser=path),
    ] = Path("rede.js"),
) -> None:
    """Escreve uma rede como um script que o motor do laboratório roda num navegador.

    Só as redes pequenas, treinadas do zero: uma camada que o motor não conhece é recusada pelo
    nome.

    Exemplo: covidcam exportar meu.keras --saida meu.js
    """
    if saida.suffix != ".js":
        raise typer.BadParameter(f"{saida}; deve terminar em .js", param_hint="--saida")
    if saida.exists():
        raise typer.BadParameter(f"{saida} já existe; escolha outro nome", param_hint="--saida")
    from covidcam import live, models

    hush()
    model = models.load(modelo)
    text = live.network_script(saida.stem, model, model.covidcam.classes)
    saida.write_text(text, "utf-8")
    tell(f"{saida}: {len(text) / 1000:.0f} kB, com o nome {saida.stem}.")
