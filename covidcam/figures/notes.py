"""Recados que acompanham as imagens numa página: de onde vêm e de quem são."""

import html

import pandas as pd
from IPython.display import Markdown

from covidcam.evaluation import Interval, verdict
from covidcam.figures.text import percent

SOURCE_NOTES = {
    "fantoma": (
        "As radiografias desta página são **sintéticas** (fantomas): o pacote as desenha a partir"
        " de um modelo físico, e por isso sabe onde está cada lesão. Nenhuma é de uma pessoa."
    ),
    "real": (
        "As radiografias desta página são **reais**, dos acervos públicos de Cohen e colaboradores"
        " (COVID-19) e de Kermany e colaboradores (normais e outras pneumonias). Só aparecem as"
        " que têm licença para isso, com o crédito de cada uma."
    ),
}
BESIDE_2020 = {
    "fantoma": (
        "Nesta execução as radiografias são fantomas e as redes, miniaturas: os números não se"
        " comparam com os de 2020, e estão lado a lado pelos intervalos. Com `COVIDCAM_FONTE=real`"
        " a tabela compara as mesmas redes."
    ),
    "real": (
        "Os acervos são os mesmos de 2020; as imagens, não: aquela lista não foi publicada, e aqui"
        " elas são sorteadas. A cabeça, os pixels divididos por 255 e o número de épocas são os de"
        " 2020; já o passo do treino diminui com o tempo, e os lotes têm outro tamanho."
    ),
}


def source_note(source: str) -> Markdown:
    """O recado que diz de onde vêm as imagens de uma página.

    Parameters
    ----------
    source : str
        ``"fantoma"`` ou ``"real"``.

    Returns
    -------
    IPython.display.Markdown
    """
    return Markdown(f":::{{note}}\n{SOURCE_NOTES[source]}\n:::")


def credits(rows: pd.DataFrame) -> Markdown | None:
    """O crédito das imagens reais de uma figura, para pôr embaixo dela.

    Parameters
    ----------
    rows : DataFrame
        As linhas do catálogo das imagens mostradas.

    Returns
    -------
    IPython.display.Markdown or None
        Acervo, arquivo e licença de cada imagem, na ordem; None se nenhuma é de uma pessoa.
    """
    rows = rows[~rows["synthetic"]]
    rows = rows.assign(licence=rows["licence"].astype(object).fillna("sem licença informada"))
    if rows.empty:
        return None
    parts = [
        f"{row.source}: {html.escape(row.path.rsplit('/', 1)[-1])} ({html.escape(row.licence)})"
        for row in rows.itertuples()
    ]
    return Markdown(f"<small>Imagens, na ordem: {'; '.join(parts)}.</small>")


def beside_2020_note(source: str) -> Markdown:
    """O que se pode comparar entre os números de 2020 e os desta execução.

    Parameters
    ----------
    source : str
        ``"fantoma"`` ou ``"real"``.

    Returns
    -------
    IPython.display.Markdown
    """
    return Markdown(BESIDE_2020[source])


def pairs_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """As diferenças entre pares de redes, para ler.

    Parameters
    ----------
    pairs : DataFrame
        O que `covidcam.artefacts.pairs` devolve.

    Returns
    -------
    DataFrame of str
        Uma linha por par, «a − b»: diferença, de, a.
    """
    told = pairs.set_index(pairs["first"] + " − " + pairs["second"])[["mean", "low", "high"]]
    told = told.map(percent, places=1).rename_axis(index=None)
    return told.set_axis(["diferença", "de", "a"], axis=1)


def pairs_sentence(pairs: pd.DataFrame) -> str:
    """Diz em palavras que redes estas imagens permitem distinguir.

    Parameters
    ----------
    pairs : DataFrame
        O que `covidcam.artefacts.pairs` devolve.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"first": "x", "second": "y", "mean": 0.1, "low": -0.1, "high": 0.2}
    >>> pairs_sentence(pd.DataFrame([row]))
    'Nenhum par difere além do acaso: estas imagens não dizem qual é a melhor.'
    """
    if pairs.empty:
        return "Só há uma rede."
    said = []
    for row in pairs.itertuples():
        found = verdict(Interval(row.mean, row.low, row.high))
        if found != "undecided":
            better, worse = (row.first, row.second)[:: 1 if found == "above" else -1]
            said.append(f"{better} supera {worse}")
    if not said:
        return "Nenhum par difere além do acaso: estas imagens não dizem qual é a melhor."
    return f"Além do acaso, {'; '.join(said)}."
