"""Abre cada página construída num navegador, sem rede, e diz o que um leitor sofreria.

Em três larguras, claro e escuro: nada rola para o lado, nenhum erro no console, nenhum pedido que
falha ou sai do livro, nenhuma violação das WCAG 2.2 AA que o axe-core saiba achar, nenhuma palavra
da interface em inglês, e a busca acha sem acentos.

    python .ci/check_browser.py [PASTA DO SITE] [PÁGINA …]
"""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from check_pages import english
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (320, 360, 768, 1440)  # a primeira é a de 1280 com tudo a 400 %
AXED = (360, 1440)
THEMES = ("light", "dark")
# Sem preload: o axe pediria de novo as folhas de estilo, o que do disco não se pode.
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "preload": False}
WORDS = """() => {
  const names = ["aria-label", "title", "placeholder", "data-tooltip"];
  const said = [...document.querySelectorAll("button, label, summary")].map((e) => e.innerText);
  for (const e of document.querySelectorAll(":not(.reference)"))
    said.push(...names.map((name) => e.getAttribute(name)).filter(Boolean));
  return said;
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def browser_path():
    """O navegador desta máquina, ou None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def browser():
    """Um navegador sem janela e sem rede."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        context = chromium.new_context(locale="pt-BR")
        context.set_offline(True)
        try:
            yield context
        finally:
            chromium.close()


def look(context, page, widths=WIDTHS, themes=THEMES):
    """Os problemas de uma página.

    Parameters
    ----------
    context : playwright BrowserContext
    page : Path
        O arquivo HTML.
    widths : sequence of int
    themes : sequence of str

    Returns
    -------
    list of str
    """
    problems = []
    tab = context.new_page()
    tab.on(
        "console", lambda said: said.type == "error" and problems.append(f"console: {said.text}")
    )
    tab.on("pageerror", lambda error: problems.append(f"erro de script: {error}"))
    tab.on(
        "requestfailed",
        lambda asked: (
            asked.failure == "net::ERR_ABORTED"  # a página foi trocada antes de ele chegar
            or problems.append(f"pedido que falhou: {asked.url}")
        ),
    )
    tab.on(
        "request",
        lambda asked: (
            asked.url.startswith(("file:", "data:", "blob:"))
            or problems.append(f"pedido para fora do livro: {asked.url}")
        ),
    )
    tab.goto(page.absolute().as_uri())
    for theme in themes:
        tab.evaluate("(theme) => { localStorage.mode = localStorage.theme = theme; }", theme)
        for width in widths:
            tab.set_viewport_size({"width": width, "height": 900})
            tab.reload()
            where = f"{width} px, {theme}"
            if (extra := tab.evaluate(SIDEWAYS)) > 0:
                problems.append(f"{where}: {extra} px para o lado")
            if width in AXED:
                found = Axe().run(tab, options=AXE).response["violations"]
                problems += [
                    f"{where}: axe {rule['id']}: {node['html'][:160]}"
                    for rule in found
                    for node in rule["nodes"][:3]
                ]
    problems += [f"em inglês: {word}" for word in english(tab.evaluate(WORDS))]
    tab.close()
    return list(dict.fromkeys(problems))


def searched(context, site, words):
    """Os títulos que a busca acha para cada palavra."""
    found = {}
    tab = context.new_page()
    for word in words:
        tab.goto(f"{(site / 'search.html').absolute().as_uri()}?q={word}")
        tab.wait_for_selector("#search-results .search-summary, #search-results p")
        tab.wait_for_timeout(300)
        found[word] = tab.locator("#search-results li a").all_inner_texts()
    tab.close()
    return found


def main():
    """Diz o que achou e sai com 1, ou conta o que viu."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html")
    if browser_path() is None:
        sys.exit(f"nenhum navegador encontrado; procurei {', '.join(BROWSERS)}")
    pages = [Path(name) for name in sys.argv[2:]] or [*sorted((site / "book").rglob("*.html"))]
    with browser() as context:
        problems = [
            f"{page.relative_to(site)}: {problem}"
            for page in [*pages, site / "search.html"]
            for problem in look(context, page)
        ]
        found = searched(context, site, ["ativacao", "ativação"])
    if not found["ativacao"] or found["ativacao"] != found["ativação"]:
        problems.append(f"a busca sem acentos não acha o mesmo: {found}")
    print("\n".join(problems) or f"{len(pages)} páginas vistas em {len(WIDTHS)} larguras, 2 temas")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
