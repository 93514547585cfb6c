"use strict";
// Adivinhe antes: primeiro quem lê aponta, depois a rede mostra o mapa, e só então vem a verdade.

laboratory.stations.guess = async (place) => {
  const { side, colours, films: all } = await openFilms("filmes");
  const films = all.filter(({ lesions }) => lesions);
  const { classes } = await desk.network("modelo-2");
  const panel = board(place, {
    side, colours, tap: point,
    label: "Radiografia; toque no ponto para onde você olharia. No teclado, as setas movem a mira e a barra de espaço aponta",
  });
  let film, guess, map, top, peak, stage;
  const tally = new Map();  // filme -> [quem lê acertou, o mapa acertou]
  const names = films.map((_, i) => [String(i), `Filme ${i + 1}`]);
  const picker = choice("Filme", names, (value) => open(+value), recall("adivinhe")[0]);
  const toMap = button("Mostrar o mapa", () => advance("mapa"));
  const toTruth = button("Mostrar a verdade", () => advance("verdade"));
  const next = button("Outro filme", () => {
    picker.select.selectedIndex = (picker.select.selectedIndex + 1) % films.length;
    open(picker.select.selectedIndex);
  });
  panel.add(picker, make("div", { class: "laboratory-buttons" }, toMap, toTruth, next));
  await open(picker.select.selectedIndex);

  async function open(index) {
    film = films[index];
    [guess, stage] = [null, "palpite"];
    remember("adivinhe", index);
    const found = await desk.ask("explain", { name: "modelo-2", film: inColour(film.grey) });
    ({ map } = found);
    top = largest(map);
    const at = hottest(map);
    peak = [at % side, Math.floor(at / side)];
    film.said = classes[found.target];
    draw();
    panel.say("Onde está a lesão? Toque no filme, ou mova a mira com as setas e aperte a barra de espaço.");
  }

  function point(x, y) {
    if (stage !== "palpite") return;
    guess = [x, y];
    draw();
    panel.say(`Seu palpite está ${where(guess)}. Agora peça o mapa.`);
  }

  function advance(to) {
    stage = to;
    draw();
    (to === "mapa" ? toTruth : next).focus();  // o botão apertado já não serve
    if (to === "mapa")
      return panel.say(`A rede diz ${film.said}, e o ponto mais quente do mapa está ${where(peak)}. Você muda de ideia?`);
    const hit = ([x, y]) => film.lesions[y * side + x] > 127;
    tally.set(film, [hit(guess), hit(peak)]);
    const count = (which) => [...tally.values()].filter((one) => one[which]).length;
    const fate = (inside) => (inside ? "caiu dentro da lesão" : "caiu fora da lesão");
    panel.say(`Era ${film.truth}. O seu palpite ${fate(hit(guess))}; o ponto mais quente ${fate(hit(peak))}. `
      + `Até aqui, em ${tally.size} ${tally.size === 1 ? "filme" : "filmes"}: você, ${count(0)}; o mapa, ${count(1)}.`);
  }

  function draw() {
    const points = guess ? [{ at: guess, colour: "#ffb000" }] : [];
    const seen = stage !== "palpite";
    if (seen) points.push({ at: peak, colour: "#fff" });
    panel.show({ grey: film.grey, map: seen ? map : null, top, points, outline: stage === "verdade" ? film.lesions : null });
    toMap.disabled = !guess || stage !== "palpite";
    toTruth.disabled = stage !== "mapa";
  }

  const where = ([x, y]) =>
    `${y < side / 3 ? "no alto" : y < (2 * side) / 3 ? "a meia altura" : "embaixo"}, `
    + `${x < side / 3 ? "à esquerda" : x < (2 * side) / 3 ? "no meio" : "à direita"}`;
};
