"""``covidcam dados``: os acervos reais na máquina do leitor."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from covidcam import settings
from covidcam.cli import portuguese
from covidcam.cli.say import show, tell
from covidcam.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from covidcam.datasets.sources import Source

app = portuguese.app("Os acervos públicos de radiografias: baixar, conferir e citar.")
MOST_NAMES = 50  # arquivos ausentes que se nomeiam
Which = StrEnum("Which", ["cohen", "kermany", "tudo"])
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="PASTA", help="A pasta de dados; por padrão, COVIDCAM_DADOS, ou dados/ no cache."
    ),
]


@app.command(cls=portuguese.Command)
def baixar(
    acervo: Annotated[Which, typer.Argument(help="Qual acervo.")] = Which.tudo,
    pasta: Folder = None,
) -> None:
    """Baixa, confere e extrai os acervos; o que já está na pasta não se baixa de novo.

    São cerca de 0,6 GB de Cohen e 1,2 GB de Kermany, e é preciso outro tanto livre ao extrair.

    Um download interrompido continua de onde parou: rode o mesmo comando outra vez.

    Exemplo: covidcam dados baixar kermany
    """
    from covidcam.datasets.download import download
    from covidcam.datasets.sources import SOURCES

    folder = _folder(pasta)
    problems = []
    for source in SOURCES.values() if acervo == "tudo" else [SOURCES[acervo]]:
        try:
            tell(f"{source.name}: pronto em {download(source, folder)}")
        except DataError as error:  # os outros acervos não têm culpa
            problems.append(str(error))
        except KeyboardInterrupt:
            raise DataError("Interrompido; o mesmo comando continua de onde parou.") from None
    if problems:
        raise DataError("\n".join(problems))
    tell(f"Agora: COVIDCAM_FONTE=real COVIDCAM_DADOS={folder} jupyter-book build .")


@app.command(cls=portuguese.Command)
def verificar(pasta: Folder = None) -> None:
    """Diz o que há na pasta de dados e o que falta, por classe, incidência e licença.

    Lê cada imagem até o fim, o que nos acervos inteiros leva minutos. Vale também para outros
    leiautes: o do NIH, o da RSNA, ou uma subpasta por classe.

    Sai com 1 se um dos acervos não está lá.

    Exemplo: covidcam dados verificar --pasta dados
    """
    from covidcam import datasets

    folder = _folder(pasta)
    if not folder.is_dir():
        raise DataError(f"A pasta {folder} não existe. Para criá-la: covidcam dados baixar")
    present, absent = _present(folder)
    rows = _survey(folder, needed=bool(present))
    if rows is not None:
        catalog = datasets.usable(rows)
        _show("Imagens que servem", catalog, "source", "label", "view")
        _show("Licenças das que servem", catalog, "source", "licence")
        _show("As que ficam de fora", rows[rows["left_out"] != ""], "source", "left_out")
        images = rows[~rows["left_out"].str.startswith("formato")]
        for source in present:
            paths = images.loc[images["source"] == source.name, "path"]
            found = paths.map(os.path.isfile).sum()
            tell(f"{source.name}: {found} das {source.images or len(paths)} imagens do acervo")
        _name_missing(rows.loc[rows["left_out"] == "arquivo ausente", "path"])
        for note in catalog.attrs["notes"]:
            tell(f"Atenção: {note}.")
    if absent and (present or rows is None):
        names = ", ".join(source.name for source in absent)
        raise DataError(f"Em {folder} falta: {names}. Para buscar: covidcam dados baixar")


@app.command(cls=portuguese.Command)
def citar(pasta: Folder = None) -> None:
    """Imprime como citar os acervos que estão na pasta de dados, e as licenças das imagens.

    Exemplo: covidcam dados citar
    """
    from covidcam import datasets

    folder = _folder(pasta)
    present, absent = _present(folder)
    if not present:
        tell(f"Nenhum acervo em {folder}; estes são os que o livro sabe usar.")
    for source in present or absent:
        tell(f"\n{source.name} ({source.address})")
        for citation in source.citations:
            tell(f"  {citation}")
        tell(f"  Licença: {source.licence}.")
    if present:
        _show("Licenças das imagens", datasets.usable(datasets.survey(folder)), "source", "licence")


def _folder(chosen: Path | None) -> Path:
    # a pasta ainda pode não existir: a escolha da fonte real, que a exigiria, não se lê aqui
    return chosen or settings.read({**os.environ, "COVIDCAM_FONTE": ""}).data


def _present(folder: Path) -> tuple[list["Source"], list["Source"]]:
    from covidcam.datasets.sources import SOURCES

    present = [source for source in SOURCES.values() if (folder / source.folder).is_dir()]
    return present, [source for source in SOURCES.values() if source not in present]


def _survey(folder: Path, needed: bool) -> "pd.DataFrame | None":
    """O levantamento da pasta; None se nela não há nada e nada se esperava."""
    from covidcam import datasets

    try:
        return datasets.survey(folder)
    except DataError:
        if needed:
            raise
        return None


def _name_missing(paths: "pd.Series") -> None:
    names = sorted(map(os.path.basename, paths))
    more = f" e mais {len(names) - MOST_NAMES}" if len(names) > MOST_NAMES else ""
    if names:
        tell(f"Ausentes: {', '.join(names[:MOST_NAMES])}{more}")


def _show(title: str, rows: "pd.DataFrame", *columns: str) -> None:
    titles = {
        "source": "acervo",
        "label": "classe",
        "view": "incidência",
        "licence": "licença",
        "left_out": "motivo",
    }
    filled = rows[list(columns)].astype(object).fillna("").replace("", "não informada")
    counts = filled.value_counts().sort_index()
    cells = [[*names, count] for names, count in counts.items()]
    show(title, [*(titles[column] for column in columns), "imagens"], cells)
