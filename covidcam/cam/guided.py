"""A retropropagação guiada: por cada ReLU só volta o que é positivo na ida e na volta.

A regra só existe para a ReLU. Uma rede com outra ativação retificadora (SiLU, GELU, LeakyReLU…)
daria o gradiente comum, ou uma mistura, sob o nome de guiado: é recusada.
"""

from functools import cache

from covidcam.cam import tf
from covidcam.errors import ModelError

RULES = {"Relu": "CovidcamGuidedRelu", "Relu6": "CovidcamGuidedRelu6"}
OTHERS = {"LeakyRelu", "Elu", "Selu"}
BENDING = {"Sigmoid", "Tanh", "Erf", "Erfc", "Softplus", "Relu6", "Exp"}
ELEMENTWISE = BENDING | {"Identity", "IdentityN", "Cast", "Mul", "AddV2", "Add", "Sub", "RealDiv"}
ELEMENTWISE |= {"Neg", "Pow", "Square", "Rsqrt", "Minimum", "Maximum"}


@cache
def register_rules():
    """Registra, uma vez, as derivadas guiadas."""

    @tf.RegisterGradient(RULES["Relu"])
    def _(op, upstream):
        return tf.raw_ops.ReluGrad(gradients=tf.nn.relu(upstream), features=op.outputs[0])

    @tf.RegisterGradient(RULES["Relu6"])
    def _(op, upstream):
        return tf.raw_ops.Relu6Grad(gradients=tf.nn.relu(upstream), features=op.outputs[0])


def check_rectifiers(operations):
    """Recusa a rede que retifica de outro modo que não pela ReLU."""
    for op in operations:
        negative = op.type == "Relu" and op.inputs[0].op.type == "Neg"  # a PReLU
        if op.type in OTHERS or negative or (op.type == "Mul" and gates_itself(op)):
            raise ModelError(
                f"a rede tem uma ativação que não é ReLU ({op.name}): a retropropagação guiada só "
                "é definida onde todas o são. Use 'grad-cam' ou 'gradient'."
            )


def gates_itself(product):
    """Diz se a operação multiplica x por uma função de x, como a SiLU, x · sigmoide(x)."""
    (first, bends), (second, also) = map(origins, product.inputs)
    return (bends or also) and bool(first & second)


def origins(tensor):
    """Devolve os tensores de que este é função elemento a elemento, e se no caminho há curva."""
    found, pending, bends = set(), [tensor], False
    while pending:
        tensor = pending.pop()
        if tensor.ref() in found:
            continue
        found.add(tensor.ref())
        op = tensor.op
        if op.type in ELEMENTWISE:
            bends = bends or op.type in BENDING
            pending += [one for one in op.inputs if tf.get_static_value(one) is None]
    return {one for one in found if one.deref().op.type not in {"ReadVariableOp"}}, bends
