"""O código vem fechado, a um toque, menos no tutorial, que é dele que fala."""

import re

from covidcam_book import notebooks

# Uma célula sem marcas, que são as que dizem à página o que fazer com ela, e o seu código.
CODE = re.compile(
    r'(<div class="cell docutils container">\s*)'
    r'(<div class="cell_input docutils container">.*?</pre></div>\s*</div>\s*</div>)',
    re.DOTALL,
)


def setup(app):
    """Antes que se deem os nomes que um leitor de tela ouve."""
    app.connect("html-page-context", _collapse, priority=918)


def _collapse(app, pagename, templatename, context, doctree):
    if doctree is None or "tutorial" in notebooks.front(notebooks.text(app, pagename)):
        return
    context["body"] = collapse(context["body"])


def collapse(body):
    """O corpo de uma página, com o código fechado.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
    """
    closed = r'\1<details class="code"><summary>O código</summary>\2</details>'
    return CODE.sub(closed, body)
