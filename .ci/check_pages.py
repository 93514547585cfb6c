"""Confere que cada página do sumário foi construída e que nenhuma traz o rastro de um erro."""

import sys
from pathlib import Path

import yaml


def pages(entry):
    """Os arquivos de uma entrada do sumário e de tudo o que há embaixo dela."""
    found = [entry[key] for key in ("root", "file") if key in entry]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, []):
            found += pages(child)
    return found


def main():
    """Diz o que falta e sai com 1, ou conta o que há."""
    names = pages(yaml.safe_load(Path("_toc.yml").read_text("utf-8")))
    built = {name: Path("_build/html", f"{name}.html") for name in names}
    problems = [f"falta a página {name}" for name, file in built.items() if not file.is_file()]
    problems += [
        f"há um erro de execução na página {name}"
        for name, file in built.items()
        if file.is_file() and "Traceback (most recent call last)" in file.read_text("utf-8")
    ]
    print("\n".join(problems) or f"{len(names)} páginas construídas, nenhuma com erro")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
