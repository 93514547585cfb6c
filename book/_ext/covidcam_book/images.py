"""As figuras: texto alternativo, compressão, tamanho conhecido e carga tardia.

Um gráfico, em que não há radiografia, ganha a classe ``plot``: no tema escuro, ele também escurece.
Uma folha de radiografias e o explorador, que trazem as imagens dentro de si, as deixam em arquivos:
as da folha se abrem, e as do explorador não atrasam o texto.
"""

import base64
import hashlib
import io
import re
from pathlib import Path
from urllib.parse import unquote

from myst_nb.core.render import NbElementRenderer
from PIL import Image

IMAGE = re.compile(r'<img (?![^>]*loading=)(?=[^>]*src="(?P<source>[^"]*_images/[^"]+)")')
WHOLE = re.compile(r'<img [^>]*src="(?P<source>[^"]*_images/[^"]+)"[^>]*>')
NAMED = re.compile(r"""_images/([^"'&?#)\s]+)""")
NARROW = ".estreita.webp"  # a mesma figura, para um celular
QUALITY = 92
# O que `covidcam.figures.sheet` escreve: o estilo, que o livro já tem, e cada imagem.
SHEET_STYLE = re.compile(r"<style>\n\.films .*?</style>", re.DOTALL)
INLINE = re.compile(r'(?<=<figure>)<img src="data:image/webp;base64,([^"]+)"([^>]*)>')
# O que `covidcam.figures.explorer` escreve: o endereço de cada filme e o dos mapas dele.
EXPLORED = re.compile(r'("(?:image|maps)":")data:image/webp;base64,([^"]+)')


def setup(app):
    """Leva às páginas as figuras das células e o que o navegador precisa saber delas."""
    _render_cell_images()
    app.connect("html-page-context", _describe)
    app.connect("html-page-context", _offer, priority=919)  # depois de quem procura as imagens
    app.connect("build-finished", _sweep)


def _render_cell_images():
    """Faz a imagem de uma saída levar o seu texto alternativo e ocupar menos bytes."""
    original = NbElementRenderer.render_image

    def render_image(self, data):
        (image,) = original(self, data)
        said = data.output_metadata.get(data.mime_type, {})
        if alt := said.get("alt"):
            image["alt"] = alt
        image["classes"] += ["dark-light"]  # o tema escuro não altera os cinzas
        if data.mime_type == "image/png":
            written = Path(self.config.output_folder, Path(image["uri"]).name)
            image["uri"] = image["uri"].removesuffix(".png") + ".webp"
            smaller = written.with_suffix(".webp")
            smaller.write_bytes(compress(written.read_bytes(), said.get("plot", False)))
            if narrow := said.get("narrow"):
                small = compress(base64.b64decode(narrow), said.get("plot", False))
                smaller.with_suffix(NARROW).write_bytes(small)
            image["classes"] += ["plot"] * is_lossless(smaller.read_bytes())
        return [image]

    NbElementRenderer.render_image = render_image


def _files(app):
    """As imagens que o Sphinx copia: o nome no site, e de onde vêm."""
    return {Path(name).name: Path(app.srcdir, path) for path, name in app.builder.images.items()}


def _offer(app, pagename, templatename, context, doctree):
    """Oferece aos celulares a figura estreita, onde há uma."""
    folder, files = Path(app.outdir, app.builder.imagedir), _files(app)

    def offer(match):
        file = files.get(Path(match["source"]).name)
        narrow = file and file.with_suffix(NARROW)
        if not (narrow and narrow.is_file()):
            return match[0]
        folder.mkdir(exist_ok=True)
        (folder / narrow.name).write_bytes(narrow.read_bytes())
        address = match["source"].removesuffix(file.suffix) + NARROW
        with Image.open(narrow) as image:
            size = f'width="{image.width}" height="{image.height}"'
        source = f'<source media="(max-width: 576px)" srcset="{address}" {size}>'
        return f"<picture>{source}{match[0]}</picture>"

    if doctree is not None:
        context["body"] = WHOLE.sub(offer, context["body"])


def _sweep(app, error):
    """Apaga as imagens que nenhuma página mostra mais: uma figura que muda ganha outro nome."""
    folder = Path(app.outdir, "_images")
    if error is None and app.builder.name == "html" and folder.is_dir():
        pages = (page.read_text("utf-8") for page in Path(app.outdir).rglob("*.html"))
        shown = {unquote(name) for page in pages for name in NAMED.findall(page)}
        for file in folder.iterdir():
            if file.name not in shown:
                file.unlink()


def compress(png, plot=False):
    """Os bytes em WebP: sem perda (curvas e letras), ou com a que ninguém vê (radiografias)."""
    with Image.open(io.BytesIO(png)) as image:
        candidates = [{"lossless": True, "quality": 60}, {"quality": QUALITY}][: 1 if plot else 2]
        return min((_webp(image, **options) for options in candidates), key=len)


def is_lossless(webp):
    """Se os bytes de um WebP o guardam sem perda."""
    return webp[12:16] == b"VP8L"


def _webp(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def _describe(app, pagename, templatename, context, doctree):
    """Diz o tamanho de cada imagem, para que nada se mova, e deixa para depois as de baixo."""
    if "body" not in context:
        return
    folder = Path(app.outdir, app.builder.imagedir)

    def leave(written):
        content = base64.b64decode(written)
        name = f"{hashlib.sha256(content).hexdigest()[:20]}.webp"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return context["pathto"](f"{app.builder.imagedir}/{name}", 1)

    def opened(match):
        address = leave(match[1])
        image = f'<img src="{address}" loading="lazy" decoding="async"{match[2]}>'
        return f'<a href="{address}">{image}</a>'

    body = INLINE.sub(opened, SHEET_STYLE.sub("", context["body"]))
    context["body"] = EXPLORED.sub(lambda match: match[1] + leave(match[2]), body)
    files = _files(app)
    seen = 0

    def describe(match):
        nonlocal seen
        seen += 1
        attributes = "" if seen == 1 else 'loading="lazy" '
        file = files.get(Path(match["source"]).name)
        if file is not None and file.suffix != ".svg":
            with Image.open(file) as image:
                attributes += f'width="{image.width}" height="{image.height}" '
        return f'<img {attributes}decoding="async" '

    context["body"] = IMAGE.sub(describe, context["body"])
