"""O que o código de um artefato alcança, lido do texto: funções, classes e constantes do pacote."""

import ast
from pathlib import Path
from typing import NamedTuple

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
EVERYWHERE = {"errors", "progress", "settings", "store"}  # não decidem números


class Kept(NamedTuple):
    """Uma chamada de `store.keep` e a função em que está."""

    module: str
    function: ast.FunctionDef
    make: ast.FunctionDef
    parameters: ast.expr
    code: tuple[str, ...]

    @property
    def name(self):
        return f"{self.module}.{self.function.name}"


class Package:
    """Os módulos de um pacote, com o que cada nome deles quer dizer."""

    def __init__(self, folder):
        self.trees = {}
        for file in sorted(Path(folder).rglob("*.py")):
            parts = file.relative_to(folder.parent).with_suffix("").parts
            self.trees[".".join(parts).removesuffix(".__init__")] = ast.parse(
                file.read_text("utf-8")
            )
        self.root = folder.name
        self.defined = {name: dict(definitions(tree)) for name, tree in self.trees.items()}
        self.imported = {name: dict(self.imports(tree)) for name, tree in self.trees.items()}

    def imports(self, tree):
        """Nome -> módulo, ou (módulo, nome nele), em qualquer ponto do arquivo."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == self.root:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    target = whole if whole in self.trees else (node.module, alias.name)
                    yield alias.asname or alias.name, target

    def resolve(self, module, name):
        """Onde um nome de um módulo é definido, através de quem só o importa."""
        while name not in self.defined.get(module, ()):
            target = self.imported.get(module, {}).get(name)
            if not isinstance(target, tuple):
                return None
            module, name = target
        return module, name

    def used(self, module, node):
        """O que um trecho de código usa do pacote: pares (módulo, nome)."""
        bound = self.imported[module]
        for sub in ast.walk(node):
            if isinstance(sub, ast.Attribute) and isinstance(sub.value, ast.Name):
                if isinstance(bound.get(sub.value.id), str):
                    yield self.resolve(bound[sub.value.id], sub.attr)
            elif isinstance(sub, ast.Name) and isinstance(sub.ctx, ast.Load):
                yield self.resolve(module, sub.id)
            elif isinstance(sub, ast.Constant) and isinstance(sub.value, str):
                yield self.resolve(module, sub.value)  # uma anotação entre aspas

    def reach(self, starts):
        """Tudo o que se alcança a partir de pares (módulo, nó)."""
        found, waiting = set(), list(starts)
        while waiting:
            for place in self.used(*waiting.pop()):
                if place and place not in found:
                    found.add(place)
                    waiting.append((place[0], self.defined[place[0]][place[1]]))
        return found

    def kept(self):
        """Cada `store.keep` do pacote."""
        for module, tree in self.trees.items():
            for function in tree.body:
                calls = [] if not isinstance(function, ast.FunctionDef) else ast.walk(function)
                for call in calls:
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "store.keep":
                        yield self.read(module, function, call)

    def read(self, module, function, call):
        inner = {n.name: n for n in ast.walk(function) if isinstance(n, ast.FunctionDef)}
        values = assigned(function)
        _, _, parameters, code, make = call.args
        if isinstance(parameters, ast.Name) and parameters.id in values:
            (parameters,) = values[parameters.id]
        names = self.listed(module, values, code)
        return Kept(module, function, inner[make.id], parameters, tuple(names))

    def listed(self, module, values, code):
        """Os módulos de uma lista de código, escrita ali ou com nome."""
        if isinstance(code, ast.Name):
            parts = values.get(code.id) or self.named(module, code.id)
            return [name for part in parts for name in self.listed(module, values, part)]
        if isinstance(code, ast.ListComp):
            (each,) = code.generators
            gap = f"{{{each.target.id}}}"
            names = ast.literal_eval(each.iter)
            return [ast.unparse(code.elt)[2:-1].replace(gap, name) for name in names]
        return ast.literal_eval(code)

    def named(self, module, name):
        module, name = self.resolve(module, name)
        body = self.trees[module].body
        plain = (n for n in body if isinstance(n, ast.Assign | ast.AugAssign))
        return [n.value for n in plain if name in {t.id for t in targets(n) if hasattr(t, "id")}]

    def holes(self, kept):
        """O que `make` alcança e nem a chave nem os parâmetros têm: módulo -> nomes."""
        typed = self.annotated(kept)
        used = self.reach([(kept.module, kept.make), *self.attributes(kept, typed)])
        told = {place for place in self.used(kept.module, kept.parameters) if place}
        holes = {}
        for place in used - told:
            short = place[0].removeprefix(f"{self.root}.").replace(".", "/")
            covered = any(short == c or short.startswith(f"{c}/") for c in kept.code)
            if not covered and short not in EVERYWHERE:
                holes.setdefault(short, set()).add(place[1])
        return holes

    def annotated(self, kept):
        """As variáveis de fora de `make` que são objetos do pacote: nome -> (módulo, classe)."""
        arguments = kept.function.args
        found = {a.arg: a.annotation for a in arguments.args + arguments.kwonlyargs}
        for name, values in assigned(kept.function).items():
            for value in values:
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Name | ast.Attribute):
                    for place in self.used(kept.module, value.func):
                        definition = place and self.defined[place[0]][place[1]]
                        if isinstance(definition, ast.FunctionDef):
                            found[name] = (place[0], definition.returns)
        typed = {}
        for name, annotation in found.items():
            module, node = (
                annotation if isinstance(annotation, tuple) else (kept.module, annotation)
            )
            for place in self.used(module, node) if node else ():
                if place and isinstance(self.defined[place[0]][place[1]], ast.ClassDef):
                    typed[name] = place
        return typed

    def attributes(self, kept, typed):
        """As propriedades e métodos que `make` usa desses objetos."""
        for sub in ast.walk(kept.make):
            owner = getattr(sub, "value", None) if isinstance(sub, ast.Attribute) else None
            module, name = typed.get(getattr(owner, "id", None), (None, None))
            for item in self.defined[module][name].body if module else ():
                if isinstance(item, ast.FunctionDef) and item.name == sub.attr:
                    yield module, item

    def forgotten(self, kept):
        """As variáveis de fora de que `make` depende e que os parâmetros não dizem."""
        values = assigned(kept.function)
        arguments = kept.function.args
        outside = {a.arg for a in arguments.args + arguments.kwonlyargs} | set(values)
        inside = {n.id for n in ast.walk(kept.make) if isinstance(n, ast.Name)}
        inside &= outside - bound_in(kept.make)
        told = {n.id for n in ast.walk(kept.parameters) if isinstance(n, ast.Name)}

        def covered(name, seen=()):
            if name in told:
                return True
            if name in seen or name not in values:
                return False
            used = {n.id for v in values[name] for n in ast.walk(v) if isinstance(n, ast.Name)}
            used &= outside
            return all(covered(one, (*seen, name)) for one in used)

        return {name for name in inside if not covered(name)}


def targets(node):
    found = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [t for target in found for t in ast.walk(target) if isinstance(t, ast.Name)]


def definitions(tree):
    for node in tree.body:
        if isinstance(node, DEFINITIONS):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from ((name.id, node) for name in targets(node))


def assigned(function):
    """Nome -> as expressões que uma função lhe dá, fora das funções de dentro dela."""
    found, inner = {}, {n for n in ast.walk(function) if isinstance(n, ast.FunctionDef)}
    skipped = {n for f in inner - {function} for n in ast.walk(f)}
    for node in ast.walk(function):
        if node not in skipped and isinstance(node, ast.Assign | ast.AugAssign):
            for target in targets(node):
                found.setdefault(target.id, []).append(node.value)
    return found


def bound_in(function):
    """Os nomes que uma função define para si."""
    names = {a.arg for a in function.args.args}
    return names | {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
