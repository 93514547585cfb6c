"""O que vale para a suíte inteira: nenhuma escolha de quem a roda chega aos testes."""

import os

for name in [name for name in os.environ if name.startswith("COVIDCAM_")]:
    del os.environ[name]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
