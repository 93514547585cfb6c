"""As regras das opções: o que cada uma aceita, escrito na anotação do parâmetro.

``samples: Count = 1000`` diz que ``samples`` é um inteiro a partir de 1; ``Count | None`` aceita
também None. Uma opção sem regra aceita qualquer valor.
"""

from dataclasses import dataclass
from numbers import Real

import numpy as np


@dataclass(frozen=True)
class AtLeast:
    """Um inteiro a partir de ``least``; verdadeiro e falso não são inteiros."""

    least: int

    def accepts(self, value):
        """Diz se o valor cabe na regra."""
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        return whole and value >= self.least

    def __str__(self):
        return f"um inteiro a partir de {self.least}"

    def __or__(self, nothing):
        return OrNone(self)


@dataclass(frozen=True)
class Open:
    """Um número no intervalo aberto de ``low`` a ``high``."""

    low: float
    high: float

    def accepts(self, value):
        """Diz se o valor cabe na regra."""
        number = isinstance(value, Real) and not isinstance(value, bool)
        return number and self.low < value < self.high

    def __str__(self):
        return f"um número entre {self.low} e {self.high}"

    def __or__(self, nothing):
        return OrNone(self)


@dataclass(frozen=True)
class YesNo:
    """Verdadeiro ou falso."""

    def accepts(self, value):
        """Diz se o valor cabe na regra."""
        return isinstance(value, (bool, np.bool_))

    def __str__(self):
        return "True ou False"


@dataclass(frozen=True)
class OrNone:
    """O que outra regra aceita, ou None: ``Count | None``."""

    rule: AtLeast | Open

    def accepts(self, value):
        """Diz se o valor cabe na regra."""
        return value is None or self.rule.accepts(value)

    def __str__(self):
        return f"{self.rule}, ou None"


Count = AtLeast(1)
Seed = AtLeast(0)
Finite = Open(-float("inf"), float("inf"))
Positive = Open(0, float("inf"))
Flag = YesNo()
