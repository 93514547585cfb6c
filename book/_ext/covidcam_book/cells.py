"""O que uma célula de código usa e dá, e o que dela só serve ao livro."""

import ast
import symtable


def names(code):
    """Os nomes que uma célula usa, e os que dá às seguintes.

    Parameters
    ----------
    code : str

    Returns
    -------
    used, bound : set of str

    Examples
    --------
    >>> used, bound = names("b = [a * x for x in range(3)]")
    >>> sorted(used), sorted(bound)
    (['a', 'range'], ['b'])
    """
    whole, used = symtable.symtable(code, "célula", "exec"), set()
    tables = [whole]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (table is whole or symbol.is_global())
        }
    bound = {s.get_name() for s in whole.get_symbols() if s.is_assigned() or s.is_imported()}
    return used, bound


def without_glue(code):
    r"""O código de uma célula sem o que leva números à prosa, que só o livro sabe fazer.

    Parameters
    ----------
    code : str

    Returns
    -------
    str
        Vazio se a célula só fazia isso.

    Examples
    --------
    >>> without_glue("from myst_nb import glue\n\nn = 2\nglue('dois', n, display=False)")
    'n = 2'
    """
    lines = code.splitlines()
    for node in _glued(ast.parse(code).body):
        lines[node.lineno - 1 : node.end_lineno] = [None] * (node.end_lineno - node.lineno + 1)
    return "\n".join(line for line in lines if line is not None).strip("\n")


def _glued(body):
    """Os comandos que só usam ``glue``; um laço inteiro, se não sobra nada dentro dele."""
    for node in body:
        inner = [each for each in getattr(node, "body", []) if isinstance(each, ast.stmt)]
        found = list(_glued(inner))
        emptied = inner and len(found) == len(inner) and not getattr(node, "orelse", [])
        if emptied or _is_glue(node):
            yield node
        else:
            yield from found


def _is_glue(node):
    if isinstance(node, ast.ImportFrom):
        return node.module == "myst_nb"
    calls = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return calls and ast.unparse(node.value.func) == "glue"
