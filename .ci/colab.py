"""Os cadernos do livro como um serviço de cadernos os abre: a primeira célula instala o pacote.

    python .ci/colab.py CADERNOS SAIDA ENDERECO COMMIT

De um repositório publicado, no commit de que os cadernos saíram. O TensorFlow fica como está: o de
lá usa a placa de vídeo, e o que o pacote pede é o do processador.
"""

import re
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
THEIRS = ("tensorflow", "tensorflow-cpu")
CELL = """\
# No Colab: o pacote, no commit de que este caderno saiu, e o que lhe falta.
%pip install -q {libraries}
%pip install -q --no-deps "covidcam @ git+{address}@{commit}\""""


def libraries(project):
    """As dependências do pacote, fora o TensorFlow.

    Parameters
    ----------
    project : dict
        O ``pyproject.toml``.

    Returns
    -------
    list of str
        Como o pip as lê; as que já servem ele não troca.
    """
    asked = project["project"]["dependencies"]
    return [text for text in asked if re.split(r"[^\w-]", text)[0] not in THEIRS]


def installing(notebook, address, commit):
    """Um caderno que começa por instalar o pacote, em vez de dizer como.

    Parameters
    ----------
    notebook : NotebookNode
    address, commit : str

    Returns
    -------
    NotebookNode
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    quoted = " ".join(f'"{text}"' for text in libraries(project))
    cell = nbformat.v4.new_code_cell(
        CELL.format(libraries=quoted, address=address, commit=commit), id="instalar"
    )
    notebook.cells = [cell, *(each for each in notebook.cells if each.id != "como-rodar")]
    return notebook


def main():
    """Escreve em SAIDA um caderno para cada um de CADERNOS."""
    source, output, address, commit = sys.argv[1:]
    Path(output).mkdir(parents=True, exist_ok=True)
    for file in sorted(Path(source).glob("*.ipynb")):
        notebook = installing(nbformat.read(file, 4), address, commit)
        (Path(output) / file.name).write_text(nbformat.writes(notebook), "utf-8")


if __name__ == "__main__":
    main()
