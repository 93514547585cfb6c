"""O mesmo filme sem um objeto: quanto a rede perde, e se o mapa pôs ali o seu calor.

A medida é o **contraste**, o logit da classe explicada menos o da classe a que se compara: é o que
a softmax deixa ver dos logits, e não satura como a probabilidade.
"""

from typing import NamedTuple

import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_maps, check_masks
from covidcam.evaluation.faithfulness import probabilities

TINY = 1e-37  # a menor probabilidade que um float32 guarda com todos os dígitos


class Effects(NamedTuple):
    """Quanto do contraste cada objeto sustenta.

    Attributes
    ----------
    film : ndarray, int (M,)
        O filme de cada objeto.
    removed : ndarray, float64 (M,)
        O que o contraste perde quando o objeto sai do filme completo.
    added : ndarray, float64 (M,)
        O que o contraste ganha quando o objeto entra no filme sem nenhum; NaN se não foi tentado.
    total : ndarray, float64 (N,)
        O que o contraste perde quando todos saem de um filme.
    """

    film: np.ndarray
    removed: np.ndarray
    added: np.ndarray
    total: np.ndarray

    @property
    def strength(self) -> np.ndarray:
        """A média dos dois jeitos, float64 (M,); só o de tirar, onde o outro não foi tentado.

        É o valor de Shapley tomado só nas duas pontas: o objeto que chega primeiro e o que sai por
        último. Com focos que se substituem, tirar um diz zero de todos; com focos que só juntos
        bastam, pôr um diz zero de todos.
        """
        return np.where(np.isnan(self.added), self.removed, (self.removed + self.added) / 2)

    @property
    def replaced(self) -> np.ndarray:
        """Objetos que outros substituem, bool (M,).

        São os que, sozinhos, dariam ao menos metade do efeito total do filme, mas cuja falta custa
        menos da metade do que dariam.
        """
        enough = self.added >= 0.5 * self.total[self.film]
        return enough & (self.total[self.film] > 0) & (self.removed < 0.5 * self.added)

    @property
    def marked(self) -> np.ndarray:
        """Filmes em que um objeto substitui outro, e a falta de um não diz tudo, bool (N,)."""
        return np.bincount(self.film, self.replaced, minlength=len(self.total)) > 0


def contrast(model, images: np.ndarray, target: np.ndarray, against: np.ndarray) -> np.ndarray:
    """O logit de uma classe menos o de outra, lido das probabilidades.

    Parameters
    ----------
    model : keras.Model
        Termina em softmax, ou numa sigmoide só.
    images : ndarray (N, H, W, C)
    target, against : int or ndarray, int (N,)
        A classe explicada e a classe a que se compara.

    Returns
    -------
    ndarray, float64 (N,)
        log p(target) − log p(against).

    Raises
    ------
    InputError
        Se as duas classes são a mesma, ou o modelo não tem uma delas.
    """
    answers = probabilities(model, images)
    target, against = (np.broadcast_to(each, len(answers)) for each in (target, against))
    for name, each in (("target", target), ("against", against)):
        if not ((each >= 0) & (each < answers.shape[1])).all():
            raise InputError(f"{name} tem a classe {each.max()}; o modelo tem {answers.shape[1]}.")
    if (target == against).any():
        raise InputError("target e against são a mesma classe: o contraste seria zero.")
    logs = np.log(np.maximum(answers.astype(np.float64), TINY))
    every = np.arange(len(answers))
    return logs[every, target] - logs[every, against]


def effects(
    model,
    whole: np.ndarray,
    empty: np.ndarray,
    without: np.ndarray,
    film: np.ndarray,
    target: np.ndarray,
    against: np.ndarray,
    alone: np.ndarray | None = None,
) -> Effects:
    """Quanto do contraste cada objeto sustenta, dos dois jeitos de perguntar.

    Parameters
    ----------
    model : keras.Model
    whole, empty : ndarray (N, H, W, C)
        Cada filme completo, e sem nenhum dos objetos.
    without : ndarray (M, H, W, C)
        O filme completo menos um objeto, para cada objeto de cada filme.
    film : ndarray, int (M,)
        De que filme é cada um, de 0 a N − 1.
    target, against : int or ndarray, int (N,)
        Como em `contrast`.
    alone : ndarray (M, H, W, C), optional
        O filme em que só está aquele objeto.

    Returns
    -------
    Effects

    Raises
    ------
    InputError
        Se as formas não combinam, ou como em `contrast`.

    References
    ----------
    A ideia de tirar a parte e ver o que a rede perde: Hesse, Schaub-Meyer e Roth, FunnyBirds, ICCV
    2023. arXiv:2308.06248.
    """
    film = np.asarray(film)
    if len(whole) != len(empty) or (alone is not None and len(alone) != len(without)):
        raise InputError("Cada filme completo tem um vazio, e cada objeto tirado, um posto só.")
    if film.shape != (len(without),) or not np.isin(film, np.arange(len(whole))).all():
        raise InputError(
            f"Há {len(without)} objetos e film tem a forma {film.shape}; é um filme de 0 a"
            f" {len(whole) - 1} para cada objeto."
        )
    target, against = (np.broadcast_to(each, len(whole)) for each in (target, against))
    full, none = (contrast(model, images, target, against) for images in (whole, empty))
    added = np.full(len(film), np.nan)
    if alone is not None:
        added = contrast(model, alone, target[film], against[film]) - none[film]
    left = contrast(model, without, target[film], against[film])
    return Effects(film, full[film] - left, added, full - none)


