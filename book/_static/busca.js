// A página de busca: o trecho que fala do que se procurou, e a palavra mais perto da que não há.
"use strict";

const AROUND = 240; // letras de um trecho

// Só o texto da página, sem botões, código ou âncoras, a partir da palavra procurada.
Search.makeSearchSummary = (html, stems, anchor) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const article = page.querySelector("article.bd-article");
  let room = (anchor && article?.querySelector(anchor)) || article;
  if (!room) return null;
  if (room.matches("dt")) room = room.nextElementSibling; // de um termo, a definição
  for (const extra of room.querySelectorAll(
    "h1, .headerlink, script, style, pre, table, form, math, .page-head, .admonition"))
    extra.remove();
  const text = room.textContent.replace(/\s+/g, " ").trim();
  const stemmer = new Stemmer();
  const hit = [...text.matchAll(/[\p{L}\p{N}_]+/gu)]
    .find(([word]) => stems.has(stemmer.stemWord(word)));
  const start = room.matches("article, section") && hit && hit.index > AROUND / 3 ? text.lastIndexOf(" ", hit.index - AROUND / 4) + 1 : 0;
  const end = start + AROUND < text.length ? text.lastIndexOf(" ", start + AROUND) : text.length;
  const summary = document.createElement("p");
  summary.className = "context";
  summary.textContent =
    (start ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
  return summary;
};

// Quantas letras se trocam, põem ou tiram para ir de uma palavra à outra.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

// As palavras do índice no lugar de uma que ele não tem: duas juntas, ou a de menos letras trocadas.
function nearest(stem, known) {
  for (let i = 3; i <= stem.length - 3; i++)
    if (known.has(stem.slice(0, i)) && known.has(stem.slice(i)))
      return [stem.slice(0, i), stem.slice(i)];
  const limit = stem.length < 4 ? 0 : stem.length < 8 ? 1 : 2;
  const near = [...known]
    .filter((word) => Math.abs(word.length - stem.length) <= limit && word[0] === stem[0])
    .map((word) => [distance(stem, word), word])
    .filter(([far]) => far <= limit)
    .sort(([a], [b]) => a - b);
  return near.length ? [near[0][1]] : [];
}

// Um termo do glossário como ele o escreve, com os seus acentos, ou o que se buscou.
function asListed(query) {
  const stemmer = new Stemmer();
  const wanted = stemmer.stemWord(query.trim());
  const terms = Object.keys(Search._index.indexentries);
  return terms.find((term) => stemmer.stemWord(term) === wanted) ?? query;
}

const asWritten = Search._performSearch;
Search._performSearch = (query, stems, excluded, marked, objects) => {
  const found = asWritten(asListed(query), stems, excluded, marked, objects);
  if (found.length) return found;
  const { terms, titleterms } = Search._index;
  const known = new Set([...Object.keys(terms), ...Object.keys(titleterms)]);
  const mended = [...stems].flatMap((stem) => known.has(stem) ? [stem] : nearest(stem, known));
  if (!mended.length) return found;
  for (const list of [stems, marked]) { // o trecho e o realce usam as mesmas listas
    list.clear();
    for (const stem of mended) list.add(stem);
  }
  localStorage.setItem(SEARCHED, mended.join(" "));
  const said = document.createElement("p");
  said.textContent = `Nada com essas palavras; eis o que há com: ${mended.join(" ")}.`;
  document.getElementById("search-results").prepend(said);
  return asWritten(asListed(mended.join(" ")), stems, excluded, marked, new Set(mended));
};
