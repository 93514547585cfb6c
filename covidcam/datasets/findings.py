"""O achado escrito nos metadados -> uma das três classes do livro, ou nenhuma."""

import re
from collections.abc import Sequence

import pandas as pd

from covidcam.datasets.tables import shortened

CLASSES = ("COVID-19", "NORMAL", "OUTRAS")

# Infecções pulmonares nomeadas em covid-chestxray-dataset, na forma plana e na hierárquica.
INFECTIONS = {
    "aspergillosis",
    "bacterial",
    "chlamydophila",
    "e.coli",
    "fungal",
    "herpes",
    "influenza",
    "h1n1",
    "klebsiella",
    "legionella",
    "mers-cov",
    "mers",
    "mrsa",
    "mycoplasma",
    "nocardia",
    "pneumocystis",
    "pneumonia",
    "sars",
    "staphylococcus",
    "streptococcus",
    "tuberculosis",
    "varicella",
    "viral",
}
NOT_INFECTIOUS = {"aspiration", "lipoid"}
NOT_FILLED = {"todo", "unknown", "nan", ""}
NORMAL = {"no finding", "normal"}


def classify(finding: str) -> tuple[str | None, str]:
    """Traduz um achado para a classe do livro.

    Parameters
    ----------
    finding : str
        Texto plano (``"COVID-19, ARDS"``) ou hierarquia (``"Pneumonia/Viral/COVID-19"``).

    Returns
    -------
    label : str or None
        ``"COVID-19"``, ``"NORMAL"``, ``"OUTRAS"`` (outras infecções), ou None.
    reason : str
        Por que o achado não é classe nenhuma; vazio quando é.

    Examples
    --------
    >>> classify("Pneumonia/Viral/COVID-19")
    ('COVID-19', '')
    >>> classify("todo")
    (None, 'achado não preenchido')
    """
    terms = {term.strip().lower() for term in re.split(r"[/,]", finding)}
    if terms & NOT_FILLED:
        return None, "achado não preenchido"
    if "covid-19" in terms:
        return "COVID-19", ""
    if terms <= NORMAL:
        return "NORMAL", ""
    if terms & INFECTIONS and not terms & NOT_INFECTIOUS:
        return "OUTRAS", ""
    return None, f"achado fora das classes: {shortened(finding)}"


def respell(labels: pd.Series, classes: Sequence[str]) -> pd.Series:
    """Os rótulos como as classes de uma rede os escrevem, quando só as maiúsculas diferem.

    Parameters
    ----------
    labels : Series of str
        O que não é nenhuma das classes fica como está.
    classes : sequence of str

    Returns
    -------
    Series of str

    Examples
    --------
    >>> respell(pd.Series(["covid-19", "Hérnia"]), CLASSES).tolist()
    ['COVID-19', 'Hérnia']
    """
    spelt = {label.strip().casefold(): label for label in classes}
    return labels.map(lambda label: spelt.get(str(label).strip().casefold(), label))
