"""O relatório: uma página só, com tudo dentro, que se abre do disco e sem rede."""

import os
from collections.abc import Iterable, Sequence

from covidcam.figures.text import counted, number, percent


def write(
    path: str | os.PathLike,
    request: dict,
    disclaimer: str,
    rows: Sequence[dict],
    pictures: Iterable[dict[str, str]],
) -> None:
    """Escreve o relatório, uma imagem por vez.

    Parameters
    ----------
    path : path-like
    request : dict
        O que `covidcam.batch.request_for` devolve.
    disclaimer : str
    rows : sequence of dict
        As linhas das tabelas.
    pictures : iterable of dict of str to str
        As miniaturas de cada linha (``"filme"`` e uma por método), JPEG em base64.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("covidcam.batch", "."),
        autoescape=True,  # o nome de um arquivo pode ser qualquer coisa, até HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "number": number}
    page = environment.get_template("report.html.jinja").stream(
        request=request,
        disclaimer=disclaimer,
        count=counted(len(rows), "imagem", "imagens"),
        refused=sum(row["motivo"] is not None for row in rows),
        warned=sum(row["aviso"] is not None for row in rows),
        describe=describe,
        images=zip(rows, pictures, strict=True),
    )
    with open(path, "w", encoding="utf-8") as file:
        page.enable_buffering(50)
        page.dump(file)


def describe(row: dict, method: str) -> str:
    """O que um mapa diz, em palavras: o texto alternativo da sobreposição.

    Parameters
    ----------
    row : dict
        A linha da imagem nas tabelas.
    method : str

    Returns
    -------
    str

    Examples
    --------
    >>> describe({"plano_grad-cam": True}, "grad-cam")
    'O mapa não encontrou nada que fizesse subir a nota da classe: está todo em zero.'
    """
    if row[f"plano_{method}"]:
        return "O mapa não encontrou nada que fizesse subir a nota da classe: está todo em zero."
    energy, share = row[f"energia_nos_pulmoes_{method}"], row["parte_dos_pulmoes"]
    if energy is None:
        return "Nenhum pulmão foi encontrado, e não há como dizer que parte do mapa está neles."
    return (
        f"{percent(energy)} do mapa está dentro dos pulmões, que cobrem {percent(share)} da imagem:"
        f" {number(energy / share, 1)} × o que um mapa ao acaso teria."
    )
