"""Recados que acompanham as imagens numa página: de onde vêm e de quem são."""

import html

import pandas as pd
from IPython.display import Markdown

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
    rows = rows.assign(licence=rows["licence"].astype(object).fillna("sem licença informada"))
    rows = rows[~rows["licence"].str.contains("fantoma")]
    if rows.empty:
        return None
    parts = [
        f"{row.source}: {html.escape(row.path.rsplit('/', 1)[-1])} ({html.escape(row.licence)})"
        for row in rows.itertuples()
    ]
    return Markdown(f"<small>Imagens, na ordem: {'; '.join(parts)}.</small>")
