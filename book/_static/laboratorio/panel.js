"use strict";
// O que as estações partilham do lado da página: quem faz as contas, o filme com o seu mapa, as
// frases. Uma estação tem o seu próprio arquivo, e só diz o que se faz nela.

// Um trabalhador, a quem se pede uma coisa de cada vez e que responde quando pode.
function startWorker({ source, kernel }, plain = false) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address), waiting = new Map();
  URL.revokeObjectURL(address);
  let next = 0;
  worker.onmessage = ({ data: { id, done, error, part } }) => {
    const asked = waiting.get(id);
    if (part) return asked.progress?.(part);
    waiting.delete(id);
    if (error) asked.failed(Error(error));
    else asked.done(done);
  };
  const ask = (task, details = {}, progress = null) =>
    new Promise((done, failed) => {
      waiting.set(next, { done, failed, progress });
      worker.postMessage({ id: next++, task, ...details });
    });
  return { ask, started: ask("start", { kernel, plain }), end: () => worker.terminate() };
}

// O trabalhador da página, que é um só, e as redes que ele já tem.
const desk = {
  held: {},

  async ask(task, details, progress) {
    this.worker ??= startWorker(laboratory.received.motor);
    await this.worker.started;
    return this.worker.ask(task, details, progress);
  },

  // Traz uma rede e a entrega ao trabalhador, uma vez só; devolve o que se sabe dela.
  network(name) {
    this.held[name] ??= laboratory.need(name).then(async ([described]) => {
      await this.ask("network", { name, described });
      return described;
    });
    return this.held[name];
  },
};

// Números e frases como o resto do livro os escreve.
const number = (value, places = 2) =>
  value
    .toLocaleString("pt-BR", { minimumFractionDigits: places, maximumFractionDigits: places })
    .replace("-", "−");
// o que não é tudo não se arredonda até 100 %
const percent = (share) => `${number(Math.min(100 * share, share < 1 ? 99.4 : 100), 0)} %`;
const times = (ratio) => `${number(ratio, 1)} vez${ratio < 1.95 ? "" : "es"}`;

function shares(logits) {
  const most = Math.max(...logits), powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

// Um elemento: os atributos que são funções são o que se faz num evento.
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
}

const button = (text, click) => make("button", { type: "button", click }, text);

function choice(text, options, change, chosen = "") {
  const select = make("select", { change: () => change(select.value) });
  for (const [value, name] of options) select.add(new Option(name, value, false, value === chosen));
  const label = make("label", {}, text, select);
  return Object.assign(label, { select });
}

function range(text, { min, max, step = 1, value }, input) {
  const slider = make("input", { type: "range", min, max, step, value, input: () => input(+slider.value) });
  return Object.assign(make("label", {}, text, slider), { slider });
}

function tick(text, change, checked = false) {
  const box = make("input", { type: "checkbox", checked, change: () => change(box.checked) });
  return Object.assign(make("label", {}, box, ` ${text}`), { box });
}

// O que se escolheu numa estação fica no endereço, para que ele leve outra pessoa ao mesmo lugar.
function recall(station) {
  return (new URLSearchParams(location.search).get(station) ?? "").split(" ").filter(Boolean);
}

function remember(station, ...values) {
  const address = new URL(location);
  address.searchParams.set(station, values.join(" "));
  history.replaceState(null, "", address);
}

// Filmes e máscaras vêm como imagens sem perda; aqui viram cinzas de novo.
async function greys(address, side) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = make("canvas", { width: side, height: side });
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.drawImage(image, 0, 0);
  const { data } = drawing.getImageData(0, 0, side, side);
  const grey = new Uint8Array(side * side);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return grey;
}

async function openFilms(name) {
  const [{ side, films, marks }, colours] = await laboratory.need(name, "cores");
  const read = async (address) => (address ? greys(address, side) : null);
  const opened = films.map(async (film) => ({
    ...film,
    grey: await read(film.image),
    without: await read(film.without),
    lesions: await read(film.lesions),
    elsewhere: await read(film.elsewhere),
  }));
  return {
    side,
    colours,
    films: await Promise.all(opened),
    marks: { letter: await read(marks.letter), border: await read(marks.border) },
  };
}

