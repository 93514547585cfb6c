"""As redes do livro: o que cada uma é, com que receita se treina e o que publicou quem a usou.

Toda rede recebe as imagens como estão nos arrays (N, 237, 237, 3), de 0 a 255, e faz dentro de si
o que precisa para lê-las; quem lhe passa as imagens não tem escala a escolher. Cada rede
tem uma parte **congelada** (o preparo e, nas de tamanho inteiro, a rede treinada na ImageNet), que
basta rodar uma vez por imagem, e uma parte **treinada**, que começa na primeira camada com pesos
a treinar.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from covidcam.errors import InputError
from covidcam.models import backbones
from covidcam.models.heads import HEADS
from covidcam.seeding import seeded

if TYPE_CHECKING:  # o TensorFlow só é carregado quando uma rede é construída
    import keras

INPUT_SHAPE = (237, 237, 3)


class Published(NamedTuple):
    """O que um tutorial de 2020 publicou de uma rede: imagens de teste certas e testadas, perda."""

    right: int
    total: int
    loss: float


@dataclass(frozen=True)
class Architecture:
    """Uma rede do livro.

    Attributes
    ----------
    backbone : callable
        Das imagens ao último mapa.
    frozen : bool
        Se vem pronta da ImageNet e só a cabeça se treina; senão, é treinada do zero.
    channels : int
        Quantos canais tem o último mapa.
    recipes : mapping of str to mapping
        O que `covidcam.models.train` recebe em cada modelo do livro: ``"modelo-1"``,
        ``"modelo-2"``, ``"atalhos"`` (os filmes pequenos daquele capítulo) e, nas que se treinam do
        zero, ``"decorar"``. Uma receita mudada é outra: ``recipe | {"epochs": 10}``.
    miniature_of : str, optional
        A rede de tamanho inteiro que imita.
    published : mapping of str to Published
        Os resultados de 2020, por modelo.
    """

    backbone: Callable
    frozen: bool
    channels: int
    recipes: Mapping[str, Mapping]
    miniature_of: str | None = None
    published: Mapping[str, Published] = field(default_factory=dict)

    def head(self, model: str) -> str:
        """A cabeça com que o livro a termina em cada modelo: a de 2020 só nas congeladas.

        Parameters
        ----------
        model : str
            ``"modelo-1"`` ou ``"modelo-2"``.

        Returns
        -------
        str
            Um nome de `HEADS`.
        """
        return f"2020-{model}" if self.frozen else "pooled"


def _recipes(**models: Mapping) -> Mapping[str, Mapping]:
    """As receitas de uma rede, que ninguém muda por engano."""
    named = {name.replace("_", "-"): recipe for name, recipe in models.items()}
    return MappingProxyType({name: MappingProxyType(each) for name, each in named.items()})


# Variam as imagens e têm uma penalidade por ativação no último mapa, escolhida em divisões dos
# pacientes que não são a do livro nem as de benchmarks/seeds.
FROM_SCRATCH = {"learning_rate": 2e-3, "augment": True, "sparsity": 3e-5, "seed": 0}
MINIATURE = _recipes(
    modelo_1={"epochs": 30, **FROM_SCRATCH},
    modelo_2={"epochs": 100, **FROM_SCRATCH},
    atalhos={"epochs": 12, "learning_rate": 2e-3, "augment": True, "seed": 0},
    # sem variações nem penalidade: com as duas, rótulos embaralhados não se decoram
    decorar={"epochs": 45, "learning_rate": 2e-3, "seed": 0},
)
# As épocas são as de 2020.
FULL = _recipes(
    modelo_1={"epochs": 50, "learning_rate": 1e-3, "seed": 0},
    modelo_2={"epochs": 80, "learning_rate": 1e-3, "seed": 0},
    atalhos={"epochs": 80, "learning_rate": 1e-2, "seed": 0},
)
ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "mini-vgg": Architecture(backbones.mini_vgg, False, 128, MINIATURE, "vgg16"),
        "mini-resnet": Architecture(backbones.mini_resnet, False, 96, MINIATURE, "resnet50v2"),
        "mini-xception": Architecture(backbones.mini_xception, False, 96, MINIATURE, "xception"),
        "vgg16": Architecture(
            backbones.vgg16,
            True,
            512,
            FULL,
            published={
                "modelo-1": Published(54, 55, 0.0345),
                "modelo-2": Published(73, 75, 0.0941),
            },
        ),
        "resnet50v2": Architecture(
            backbones.resnet50v2,
            True,
            2048,
            FULL,
            published={"modelo-2": Published(72, 75, 0.3698)},
        ),
        "xception": Architecture(
            backbones.xception,
            True,
            2048,
            FULL,
            published={"modelo-2": Published(71, 75, 0.2876)},
        ),
    }
)


def build(
    name: str,
    classes: Sequence[str],
    weights: Path | str | None = None,
    head: str = "pooled",
    input_shape: tuple[int, int, int] = INPUT_SHAPE,
    seed: int = 0,
) -> "keras.Model":
    """Constrói uma rede ainda não treinada.

    Parameters
    ----------
    name : str
        Um nome de `ARCHITECTURES`: ``"mini-vgg"``, ``"mini-resnet"`` ou ``"mini-xception"``,
        treinadas do zero; ``"vgg16"``, ``"resnet50v2"`` ou ``"xception"``, congeladas, com pesos da
        ImageNet.
    classes : sequence of str
        As classes, na ordem das saídas.
    weights : path-like, ``"random"`` ou None
        Para as redes de tamanho inteiro: pasta com o arquivo de pesos do Keras; None usa o cache
        do próprio Keras (que pode baixá-lo); ``"random"`` dispensa os pesos, para testes.
    head : str
        ``"pooled"`` (média global e uma camada densa) ou as de 2020: ``"2020-modelo-1"`` (um
        neurônio sigmoide, duas classes) e ``"2020-modelo-2"`` (softmax).
    input_shape : tuple of int
        Altura, largura e canais das imagens.
    seed : int
        Decide os pesos iniciais; os sorteios de quem chama não mudam.

    Returns
    -------
    keras.Model
        De uint8 ou float (N, H, W, 3), de 0 a 255, para probabilidades (N, classes), ou (N, 1) na
        cabeça ``"2020-modelo-1"``, cuja saída é a probabilidade da segunda classe.

    Raises
    ------
    InputError
        Se o nome, a cabeça ou o número de classes não é aceito.
    ModelError
        Se os pesos da rede não estão na pasta nem puderam ser baixados.

    Examples
    --------
    >>> model = build("mini-vgg", ["COVID-19", "NORMAL"])
    >>> model.output_shape
    (None, 2)
    """
    architecture = _choose(name, ARCHITECTURES, "rede")
    finish = _choose(head, HEADS, "cabeça")
    if len(classes) < 2 or (head == "2020-modelo-1" and len(classes) != 2):
        raise InputError(
            f"A cabeça {head!r} recebeu {len(classes)} classe(s) ({list(classes)}); aceita"
            f" {'exatamente 2' if head == '2020-modelo-1' else '2 ou mais'}."
        )
    import keras

    with seeded(seed):
        images = keras.Input(input_shape, name="images")
        features = architecture.backbone(images, weights, as_2020=head != "pooled")
        return keras.Model(images, finish(features, len(classes), head), name=name)


def _choose(name, accepted, what):
    if name not in accepted:
        raise InputError(f"A {what} {name!r} não existe; as que existem são {list(accepted)}.")
    return accepted[name]
