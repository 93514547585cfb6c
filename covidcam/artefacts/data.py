"""Dos acervos aos arrays, guardados no depósito."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from covidcam import datasets, store
from covidcam.settings import Settings

COUNTS_2020 = {"COVID-19": 175, "NORMAL": 100, "OUTRAS": 100}
SOURCE_2020 = {"COVID-19": "cohen", "NORMAL": "kermany", "OUTRAS": "kermany"}
ARCHIVE_SEED = 2020


def raw_data(settings: Settings) -> Path:
    """A pasta com os acervos no leiaute dos autores; a dos fantomas é feita se preciso.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Path
    """
    if settings.source == "real":
        return settings.data

    def make(folder: Path) -> None:
        from covidcam import phantom

        phantom.write_archive(folder / "dados", COUNTS_2020, seed=ARCHIVE_SEED)

    parameters = {"counts": COUNTS_2020, "seed": ARCHIVE_SEED}
    return store.keep(settings.cache, "fantoma", parameters, ["phantom"], make) / "dados"


def selection(settings: Settings, catalog: pd.DataFrame) -> pd.DataFrame:
    """As imagens do livro: 175 + 100 + 100 sorteadas, ou todas com ``COVIDCAM_TAMANHO=tudo``.

    Como em 2020, COVID-19 vem do acervo de Cohen e as outras classes, do de Kermany.

    Parameters
    ----------
    settings : Settings
    catalog : DataFrame
        O que `covidcam.datasets.usable` devolve.

    Returns
    -------
    DataFrame
    """
    limit = {"2020": COUNTS_2020, "tudo": dict.fromkeys(COUNTS_2020, len(catalog))}[settings.size]
    counts = {(SOURCE_2020[label], label): count for label, count in limit.items()}
    return datasets.select(catalog, counts)


def arrays(settings: Settings, classes: Sequence[str] = datasets.CLASSES) -> datasets.Arrays:
    """Os arrays ``X_Train`` e ``Y_Train`` das imagens do livro.

    Parameters
    ----------
    settings : Settings
    classes : sequence of str

    Returns
    -------
    Arrays
    """
    data = raw_data(settings)

    def make(folder: Path) -> None:
        chosen = selection(settings, datasets.usable(datasets.survey(data)))
        datasets.prepare(chosen, folder, classes)

    parameters = {
        "data": identity(settings, data),
        "size": settings.size,
        "classes": list(classes),
    }
    code = ["datasets", "artefacts/data"]
    folder = store.keep(settings.cache, "arrays", parameters, code, make)
    return datasets.load(folder, classes)


def identity(settings: Settings, data: Path) -> list[str]:
    """O que distingue um acervo de outro sem ler as imagens: onde está, e o que há nele.

    As tabelas feitas dele guardam caminhos: num depósito mudado de lugar, refazem-se.

    Parameters
    ----------
    settings : Settings
    data : Path
        O que `raw_data` devolve.

    Returns
    -------
    list of str
        A pasta, e a chave dos fantomas ou o resumo de nomes, tamanhos e datas dos arquivos.
    """
    content = data.parent.name if settings.source == "fantoma" else store.listing(data)
    return [str(data), content]


def weights_identity(settings: Settings) -> str:
    """O que distingue uma pasta de pesos de outra: os arquivos, e não só o caminho.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        Vazio quando os pesos são os do cache do Keras, que confere a soma de cada um.
    """
    return "" if settings.weights is None else store.listing(settings.weights)