// Uma rede lê três canais; um fantoma tem os três iguais.
function inColour(grey) {
  const film = new Uint8Array(3 * grey.length);
  for (let i = 0; i < film.length; i++) film[i] = grey[Math.floor(i / 3)];
  return film;
}

// O quadro de uma estação: o filme à esquerda; à direita os comandos, as respostas e o que se diz em
// voz alta. `tap`, se dado, recebe cada ponto tocado, arrastado ou escolhido pelas setas.
function board(place, { side, colours, label, tap = null }) {
  const size = { width: 2 * side, height: 2 * side };
  const canvas = make("canvas", { ...size, role: tap ? "application" : "img", "aria-label": label });
  const small = make("canvas", { width: side, height: side });
  const drawing = canvas.getContext("2d"), dots = small.getContext("2d");
  const controls = make("div", { class: "laboratory-controls" });
  const answers = make("dl"), said = make("p", { role: "status" });
  controls.append(answers, said);
  place.replaceChildren(make("div", { class: "laboratory-board" }, canvas, controls));
  let cursor = null, last = () => {};

  function show({ grey, map = null, top = 1, opacity = 0.6, outline = null, points = [] }) {
    last = () => show({ grey, map, top, opacity, outline, points });
    const picture = dots.createImageData(side, side);
    for (let i = 0; i < grey.length; i++) {
      const level = map && top > 0 ? Math.min(map[i] / top, 1) : 0;
      const colour = colours[Math.round(255 * level)];
      for (let c = 0; c < 3; c++)
        picture.data[4 * i + c] = grey[i] * (1 - opacity * level) + opacity * level * colour[c];
      picture.data[4 * i + 3] = 255;
    }
    dots.putImageData(picture, 0, 0);
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (outline) drawOutline(outline);
    for (const { at: [x, y], colour } of points) ring(x, y, 5, colour);
    if (cursor && canvas.matches(":focus-visible")) ring(...cursor, 8, "#fff");
  }

  function drawOutline(mask) {
    const inside = (x, y) => x >= 0 && y >= 0 && x < side && y < side && mask[y * side + x] > 127;
    const edge = new Path2D();
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        if (!inside(x, y)) continue;
        if (!inside(x - 1, y)) edge.rect(2 * x, 2 * y, 0, 2);
        if (!inside(x + 1, y)) edge.rect(2 * x + 2, 2 * y, 0, 2);
        if (!inside(x, y - 1)) edge.rect(2 * x, 2 * y, 2, 0);
        if (!inside(x, y + 1)) edge.rect(2 * x, 2 * y + 2, 2, 0);
      }
    for (const [width, colour] of [[5, "#000"], [2, "#4fe3ff"]])  // ciano, com um halo escuro
      Object.assign(drawing, { lineWidth: width, strokeStyle: colour, lineJoin: "round" }).stroke(edge);
  }

  function ring(x, y, radius, colour) {
    for (const [width, stroke] of [[5, "#000"], [2.5, colour]]) {
      drawing.beginPath();
      drawing.arc(2 * x + 1, 2 * y + 1, 2 * radius, 0, 2 * Math.PI);
      Object.assign(drawing, { lineWidth: width, strokeStyle: stroke }).stroke();
    }
  }

  if (tap) listen();
  function listen() {
    canvas.tabIndex = 0;
    cursor = [side >> 1, side >> 1];
    let held = null;
    const inside = (value) => Math.min(Math.max(Math.round(value), 0), side - 1);
    const at = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [(clientX - box.left) / box.width, (clientY - box.top) / box.height]
        .map((share) => inside(share * side));
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      tap(...(held = cursor = at(event)), false);
    };
    canvas.onpointermove = (event) => {
      if (!held) return;
      const [x, y] = at(event), steps = Math.ceil(Math.hypot(x - held[0], y - held[1]) / 3);
      for (let k = 1; k <= steps; k++)
        tap(inside(held[0] + ((x - held[0]) * k) / steps),
          inside(held[1] + ((y - held[1]) * k) / steps), true);
      held = cursor = [x, y];
    };
    canvas.onpointerup = canvas.onpointercancel = () => (held = null);
    canvas.onkeydown = (event) => {
      const step = event.shiftKey ? 2 : 8;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (moves[event.key]) {
        cursor = cursor.map((value, axis) => inside(value + moves[event.key][axis]));
        dispatchEvent(new CustomEvent("mira", { detail: cursor.map((value) => value / (side - 1)) }));
        last();
      } else if (event.key === " " || event.key === "Enter") tap(...cursor, false);
      else return;
      event.preventDefault();
    };
    canvas.onfocus = canvas.onblur = () => last();
  }

  // As classes, cada uma com a sua parte e o quanto o logit mudou desde o filme intacto.
  function answer(classes, logits, before = logits) {
    const rows = shares(logits).flatMap((share, i) => {
      const change = logits[i] - before[i];
      const moved = Math.abs(change) < 0.005 ? "" : ` (${change > 0 ? "+" : "−"}${number(Math.abs(change))})`;
      const bar = make("span", { class: "laboratory-bar", style: `--share: ${share}` });
      return [make("dt", {}, classes[i]),
        make("dd", {}, bar, `${percent(share)}, logit ${number(logits[i])}${moved}`)];
    });
    answers.replaceChildren(...rows);
  }

  const add = (...nodes) => answers.before(...nodes);
  const say = (text) => (said.textContent = text);
  return { canvas, controls, show, answer, add, say };
}

