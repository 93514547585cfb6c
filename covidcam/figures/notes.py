"""Recados que acompanham as imagens numa página: de onde vêm e de quem são."""

import html
from collections.abc import Mapping

import pandas as pd
from IPython.display import HTML, Markdown

from covidcam.evaluation.intervals import UNLIKELY
from covidcam.figures.text import listing, number, points

SOURCE_NOTES = {
    "fantoma": (
        "As radiografias desta página são <strong>sintéticas</strong> (fantomas): o pacote as"
        " desenha a partir de um modelo físico, e por isso sabe onde está cada lesão. Nenhuma é de"
        " uma pessoa."
    ),
    "real": (
        "As radiografias desta página são <strong>reais</strong>, dos acervos públicos de Cohen e"
        " colaboradores (COVID-19) e de Kermany e colaboradores (normais e outras pneumonias). Só"
        " aparecem as que têm licença para isso, com o crédito de cada uma."
    ),
}
BESIDE_2020 = {
    "fantoma": (
        "Nesta execução as radiografias são fantomas e as redes, miniaturas: os números não se"
        " comparam com os de 2020, e só estão lado a lado para que se veja a largura dos"
        " intervalos. Com `COVIDCAM_FONTE=real` a tabela compara as mesmas redes."
    ),
    "real": (
        "Os acervos são os mesmos de 2020; as imagens, não: aquela lista não foi publicada, e aqui"
        " elas são sorteadas. A cabeça, os pixels divididos por 255 e o número de épocas são os de"
        " 2020; já o passo do treino diminui com o tempo, e os lotes têm outro tamanho."
    ),
}


def source_note(source: str) -> HTML:
    """O recado que diz de onde vêm as imagens de uma página.

    Parameters
    ----------
    source : str
        ``"fantoma"`` ou ``"real"``.

    Returns
    -------
    IPython.display.HTML
    """
    return _box("note", "Nota", SOURCE_NOTES[source])


def _box(kind, title, text):
    """Uma caixa do livro, que um caderno também mostra."""
    return HTML(
        f'<div class="admonition {kind}"><p class="admonition-title">{title}</p><p>{text}</p></div>'
    )


def recipe_note(recipe: Mapping, book: Mapping) -> HTML | Markdown:
    """De quem é uma receita de treino: do livro, ou de quem a mudou nesta página.

    Parameters
    ----------
    recipe : mapping
        A que se usa.
    book : mapping
        A do livro, de `covidcam.models.ARCHITECTURES`.

    Returns
    -------
    IPython.display.HTML or IPython.display.Markdown
        Na do leitor, o que mudou, e que o resto do livro não usa esta rede.
    """
    changed = [name for name in {**book, **recipe} if recipe.get(name) != book.get(name)]
    if not changed:
        return Markdown("Esta é a receita do livro.")
    told = [f"{name}: {recipe.get(name)} (no livro, {book.get(name)})" for name in changed]
    return _box(
        "important",
        "Receita sua",
        f"Esta receita é <strong>sua</strong>, e não a do livro: {html.escape('; '.join(told))}."
        " Os números desta página são da rede que ela treinou; as outras páginas continuam com a"
        " do livro.",
    )


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
        Uma linha por par, “a − b”: a diferença, o seu intervalo, as imagens que só uma acerta e a
        chance de discordâncias assim se as duas fossem igualmente boas.
    """
    told = pairs.set_index(pairs["first"] + " −\u00a0" + pairs["second"]).rename_axis(index=None)
    shares = told[["mean", "low", "high"]].map(points, places=1)
    shares = shares.set_axis(["diferença, em pontos", "de", "a"], axis=1)
    return shares.assign(
        **{
            "só a primeira acerta": told["only_first"],
            "só a segunda acerta": told["only_second"],
            "chance": told["chance"].map(lambda chance: number(chance, 3)),
        }
    )


def pairs_sentence(pairs: pd.DataFrame) -> str:
    """Diz em palavras que redes treinadas estas imagens permitem distinguir.

    Parameters
    ----------
    pairs : DataFrame
        O que `covidcam.artefacts.pairs` devolve, com ao menos um par.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"first": "x", "second": "y", "mean": 0.1, "chance": 0.09}
    >>> pairs_sentence(pd.DataFrame([row]))
    'Nenhum par difere além do acaso: estas imagens não dizem qual é a melhor.'
    """
    said = []
    for row in pairs[pairs["chance"] < UNLIKELY].itertuples():
        better, worse = (row.first, row.second)[:: 1 if row.mean > 0 else -1]
        said.append(f"da {better} sobre a {worse}")
    if not said:
        return "Nenhum par difere além do acaso: estas imagens não dizem qual é a melhor."
    return f"A diferença é maior do que o acaso explica a favor {listing(said)}."


def pairs_note(pairs: pd.DataFrame) -> Markdown | None:
    """A comparação das redes, para pôr antes da tabela dos pares.

    Parameters
    ----------
    pairs : DataFrame
        O que `covidcam.artefacts.pairs` devolve.

    Returns
    -------
    IPython.display.Markdown or None
        None se só há uma rede.
    """
    if pairs.empty:
        return None
    return Markdown(
        "Qual é a melhor? As redes viram as mesmas imagens, e por isso se comparam imagem a imagem:"
        " contam as que só uma das duas acerta. A tabela traz a diferença de acurácia de cada par,"
        " com o intervalo, e a chance de discordâncias tão desiguais se as duas redes fossem"
        " igualmente boas (o teste de McNemar, por paciente, com a chance multiplicada pelo número"
        " de pares comparados). Com poucas discordâncias o intervalo não é confiável; por isso quem"
        " decide é a chance. "
        + pairs_sentence(pairs)
        + " São redes treinadas que se comparam, e não famílias: cada uma foi treinada uma vez só,"
        " e outra semente daria outra rede."
    )
