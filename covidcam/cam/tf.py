"""O TensorFlow, carregado só quando alguém pede algo dele.

``from covidcam.cam import tf`` não custa nada; ``tf.reduce_sum`` importa o TensorFlow.
"""


def __getattr__(name):
    import tensorflow

    return getattr(tensorflow, name)
