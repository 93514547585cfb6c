"""Controles: quanto um classificador simples acerta sem ver o que deveria ver.

Se a classe se adivinha com os pulmões apagados, pela borda do filme ou pelo modo como ele foi
feito, a acurácia com o filme inteiro não prova que alguém viu a doença. Nada aqui depende de
acervo nem de rede: entram imagens, classes e pacientes.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pandas as pd

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_masks
from covidcam.evaluation.intervals import balanced_accuracy

FOLDS = 5
SEEDS = range(5)  # as repartições dos pacientes, de que se toma a média
SHUFFLES = 199  # com a medida são 200: cinco de cada lado ficam fora da faixa de 95 %
MOST_VALUES = 4  # de um fato que se adivinha pelo filme
FRAME = 0.04  # a moldura, em parte do lado: nove pixels em 237
CENTRE = 0.7  # o retângulo apagado no meio, em parte dos lados
MARGIN = 0.1  # quanto a caixa apagada passa dos pulmões, em parte do lado


# O que um classificador simples vê ---------------------------------------------------------------


def pixels(images: np.ndarray, side: int = 24) -> np.ndarray:
    """Os cinzas das imagens reduzidas, em fila.

    Parameters
    ----------
    images : ndarray (N, H, W, C), ou máscaras (N, H, W)
    side : int
        O lado da imagem reduzida.

    Returns
    -------
    ndarray, float32 (N, side²)
    """
    small = [cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA) for grey in _grey(images)]
    return np.array(small).reshape(len(images), -1)


def frame(images: np.ndarray, share: float = FRAME) -> np.ndarray:
    """Os cinzas da moldura externa das imagens, um por um.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    share : float
        A largura da moldura, em parte de cada lado.

    Returns
    -------
    ndarray, float32 (N, pixels da moldura)

    Examples
    --------
    >>> frame(np.zeros((2, 10, 10, 3)), share=0.1).shape
    (2, 36)
    """
    inside = _central(images, 1 - 2 * share)
    inside[[0, -1], :] = inside[:, [0, -1]] = False  # ao menos um pixel, por menor que seja o filme
    return _grey(images)[:, ~inside]


def statistics(images: np.ndarray) -> np.ndarray:
    """Sete estatísticas dos cinzas: média, desvio e os percentis 1, 10, 50, 90 e 99.

    Parameters
    ----------
    images : ndarray (N, H, W, C)

    Returns
    -------
    ndarray, float32 (N, 7)
        Onde cada cinza estava não conta.
    """
    greys = _grey(images).reshape(len(images), -1)
    percentiles = np.percentile(greys, (1, 10, 50, 90, 99), axis=1)
    found = [greys.mean(axis=1), greys.std(axis=1), *percentiles]
    return np.stack(found, axis=1).astype(np.float32)


# O que se apaga --------------------------------------------------------------------------------


def hide_centre(images: np.ndarray, share: float = CENTRE) -> np.ndarray:
    """As imagens com o retângulo do meio pintado de preto.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    share : float
        Os lados do retângulo, em parte dos lados da imagem.

    Returns
    -------
    ndarray (N, H, W, C)
        Uma cópia.
    """
    return only(images, np.broadcast_to(~_central(images, share), images.shape[:3]))


def hide(images: np.ndarray, masks: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """As imagens com a caixa em torno da máscara pintada de preto.

    A caixa, e não a máscara: o contorno de um pulmão doente poderia contar o que se quis esconder,
    e parte das lesões fica atrás do coração e do diafragma.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    masks : ndarray, bool (N, H, W)
        Onde uma está vazia, a imagem inteira é apagada.
    margin : float
        Quanto a caixa passa da máscara, em parte dos lados da imagem.

    Returns
    -------
    ndarray (N, H, W, C)
        Uma cópia.
    """
    filled = np.zeros(images.shape[:3], bool)
    for mask, (top, bottom, left, right) in zip(filled, boxes(masks, margin), strict=True):
        mask[top:bottom, left:right] = True
    return only(images, ~filled)


def only(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """As imagens com o que está fora da máscara pintado de preto.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    masks : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray (N, H, W, C)
        Uma cópia.

    Raises
    ------
    InputError
        Se as formas não combinam.
    """
    masks = check_masks(masks)
    if images.ndim != 4 or images.shape[:3] != masks.shape:
        raise InputError(f"As imagens têm a forma {images.shape} e as máscaras, {masks.shape}.")
    return images * masks[..., None].astype(images.dtype)


def boxes(masks: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """A caixa que contém cada máscara.

    Parameters
    ----------
    masks : ndarray, bool (N, H, W)
    margin : float
        Quanto a caixa passa da máscara, em parte dos lados da imagem.

    Returns
    -------
    ndarray, int (N, 4)
        Alto, baixo, esquerda e direita, em pixels, prontos para fatiar; a imagem inteira onde a
        máscara está vazia.

    Examples
    --------
    >>> mask = np.zeros((1, 10, 10), bool)
    >>> mask[0, 2:5, 3:9] = True
    >>> boxes(mask).tolist(), boxes(mask, margin=0.2).tolist()
    ([[2, 5, 3, 9]], [[0, 7, 1, 10]])
    """
    masks = check_masks(masks)
    sides = []
    for axis, length in ((2, masks.shape[1]), (1, masks.shape[2])):
        line = masks.any(axis=axis) | ~masks.any(axis=(1, 2))[:, None]
        extra = round(margin * length)
        sides.append(np.maximum(line.argmax(axis=1) - extra, 0))
        sides.append(np.minimum(length - line[:, ::-1].argmax(axis=1) + extra, length))
    return np.stack(sides, axis=1)


# A prova ---------------------------------------------------------------------------------------


def ties(labels: Sequence, facts: pd.DataFrame) -> pd.DataFrame:
    """Quantas imagens de cada classe têm cada valor de cada fato (acervo, modo, incidência).

    Parameters
    ----------
    labels : sequence (N,)
    facts : DataFrame
        N linhas, uma coluna por fato.

    Returns
    -------
    DataFrame
        Uma linha por classe e uma coluna por par (fato, valor). Um zero é um atalho: quem
        reconhece o valor já sabe que classe não é.
    """
    labels = pd.Series(np.asarray(labels), name="classe")
    told = facts.reset_index(drop=True)
    return pd.concat({name: pd.crosstab(labels, _told(told[name])) for name in told}, axis=1)


def measure(
    images: np.ndarray,
    labels: Sequence,
    groups: Sequence,
    lungs: np.ndarray | None = None,
    facts: pd.DataFrame | None = None,
    features: Callable[[np.ndarray], np.ndarray] = pixels,
) -> pd.DataFrame:
    """Os controles de um conjunto de imagens, numa tabela.

    Cada linha treina e testa o mesmo classificador linear com pacientes diferentes de cada lado, e
    muda só o que ele vê.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W, C)
    labels : sequence (N,)
        A classe de cada imagem.
    groups : sequence (N,)
        O paciente de cada imagem.
    lungs : ndarray, bool (N, H, W), optional
        Sem elas não há os controles que apagam, isolam ou desenham os pulmões.
    facts : DataFrame, optional
        O que se sabe de cada imagem sem a olhar: acervo, modo, incidência, faixa etária. Cada
        coluna é usada como única pista da classe e, se tem de dois a quatro valores, cada um em
        cinco pacientes ou mais, também adivinhada pelo filme. Colunas que repartem as imagens do
        mesmo jeito são um controle só, com os nomes de todas.
    features : callable
        De imagens (N, H, W, C) para (N, D): `pixels`, ou a saída de uma rede.

    Returns
    -------
    DataFrame
        Uma linha por controle, como as de `score`, com ``control`` (o que se viu) e ``answer``
        (o que se adivinhou: a classe, ou um dos fatos).
    """
    shown = {
        "filme inteiro": lambda: features(images),
        "centro apagado": lambda: features(hide_centre(images)),
        "só a moldura": lambda: frame(images),
        "só estatísticas dos cinzas": lambda: statistics(images),
    }
    if lungs is not None:
        lungs = check_masks(lungs)
        shown |= {
            "pulmões apagados": lambda: features(hide(images, lungs)),
            "só a forma dos pulmões": lambda: pixels(lungs),
            "só os pulmões": lambda: features(only(images, lungs)),
        }
    records = [
        {"control": name, "answer": "classe", **score(see(), labels, groups)}
        for name, see in shown.items()
    ]
    for name, told in {} if facts is None else distinct(facts).items():
        columns = pd.get_dummies(told).to_numpy(np.float32)
        found = score(columns, labels, groups)
        records.append({"control": f"só: {name}", "answer": "classe", **found})
        least = pd.Series(groups).groupby(told).nunique().min()
        if 1 < columns.shape[1] <= MOST_VALUES and least >= FOLDS:
            found = score(pixels(images), told, groups)
            records.append({"control": "filme inteiro", "answer": name, **found})
    return pd.DataFrame(records)


def distinct(facts: pd.DataFrame) -> dict[str, np.ndarray]:
    """Os fatos que repartem as imagens de modos diferentes.

    Parameters
    ----------
    facts : DataFrame
        N linhas, uma coluna por fato.

    Returns
    -------
    dict of str to ndarray of str (N,)
        Nome e valores; duas colunas que dizem o mesmo são uma, ``"modo ou faixa etária"``.

    Examples
    --------
    >>> list(distinct(pd.DataFrame({"a": [1, 2, 1], "b": ["x", "y", "x"], "c": [1, 1, 2]})))
    ['a ou b', 'c']
    """
    names, values = {}, {}
    for name in facts:
        told = _told(facts[name]).to_numpy(str)
        parts = tuple(pd.factorize(told)[0])
        names.setdefault(parts, []).append(name)
        values.setdefault(parts, told)
    return {" ou ".join(same): values[parts] for parts, same in names.items()}


def score(features: np.ndarray, labels: Sequence, groups: Sequence) -> dict:
    """Quanto um classificador linear acerta em pacientes que não viu, e quanto acertaria por acaso.

    O acaso se mede: as classes são permutadas entre os pacientes, muitas vezes, e tudo se repete.

    Parameters
    ----------
    features : ndarray, float (N, D)
    labels, groups : sequence (N,)
        O que se adivinha e o paciente de cada imagem.

    Returns
    -------
    dict
        balanced, low e high (acurácia balanceada, média de `SEEDS` repartições dos pacientes, e o
        seu intervalo de 95 %, por paciente); null, null_low e null_high (a média e a faixa de 95 %
        da mesma medida com as classes permutadas); chance (um sobre o número de classes); accuracy
        e largest (a parte das imagens que é da classe mais comum); features, images e patients.

    References
    ----------
    Ojala e Garriga, Permutation Tests for Studying Classifier Performance, JMLR 11 (2010).
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    _check(features, labels, groups)
    codes = np.stack([labels, *shuffled(labels, groups)])
    right = guessed(features, codes, groups)
    balanced, low, high = balanced_accuracy(right[0], labels, groups)
    classes, counts = np.unique(labels, return_counts=True)
    by_class = [np.average(right, axis=1, weights=codes == label) for label in classes]
    null = np.sort(np.mean(by_class, axis=0)[1:])
    out = round(0.025 * (len(null) + 1))
    return {
        "balanced": balanced,
        "low": low,
        "high": high,
        "null": float(null.mean()),
        "null_low": float(null[out - 1]),
        "null_high": float(null[-out]),
        "chance": 1 / len(classes),
        "accuracy": float(right[0].mean()),
        "largest": float(counts.max() / len(labels)),
        "features": features.shape[1],
        "images": len(labels),
        "patients": len(set(groups)),
    }


