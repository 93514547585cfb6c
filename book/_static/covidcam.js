// O que os scripts do tema dizem em inglês ou esquecem, e o pouco que as páginas fazem sozinhas.
"use strict";

Object.assign(messages.en, {
  copy: "Copiar",
  copy_to_clipboard: "Copiar o código",
  copy_success: "Copiado",
  copy_failure: "Não foi possível copiar",
});
iconCheck = iconCheck.replace(/<title>.*<\/title>/, "<title>Copiado</title>");

Documentation.TRANSLATIONS[
  "Search finished, found ${resultCount} page(s) matching the search query."
] = "Páginas encontradas: ${resultCount}.";

// De um arquivo não se lê outro: a lista de páginas achadas vem sem o trecho de cada uma.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".copybtn"))
    button.setAttribute("data-tooltip", "Copiar");
  for (const button of document.querySelectorAll("[aria-label='Toggle hidden content']"))
    button.setAttribute("aria-label", "Mostrar ou esconder");
});

// Numa gaveta do celular, quem escolhe uma ligação quer ver aonde ela leva.
for (const drawer of document.querySelectorAll("dialog"))
  drawer.addEventListener("click", (event) => event.target.closest("a[href]") && drawer.close());

// A mira de um filme anda com as setas; quem não a vê ouve onde ela está.
const aimed = Object.assign(document.createElement("p"), { className: "visually-hidden" });
aimed.setAttribute("aria-live", "polite");
document.querySelector("main")?.append(aimed);
addEventListener("mira", ({ detail }) => {
  const [x, y] = detail.map((share) => Math.round(100 * share));
  aimed.textContent = `A mira está a ${x} % da borda esquerda e a ${y} % da borda de cima.`;
});

// O tema tira o foco do botão que esconde o sumário, e não diz se ele está à vista.
for (const button of document.querySelectorAll(".primary-toggle"))
  button.addEventListener("click", ({ detail }) => setTimeout(() => {
    if (document.querySelector("dialog[open]")) return;
    const hidden = document.querySelector(".bd-sidebar-primary.pst-sidebar-hidden");
    button.setAttribute("aria-expanded", !hidden);
    if (!detail) button.focus(); // apertado pelo teclado
  }));

// O tema repõe a rolagem do sumário de onde se veio, e a página atual pode ficar fora de vista.
addEventListener("load", () => {
  const places = document.querySelectorAll(".bd-sidebar-primary a.current");
  places[places.length - 1]?.scrollIntoView({ block: "nearest" });
});

// O botão do tema diz em que modo está.
const MODES = { light: "claro", dark: "escuro", auto: "como o sistema" };
function sayMode() {
  const label = `Claro ou escuro: ${MODES[document.documentElement.dataset.mode]}`;
  for (const button of document.querySelectorAll(".theme-switch-button"))
    button.setAttribute("aria-label", label);
}
new MutationObserver(sayMode).observe(document.documentElement, { attributeFilter: ["data-mode"] });
sayMode();

// O código fechado, todo aberto com um botão que se lembra de como ficou.
const closedCode = document.querySelectorAll("details.code");
const allCode = document.querySelector(".all-code");
function showCode(open) {
  for (const details of closedCode) details.open = open;
  allCode.setAttribute("aria-pressed", open);
  localStorage.setItem("codigo", open ? "aberto" : "fechado");
}
if (closedCode.length && allCode) {
  allCode.hidden = false;
  if (localStorage.getItem("codigo") === "aberto") showCode(true);
  allCode.addEventListener("click", () => showCode(allCode.getAttribute("aria-pressed") === "false"));
}

// Uma tabela que rola diz que rola.
function tellScrolling() {
  for (const box of document.querySelectorAll(".pst-scrollable-table-container")) {
    const scrolls = box.scrollWidth > box.clientWidth;
    box.classList.toggle("scrolls", scrolls);
    for (const [name, value] of Object.entries({ role: "group", "aria-label": "Uma tabela que rola", tabindex: "0" }))
      if (scrolls) box.setAttribute(name, value);
      else box.removeAttribute(name);
  }
}
addEventListener("load", tellScrolling);
addEventListener("resize", tellScrolling);

// O papel é claro, e nele não se abre o que está fechado.
let onScreen;
addEventListener("beforeprint", () => {
  const root = document.documentElement;
  onScreen = { theme: root.dataset.theme, closed: document.querySelectorAll("details:not([open])") };
  root.dataset.theme = "light";
  for (const details of onScreen.closed) details.open = true;
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = onScreen.theme;
  for (const details of onScreen.closed) details.open = false;
});
