// No lugar de sphinx_highlight.js: marca as palavras da busca sem se deter em acentos e plurais.
"use strict";

const SPHINX_HIGHLIGHT_ENABLED = true;
const SEARCHED = "sphinx_highlight_terms"; // onde a página de busca as deixa

// Marca as palavras de um nó que têm o radical de uma das procuradas, e diz quantas marcou.
function markWords(node, words) {
  const stemmer = new Stemmer();
  const wanted = new Set(words.map((word) => stemmer.stemWord(word)));
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest("script, style, mark, button, select, math, svg"))
      texts.push(walker.currentNode);
  let marked = 0;
  for (const text of texts) {
    const found = [...text.data.matchAll(/[\p{L}\p{N}_]+/gu)]
      .filter(([word]) => wanted.has(stemmer.stemWord(word)));
    for (const { 0: word, index } of found.reverse()) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      range.surroundContents(document.createElement("mark"));
    }
    marked += found.length;
  }
  return marked;
}

// O nome por que a página de busca chama.
const _highlightText = (node, word) => markWords(node, word.split(/[^\p{L}\p{N}_]+/u));

// Quem veio da busca: as palavras marcadas, e como tirar as marcas.
document.addEventListener("DOMContentLoaded", () => {
  const words = localStorage.getItem(SEARCHED)?.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  if (!words?.length || document.getElementById("search-results")) return;
  localStorage.removeItem(SEARCHED);
  const script = document.createElement("script"); // o radical das palavras, como no índice
  script.src = document.documentElement.dataset.content_root + "_static/language_data.js";
  script.onload = () => {
    const article = document.querySelector("article.bd-article");
    if (!markWords(article, words)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "unmark";
    button.textContent = "Tirar o realce das palavras buscadas";
    button.addEventListener("click", () => {
      for (const mark of article.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
      button.remove();
    });
    document.getElementById("searchbox").append(button);
  };
  document.head.append(script);
});