const largest = (values) => values.reduce((most, value) => Math.max(most, value), 0);
const hottest = (map) => map.reduce((best, value, i) => (value > map[best] ? i : best), 0);
const chosenClass = (logits) => logits.indexOf(Math.max(...logits));
const filmNames = (films) => films.map(({ truth, mode }, i) => [
  String(i), `${i + 1}: ${truth}${mode ? `, no modo ${mode}` : ""}`]);
const MAPS = [
  ["cam", "Grad-CAM (aqui, o CAM)"], ["layer-cam", "LayerCAM"], ["eigen-cam", "Eigen-CAM"],
  ["occlusion", "oclusão (demora)"],
];

// A resposta a um filme e um mapa dela. O da oclusão nasce aos poucos, e cada parte se mostra.
async function explained({ worker = desk, method, target = null, ...details }, panel, grey) {
  if (method !== "occlusion") return worker.ask("explain", { ...details, target, method });
  const answer = await worker.ask("explain", { ...details, target });
  const windows = { target: answer.target, window: 40, stride: 20 };
  panel.say("Oclusão: a rede responde uma vez por janela, e o mapa nasce aos poucos.");
  const { map } = await worker.ask("occlude", { ...details, ...windows }, ({ map }) =>
    panel.show({ grey, map, top: largest(map) }));
  return { ...answer, map };
}

// Duas redes diante do mesmo filme, antes e depois de se mexer nele.
function answersOf(networks, before, after) {
  return Promise.all(networks.map(async ([name, text]) => {
    const intact = await desk.ask("explain", { name, film: inColour(before) });
    const details = { name, film: inColour(after), target: intact.target };
    return { name, text, before: intact, after: await desk.ask("explain", details) };
  }));
}

function fillTable(table, classes, found, before, after) {
  const said = ({ logits }) => `${classes[chosenClass(logits)]}, ${percent(Math.max(...shares(logits)))}`;
  const head = ["Rede", before, after].filter(Boolean).map((text) => make("th", { scope: "col" }, text));
  const rows = found.map((one) => make("tr", {}, make("th", { scope: "row" }, one.text),
    make("td", {}, said(one.before)), ...(after ? [make("td", {}, said(one.after))] : [])));
  table.replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function changed(classes, { text, before, after }) {
  const [was, is] = [before, after].map(({ logits }) => classes[chosenClass(logits)]);
  const name = text[0].toUpperCase() + text.slice(1);
  return was === is ? `${name} continua a dizer ${is}.` : `${name} dizia ${was} e passa a dizer ${is}.`;
}

// Um filme com o que se plantou nele: marcas brancas, ou o outro modo de radiografar o mesmo paciente, que
// nestes filmes, postos aos pares, é o vizinho.
function planting(films, film, marks, planted) {
  const shown = planted.mode ? films[films.indexOf(film) ^ 1] : film;
  const used = Object.keys(marks).filter((mark) => planted[mark]);
  return shown.grey.map((value, i) =>
    used.reduce((grey, mark) => Math.max(grey, marks[mark][i]), value));
}