class Agreement(NamedTuple):
    """Se uma nota por objeto ordena os objetos como o efeito deles.

    Attributes
    ----------
    pairs : ndarray, float64 (P,)
        Cada par de objetos do mesmo filme: 1 se a nota e o efeito os ordenam igual, 0 se ao
        contrário, 0,5 se a nota os empata, NaN se falta uma das duas notas. Os pares são os dos
        efeitos: duas notas dos mesmos objetos se comparam par a par.
    film : ndarray, int (P,)
        O filme de cada par.
    first : ndarray, float64 (N,)
        Se o objeto de maior nota é o de maior efeito; no empate, a chance de um sorteio; NaN onde
        não há dois objetos com nota.
    """

    pairs: np.ndarray
    film: np.ndarray
    first: np.ndarray


def agreement(
    maps: np.ndarray, masks: np.ndarray, effects: Effects, least: float = 0.0
) -> Agreement:
    """Se um mapa põe mais calor por pixel nos objetos que mais pesam para a rede.

    Parameters
    ----------
    maps : ndarray, float (N, H, W)
        Um mapa por filme.
    masks : ndarray, bool (M, H, W)
        Onde está cada objeto.
    effects : Effects
        Vale a média dos dois jeitos, `Effects.strength`.
    least : float
        Efeitos que não diferem mais do que isto não fazem par.

    Returns
    -------
    Agreement
        Um mapa constante vale 0,5 em cada par.

    Raises
    ------
    InputError
        Se as formas não combinam.
    """
    return concordance(densities(maps, masks, effects.film), effects, least)


def densities(maps: np.ndarray, masks: np.ndarray, film: np.ndarray) -> np.ndarray:
    """A média do mapa dentro de cada objeto, cada pixel contado uma vez.

    A média, e não a soma: pela soma, todo mapa preferiria os objetos grandes. Um pixel de vários
    objetos é do menor deles: o foco que está atrás das costelas não empresta a elas o seu calor.

    Parameters
    ----------
    maps : ndarray, float (N, H, W)
    masks : ndarray, bool (M, H, W)
    film : ndarray, int (M,)
        O filme de cada objeto.

    Returns
    -------
    ndarray, float64 (M,)
        NaN onde não sobra pixel nenhum.

    Raises
    ------
    InputError
        Se as formas não combinam.

    Examples
    --------
    >>> heat = np.array([[[1.0, 0.5], [0.0, 0.0]]])
    >>> masks = np.array([[[1, 1], [1, 1]], [[1, 1], [0, 0]]], bool)
    >>> densities(heat, masks, np.array([0, 0])).tolist()
    [0.0, 0.75]
    """
    masks, film = check_masks(masks), np.asarray(film)
    maps = check_maps(maps)
    if maps.shape[1:] != masks.shape[1:] or film.shape != (len(masks),):
        raise InputError(
            f"Os mapas têm a forma {maps.shape}, as máscaras, {masks.shape}, e film, {film.shape}."
        )
    areas, means = masks.sum(axis=(1, 2)), np.full(len(masks), np.nan)
    for number in np.unique(film):
        free = np.ones(masks.shape[1:], bool)
        own = np.flatnonzero(film == number)
        for k in own[np.argsort(areas[own], kind="stable")]:
            mine = masks[k] & free
            free &= ~masks[k]
            if mine.any():
                means[k] = maps[number][mine].mean()
    return means


def concordance(scores: np.ndarray, effects: Effects, least: float = 0.0) -> Agreement:
    """Se uma nota qualquer ordena os objetos de cada filme como o efeito deles.

    Parameters
    ----------
    scores : ndarray, float (M,)
        Uma nota por objeto: a densidade de um mapa, ou o tamanho do objeto; NaN onde não há.
    effects : Effects
    least : float
        Como em `agreement`.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        Se não há uma nota por objeto.

    Examples
    --------
    >>> lost = Effects(np.array([0, 0, 0]), np.array([3.0, 1.0, 0.0]), np.zeros(3), np.ones(1))
    >>> concordance(np.array([0.9, 0.2, 0.5]), lost).pairs.tolist()
    [1.0, 1.0, 0.0]
    """
    scores = np.asarray(scores, float)
    if scores.shape != effects.film.shape:
        raise InputError(f"Há {len(effects.film)} objetos e as notas têm a forma {scores.shape}.")
    pairs, films, first = [], [], np.full(len(effects.total), np.nan)
    for number in range(len(first)):
        mine = effects.film == number
        own, lost = scores[mine], effects.strength[mine]
        i, j = np.triu_indices(len(own), 1)
        apart = np.abs(lost[i] - lost[j]) > least
        same = np.sign(own[i] - own[j]) * np.sign(lost[i] - lost[j])
        pairs.append((0.5 + 0.5 * same)[apart])
        films.append(np.full(apart.sum(), number))
        own, lost = own[np.isfinite(own)], lost[np.isfinite(own)]
        if len(own) > 1:
            highest = own == own.max()
            first[number] = highest[lost.argmax()] / highest.sum()
    return Agreement(np.concatenate(pairs), np.concatenate(films), first)
