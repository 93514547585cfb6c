"""Uma rede treinada -> o pouco que uma página precisa para a rodar no navegador de quem lê.

O motor que lê o que aqui se escreve está em ``book/_static/laboratorio/engine.js``, mostrado e
explicado numa página do livro.
"""

from covidcam.live.export import Exported, export
from covidcam.live.films import border, elsewhere, letter, picture, stamp
from covidcam.live.scripts import network_script, score_script, script

__all__ = [
    "Exported",
    "border",
    "elsewhere",
    "export",
    "letter",
    "network_script",
    "picture",
    "score_script",
    "script",
    "stamp",
]
