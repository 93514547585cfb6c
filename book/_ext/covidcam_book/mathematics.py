"""As fórmulas viram MathML na construção: nenhum script, nenhuma rede, e o leitor de tela as lê."""

import html
import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util.math import get_node_equation_number

# O conversor escreve um nome como ReLU letra por letra; junto, é lido como palavra.
LETTERS = re.compile(r'(?:<mi mathvariant="normal">\w</mi>){2,}')
# A barra de uma divisão e o ponto final não se afastam do que está ao lado.
TIGHT = re.compile(r"<mo>(&#x0002[EF];)</mo>")
# O conversor põe um travessão sobre o que \overline cobre; uma borda o cobre todo.
OVERLINE = re.compile(r"<mover>((?:(?!<mover>).)*?)<mo[^>]*>&#x0*2015;</mo></mover>", re.DOTALL)
# A plica já é alta: como expoente, subiria duas vezes.
PRIME = re.compile(r"<msup>(<mi>[^<]*</mi><mi>&#x0*2032;</mi>)</msup>")
WHOLE = re.compile(r"(<math[^>]*>)(.*)</math>", re.DOTALL)


def setup(app):
    """Registra o desenhista de fórmulas; o Sphinx prefere um registrado ao MathJax."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


def mathml(latex, display="inline"):
    """A fórmula em MathML, com o LaTeX ao lado, para quem a copia ou a ouve assim."""
    markup = convert(latex.strip(), display=display)
    source = f'<annotation encoding="application/x-tex">{html.escape(latex.strip())}</annotation>'
    root, formula = WHOLE.fullmatch(markup).groups()
    markup = f"{root}<semantics>{formula}{source}</semantics></math>"
    while OVERLINE.search(markup):  # de dentro para fora
        markup = OVERLINE.sub(r'<mrow class="overline">\1</mrow>', markup)
    markup = TIGHT.sub(r'<mo lspace="0" rspace="0">\1</mo>', markup)
    markup = PRIME.sub(r"<mrow>\1</mrow>", markup)
    return LETTERS.sub(lambda m: f"<mi>{re.sub(r'<[^>]+>', '', m[0])}</mi>", markup)


def _inline(self, node):
    self.body.append(self.starttag(node, "span", "", CLASS="math") + mathml(node.astext()))
    self.body.append("</span>")
    raise nodes.SkipNode


def _block(self, node):
    self.body.append(self.starttag(node, "div", "", CLASS="math", tabindex=0))
    self.body.append(mathml(node.astext(), "block"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append("</div>\n")
    raise nodes.SkipNode
