"""Do que o modelo devolve ao logit: softmax, log-softmax e sigmoide são desfeitas."""

from covidcam.cam import tf
from covidcam.errors import ModelError

# Ativações finais através das quais se olha, pelo nome na Keras e pela operação do TensorFlow.
LOOKED_THROUGH = {"linear", "softmax", "log_softmax", "sigmoid"}
UNDONE = {"Softmax", "LogSoftmax", "Sigmoid"}
# Operações que não alteram os valores e podem estar depois da ativação final.
UNCHANGING = {"Identity", "IdentityN", "Cast", "Reshape", "Squeeze", "ExpandDims"}
NEUTRAL = {"Mul": 1, "RealDiv": 1, "AddV2": 0, "Add": 0, "Sub": 0}
# Operações que limitam os valores: depois delas já não há logit que se possa ler.
SQUASHING = UNDONE | {"Exp", "Tanh", "Softplus", "Softsign", "Erf", "Relu6", "ClipByValue"}
# Operações depois das quais uma das de cima ainda se reconhece, com um só tensor que varia…
FOLLOWED = {"Mul", "RealDiv", "AddV2", "Add", "Sub", "Log", "Log1p", "Pow", "Square", "Sqrt", "Neg"}
FOLLOWED |= {"Mean", "Sum", "Max", "Maximum", "Minimum", "Transpose", "Relu"}
FOLLOWED |= {"StridedSlice", "Slice", "GatherV2", "Unpack", "Split"}
# … ou com vários.
GATHERING = {"Pack", "ConcatV2", "IdentityN"}
FUNCTIONS = {"PartitionedCall", "StatefulPartitionedCall"}


class HiddenActivationError(ModelError):
    """A saída vem de uma função compilada, em que não se vê se há uma ativação final."""


def before_activation(output):
    """Olha através da softmax, log-softmax ou sigmoide finais; sem elas, devolve a saída.

    Recusa o que não sabe desfazer: outra conta depois de uma ativação que limita os valores.
    """
    tensor = output
    while (before := unchanged(tensor)) is not None:
        tensor = before
    if tensor.op.type in UNDONE:
        logits = tensor.op.inputs[0]
        if logits.shape[-1] != output.shape[-1]:
            raise ModelError(
                f"a ativação final {tensor.op.type} não corre ao longo das classes: "
                "o logit não pode ser lido."
            )
        if tensor.op.type != "Sigmoid" and output.shape[-1] == 1:
            raise ModelError(
                "a saída é uma softmax de uma só classe, que vale sempre 1: não há o que explicar. "
                "Para duas classes numa só saída, use sigmoid."
            )
        return tf.reshape(logits, tf.shape(output))
    found = squashing(tensor)
    if found:
        raise ModelError(
            f"entre o logit e a saída do modelo há uma operação que não se desfaz ({found}), "
            "e o logit não pode ser lido. Aceitam-se softmax, log_softmax, sigmoid ou nenhuma."
        )
    return output


def unchanged(tensor):
    """Devolve o tensor de que este só difere na forma ou no tipo, ou None."""
    op = tensor.op
    if op.type in FUNCTIONS:
        raise HiddenActivationError(
            f"a saída do modelo vem de uma função compilada ({op.name}) em que não se vê a "
            "ativação final: o logit não pode ser lido. Tire o tf.function da última camada."
        )
    if op.type in UNCHANGING:
        return op.inputs[tensor.value_index]
    if op.type in NEUTRAL:
        kept, other = op.inputs
        if op.type in {"Mul", "AddV2", "Add"} and fixed(kept):
            kept, other = other, kept
        constant = tf.get_static_value(other)
        return kept if constant is not None and (constant == NEUTRAL[op.type]).all() else None
    return None


def squashing(tensor):
    """Devolve o nome da operação que limita os valores antes deste tensor, se há uma."""
    pending = [tensor]
    while pending:
        op = pending.pop().op
        moving = [one for one in op.inputs if not fixed(one)]
        if op.type in SQUASHING or (op.type == "Minimum" and len(moving) == 1):
            return op.type
        if op.type in GATHERING or (op.type in FOLLOWED | UNCHANGING and len(moving) == 1):
            pending += moving
        elif op.type in {"RealDiv", "Sub"}:
            pending += moving[:1]
    return None


def fixed(tensor):
    """Diz se o tensor não depende das imagens: uma constante ou um peso."""
    known = tf.get_static_value(tensor) is not None
    return known or tensor.op.type in {"ReadVariableOp", "Const", "Placeholder"}
