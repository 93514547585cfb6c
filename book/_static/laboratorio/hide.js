"use strict";
// Esconda a lesão: apagar o que a rede deveria ter visto, e depois a mesma forma em outro lugar.

laboratory.stations.hide = async (place) => {
  const { side, colours, films } = await openFilms("filmes");
  const { classes } = await desk.network("modelo-2");
  let film, grey, reference, intact, method = "cam", brush = 14, busy = false, again = false;
  const panel = board(place, {
    side, colours, tap: paint,
    label: "Radiografia; arraste para esconder. No teclado, as setas movem a mira do pincel e a barra de espaço pinta",
  });
  let outline = false, what = "intacto";

  // cada botão, e o que o filme precisa ter para que ele sirva
  const steps = [
    [button("Refazer sem a lesão", () => replace(film.without, "refeito sem a lesão")), ({ without }) => without],
    [button("Esconder a lesão", () => cover(film.lesions, "com a lesão escondida")), ({ lesions }) => lesions],
    [
      button("A mesma forma em outro lugar", () => cover(film.elsewhere, "com a mesma forma escondida em outro lugar")),
      ({ elsewhere }) => elsewhere,
    ],
    [button("Voltar ao filme intacto", () => open(films.indexOf(film))), () => true],
  ];
  const [savedFilm, savedMethod] = recall("esconda");
  if (MAPS.some(([name]) => name === savedMethod)) method = savedMethod;
  const picker = choice("Filme", filmNames(films), (value) => open(+value), savedFilm);
  panel.add(
    picker,
    choice("Mapa", MAPS, (value) => { method = value; start(); }, method),
    make("div", { class: "laboratory-buttons" }, ...steps.map(([each]) => each)),
    range("Tamanho do pincel", { min: 4, max: 40, value: brush }, (value) => (brush = value)),
    tick("contorno da lesão", (checked) => { outline = checked; ask(); }),
  );
  await open(+picker.select.value);

  async function open(index) {
    film = films[index];
    grey = film.grey.slice();
    what = "intacto";
    ({ reference } = await desk.ask("reference", { grey, side }));
    for (const [each, needed] of steps) each.disabled = !needed(film);
    await start();
  }

  // O filme intacto decide a classe explicada e a escala do mapa.
  async function start() {
    remember("esconda", films.indexOf(film), method);
    intact = explain(film.grey, null);
    await ask();
  }

  function explain(shown, target) {
    return explained({ name: "modelo-2", film: inColour(shown), method, target }, panel, shown);
  }

  function paint(x, y) {
    for (let row = Math.max(0, y - brush); row <= Math.min(side - 1, y + brush); row++)
      for (let column = Math.max(0, x - brush); column <= Math.min(side - 1, x + brush); column++)
        if (Math.hypot(column - x, row - y) <= brush) grey[row * side + column] = reference[row * side + column];
    what = "com essa parte escondida";
    ask();
  }

  function cover(mask, text) {
    const covered = film.grey.slice();
    mask.forEach((value, pixel) => value > 127 && (covered[pixel] = reference[pixel]));
    replace(covered, text);
  }

  function replace(made, text) {
    grey = made.slice();
    what = text;
    ask();
  }

  // Enquanto uma resposta não chega não se pede outra; no fim, pede-se a do último estado.
  async function ask() {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      const asked = intact, shown = what, whole = await asked;
      const found = shown === "intacto" ? whole : await explain(grey, whole.target);
      if (asked !== intact) continue;  // já se escolheu outro filme ou outro mapa
      panel.show({ grey, map: found.map, top: largest(whole.map), outline: outline ? film.lesions : null });
      panel.answer(classes, found.logits, whole.logits);
      panel.say(sentence(shown, found, whole));
    }
    busy = false;
  }

  function sentence(shown, { logits, mean, bias, target }, whole) {
    const now = classes[chosenClass(logits)], before = classes[chosenClass(whole.logits)];
    const sum = method !== "cam" ? ""
      : ` A média do mapa, ${number(mean)}, mais o viés, ${number(bias)}, dá o logit, a menos do arredondamento: ${number(logits[target])}.`;
    if (shown === "intacto") return `No filme intacto, a rede diz ${now}; a verdade é ${film.truth}.${sum}`;
    const answer = now === before ? `continua a dizer ${now}` : `deixa de dizer ${before} e passa a dizer ${now}`;
    return `No filme ${shown}, a rede ${answer}.${sum}`;
  }
};
