"""O que vale para a suíte inteira: nenhuma escolha de quem a roda chega aos testes."""

import logging
import os

import pytest

for name in [name for name in os.environ if name.startswith("COVIDCAM_")]:
    del os.environ[name]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Em processadores sem AVX-512 o TensorFlow o deixa desligado, e sem ele não há convolução em
# channels_first fora de uma placa.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@pytest.fixture(autouse=True)
def heard():
    """O comando cala os avisos do pacote; o teste seguinte os ouve de novo."""
    yield
    logging.getLogger("covidcam").setLevel(logging.NOTSET)
