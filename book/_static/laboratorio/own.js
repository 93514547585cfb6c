"use strict";
// O seu filme: um quadro de onde nenhuma conexão pode ser aberta. As redes já estão na página, e vão
// para ele por mensagem; o filme só existe lá dentro, e some quando ele se fecha.

laboratory.stations.own = async (place) => {
  // dentro do quadro: nada se carrega, nada se envia, só corre o que já está nele
  const RULES = [
    "default-src 'none'", "script-src 'unsafe-inline' 'wasm-unsafe-eval'", "worker-src blob:",
    "img-src blob: data:", "style-src 'unsafe-inline'", "form-action 'none'", "base-uri 'none'",
  ].join("; ");
  const INKS = ["background", "text-base", "text-muted", "border", "primary", "accent"]
    .map((name) => `--pst-color-${name}`);
  const [{ script, style }, described, lungs, score, colours] =
    await laboratory.need("quadro", "modelo-2", "pulmoes", "estranheza", "cores");
  const safe = script.replaceAll("</script", "<\\/script");

  // e por fora: a página se proíbe de levar qualquer quadro a outro endereço
  if (!document.querySelector("meta[data-laboratory]"))
    document.head.append(make("meta", {
      "http-equiv": "Content-Security-Policy", content: "frame-src 'none'", "data-laboratory": true,
    }));
  const frame = make("iframe", {
    title: "O seu filme, num quadro sem conexões", sandbox: "allow-scripts",
    srcdoc: `<!doctype html><html lang="pt-BR"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${RULES}"><title>O seu filme</title>
<style>${style}</style></head><body class="laboratory-frame"><main class="laboratory"></main>
<script>${safe}</script></body></html>`,
  });
  const inks = () => {
    const page = getComputedStyle(document.documentElement);
    return INKS.map((name) => [name, page.getPropertyValue(name)]);
  };
  const dark = () => document.documentElement.dataset.theme === "dark";
  const send = (message) => frame.contentWindow?.postMessage(message, "*");
  const paint = () => send({ inks: inks(), dark: dark() });
  const themes = new MutationObserver(paint);
  themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("message", function hear({ source, data }) {
    if (source !== frame.contentWindow) return;
    if (data.ready) {
      paint();
      send({ motor: laboratory.received.motor, networks: { "modelo-2": described, pulmoes: lungs }, score, colours });
    }
    if (data.height) frame.style.height = `${data.height}px`;
    if (data.close) {
      themes.disconnect();
      removeEventListener("message", hear);
      place.replaceChildren();
      laboratory.offer(place);
      place.querySelector("button").focus();
    }
  });
  place.replaceChildren(frame);
};
