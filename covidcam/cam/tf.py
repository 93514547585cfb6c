"""O TensorFlow, carregado só quando alguém pede algo dele.

``from covidcam.cam import tf`` não custa nada; ``tf.reduce_sum`` importa o TensorFlow.
"""


def __getattr__(name):
    if name.startswith("__"):  # quem só pergunta o que este módulo é, como a documentação
        raise AttributeError(name)
    import tensorflow

    return getattr(tensorflow, name)
