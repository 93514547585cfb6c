"""O que as folhas do tema dizem de classes que o livro não tem, e que ninguém precisa baixar."""

import re

WORD = re.compile(r"[A-Za-z_][\w-]*")
ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
INLINE = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)
SCRIPT = re.compile(r'<script[^>]* src="(?:\.\./)*([^"?]+)')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# O que abre, fecha ou acaba uma regra; o que está entre aspas ou parênteses não conta.
MARK = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\([^()]*\)|[{};]""")
INNER = r"\((?:[^()]|\([^()]*\))*\)"
SELECTOR = re.compile(rf"(?:{INNER}|[^,(])+")
NEGATED = re.compile(rf":not{INNER}")
NAME = re.compile(r"[.#]([A-Za-z_][\w-]*)")
NESTED = ("@media", "@supports", "@layer")


def words(folder):
    """As palavras entre as quais estão as classes de um site: as dos atributos e as dos scripts.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    set of str
    """
    pages = [file.read_text("utf-8") for file in folder.rglob("*.html")]
    asked = {name for page in pages for name in SCRIPT.findall(page)}
    scripts = [folder / name for name in asked if (folder / name).is_file()]
    texts = [value for page in pages for value in ATTRIBUTE.findall(page)]
    texts += [inline for page in pages for inline in INLINE.findall(page)]
    texts += [script.read_text("utf-8") for script in scripts]
    return {word for text in texts for word in WORD.findall(text)}


def prune(css, known):
    """Uma folha sem as regras que só falam de classes que ninguém usa.

    Parameters
    ----------
    css : str
    known : set of str

    Returns
    -------
    str

    Examples
    --------
    >>> prune(".a, .b:hover { color: red } .c { color: blue }", {"b"})
    '.b:hover{color: red}'
    """
    return "\n".join(filter(None, (_kept(*rule, known) for rule in _rules(COMMENT.sub("", css)))))


def _rules(css):
    """O que vem antes das chaves de cada regra, e o que elas guardam; None onde não há chaves."""
    depth = start = opened = 0
    for mark in MARK.finditer(css):
        if mark[0] == "{":
            opened = opened if depth else mark.start()
            depth += 1
        elif mark[0] == "}":
            depth -= 1
            if not depth:
                yield css[start:opened].strip(), css[opened + 1 : mark.start()].strip()
                start = mark.end()
        elif mark[0] == ";" and not depth:
            yield css[start : mark.end()].strip(), None
            start = mark.end()


def _kept(prelude, body, known):
    if body is None:
        return prelude
    if prelude.startswith(NESTED):
        body = prune(body, known)
        return f"{prelude}{{{body}}}" if body else ""
    if prelude.startswith("@"):
        return f"{prelude}{{{body}}}"
    used = [each.strip() for each in SELECTOR.findall(prelude) if _is_used(each, known)]
    return f"{','.join(used)}{{{body}}}" if used else ""


def _is_used(selector, known):
    """Se existem todas as classes de que um seletor precisa; as que ele nega não contam."""
    return known.issuperset(NAME.findall(NEGATED.sub("", selector)))