def shuffled(
    labels: np.ndarray, groups: np.ndarray, count: int = SHUFFLES, seed: int = 0
) -> np.ndarray:
    """As classes permutadas entre os pacientes: cada um recebe as de outro.

    Parameters
    ----------
    labels, groups : ndarray (N,)
    count : int
    seed : int

    Returns
    -------
    ndarray (count, N)
        Quem tem mais imagens do que aquele de quem recebe as classes as repete.
    """
    _, patient, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(patient, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place = np.empty_like(patient)  # a ordem de cada imagem entre as do seu paciente
    place[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    random = np.random.default_rng(seed)
    givers = [random.permutation(len(sizes))[patient] for _ in range(count)]
    return labels[[order[starts[giver] + place % sizes[giver]] for giver in givers]]


def guessed(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Em que parte das repartições cada imagem é acertada por quem treinou sem o paciente dela.

    Um classificador linear de mínimos quadrados, com penalidade (*ridge*), dá a cada imagem uma
    nota por classe e escolhe a que mais excede a parte da classe no treino: a mais comum não leva
    vantagem. Os pacientes se repartem em cinco pedaços sem olhar a classe, de modo que, permutadas
    as classes, as mesmas contas servem a todas as permutações.

    Parameters
    ----------
    features : ndarray, float (N, D)
    labels : ndarray (N,), ou (L, N)
        Uma classe por imagem; ou várias respostas para as mesmas imagens.
    groups : ndarray (N,)

    Returns
    -------
    ndarray, float (N,), ou (L, N)
        De 0 a 1; a média de `SEEDS` repartições.

    Raises
    ------
    InputError
        Se os tamanhos diferem, há um valor que não é número, ou uma classe tem um só paciente.
    """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    answers = np.atleast_2d(labels)
    _check(features, answers[0], groups)
    classes, codes = np.unique(answers, return_inverse=True)
    targets = np.eye(len(classes), dtype=np.float32)[codes.reshape(answers.shape)]  # (L, N, C)
    patients, index = np.unique(groups, return_inverse=True)
    right = np.zeros(answers.shape)
    with threadpool_limits(1):  # são contas pequenas: em várias linhas de execução, só esperam
        for seed in SEEDS:
            drawn = np.random.default_rng(seed).permutation(len(patients)) % FOLDS
            for part in np.unique(drawn):
                test = drawn[index] == part
                known = targets[:, ~test]
                common = known.mean(axis=1)
                model = make_pipeline(StandardScaler(), Ridge(alpha=features.shape[1]))
                model.fit(features[~test], np.moveaxis(known, 1, 0).reshape(len(known[0]), -1))
                notes = model.predict(features[test]).reshape(-1, *common.shape)
                said = (notes / np.maximum(common, 1e-6)).argmax(axis=-1).T
                right[:, test] += classes[said] == answers[:, test]
    return (right / len(SEEDS)).reshape(np.shape(labels))


def _check(features, labels, groups):
    if features.ndim != 2 or not len(features) == len(labels) == len(groups):
        raise InputError(
            f"As características têm a forma {features.shape}, para {len(labels)} classes e"
            f" {len(groups)} pacientes; deve haver uma linha para cada um."
        )
    if not np.isfinite(features).all():
        raise InputError("As características têm valores infinitos ou que não são números (NaN).")
    patients = pd.Series(groups).groupby(labels).nunique()
    if len(patients) < 2 or patients.min() < 2:
        raise InputError(
            f"Há {patients.to_dict()} pacientes por classe; são precisas ao menos duas classes, e"
            " dois pacientes em cada uma."
        )


def _told(fact):
    return fact.astype(object).fillna("não informado").astype(str)


def _grey(images):
    images = np.asarray(images, np.float32)
    return images.mean(axis=-1) if images.ndim == 4 else images


def _central(images, share):
    """A máscara (H, W) do retângulo do meio."""
    height, width = images.shape[1:3]
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    inside = np.zeros((height, width), bool)
    inside[top : height - top, left : width - left] = True
    return inside
