"""O que uma versão publica além do wheel e do sdist: o site num zip, as somas e o que mudou.

    python .ci/release.py conferir vX.Y.Z
    python .ci/release.py notas vX.Y.Z
    python .ci/release.py site SITE PASTA
    python .ci/release.py somas PASTA

``conferir`` vê se a etiqueta, o pacote, a citação e o CHANGELOG dizem a mesma versão; ``notas`` diz
o que mudou nela; ``site`` põe em PASTA um zip que se lê sem rede; ``somas``, um SHA256SUMS.
"""

import hashlib
import re
import sys
import tomllib
import zipfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DATE = (1980, 1, 1, 0, 0, 0)  # a mesma em todos os arquivos: o mesmo site dá o mesmo zip


def versions(root):
    """A versão que cada arquivo diz.

    Parameters
    ----------
    root : Path
        A pasta do repositório.

    Returns
    -------
    dict of str to str
        A do CHANGELOG é a primeira que ele dá por pronta; vazia se não há nenhuma.
    """
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    ready = re.search(r"^## (\d\S*)", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    package = (root / "covidcam" / "__init__.py").read_text("utf-8")
    return {
        "pyproject.toml": project["project"]["version"],
        "covidcam/__init__.py": re.search(r'__version__ = "(.+)"', package)[1],
        "CITATION.cff": citation["version"],
        "CITATION.cff, preferred-citation": citation["preferred-citation"]["version"],
        "CHANGELOG.md": ready[1] if ready else "",
    }


def disagreements(tag, found):
    """Os arquivos que não são da versão de uma etiqueta, uma frase para cada um.

    Parameters
    ----------
    tag : str
    found : mapping of str to str

    Returns
    -------
    list of str

    Examples
    --------
    >>> disagreements("v1.0.0", {"a": "1.0.0", "b": "0.9.0"})
    ['b diz 0.9.0, e a etiqueta é v1.0.0']
    """
    return [
        f"{name} diz {version or 'nenhuma versão'}, e a etiqueta é {tag}"
        for name, version in found.items()
        if tag != f"v{version}"
    ]


def notes(changelog, tag):
    r"""O que mudou numa versão.

    Parameters
    ----------
    changelog : str
    tag : str

    Returns
    -------
    str
        Vazio se ela não está lá.

    Examples
    --------
    >>> notes("## 1.0.0 — a segunda\n\nIsto.\n\n## 0.1.0\n\nAquilo.\n", "v1.0.0")
    'Isto.'
    """
    start = re.escape(tag.removeprefix("v"))
    found = re.search(rf"^## {start}\b.*\n([\s\S]*?)(?=^## |\Z)", changelog, re.MULTILINE)
    return found[1].strip() if found else ""


def pack(site, path):
    """O site num zip, numa pasta com o nome dele.

    Parameters
    ----------
    site : Path
    path : Path
        O zip.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(each for each in site.rglob("*") if each.is_file()):
            name = f"{path.stem}/{file.relative_to(site).as_posix()}"
            entry = zipfile.ZipInfo(name, DATE)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def sums(folder):
    """A soma de cada arquivo de uma pasta, como o ``sha256sum -c`` a lê.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
    """
    lines = []
    for file in sorted(folder.iterdir()):
        if file.name != "SHA256SUMS":
            lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")
    return "".join(lines)


def main():
    """Faz um passo; a saída é 1 quando a versão não está pronta."""
    step, *arguments = sys.argv[1:]
    if step == "conferir":
        found = disagreements(arguments[0], versions(ROOT))
        sys.exit("\n".join(found) or None)
    if step == "notas":
        print(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), arguments[0]))
    elif step == "site":
        site, folder = map(Path, arguments)
        folder.mkdir(parents=True, exist_ok=True)
        pack(site, folder / f"covidcam-{versions(ROOT)['pyproject.toml']}-livro.zip")
    elif step == "somas":
        folder = Path(arguments[0])
        (folder / "SHA256SUMS").write_text(sums(folder), "utf-8")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
