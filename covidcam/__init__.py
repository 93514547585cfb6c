"""Mapas de ativação de classe em radiografias de tórax.

O livro treina um classificador, pergunta com mapas de ativação (CAM) para onde ele olhou e mede
se a resposta merece confiança; este pacote guarda o que as páginas chamam. Importá-lo é
instantâneo: o TensorFlow só é carregado quando um modelo entra em cena.
"""

__version__ = "0.1.0"
