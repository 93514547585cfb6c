"use strict";
// Gire o botão: cinco redes, de uma que viu cada classe dos dois modos a uma para quem o modo de
// radiografar diz a classe.

laboratory.stations.dial = async (place) => {
  const { side, colours, films: all } = await openFilms("filmes-botao");
  const films = all.filter(({ lesions, mode }) => lesions && mode === "adulto");
  const [measured] = await laboratory.need("medidas");
  const panel = board(place, { side, colours, label: "Radiografia com o mapa da rede escolhida" });
  const saved = recall("botao");
  let film = films[+saved[0] || 0], turn = 0;
  const slider = range("Quanto o modo de radiografar diz a classe, no treino", {
    min: 0, max: measured.dial.length - 1, value: +saved[1] || 0 }, ask);
  panel.add(
    choice("Filme", films.map(({ truth }, i) => [String(i), `Filme ${i + 1}: ${truth}`]),
      (value) => { film = films[value]; ask(); }, saved[0]),
    slider);
  await ask();

  async function ask() {
    const mine = ++turn, place = +slider.slider.value, record = measured.dial[place];
    const name = `botao-${Math.round(100 * record.dial)}`;
    slider.slider.setAttribute("aria-valuetext", percent(record.dial));
    panel.say("Trazendo a rede…");
    const { classes } = await desk.network(name);
    const target = classes.indexOf(film.truth);
    const found = await desk.ask("explain", { name, film: inColour(film.grey), target });
    if (mine !== turn) return;  // o botão já está em outro lugar
    remember("botao", films.indexOf(film), place);
    panel.show({ grey: film.grey, map: found.map, top: largest(found.map), outline: film.lesions });
    panel.answer(classes, found.logits);
    panel.say(`Botão em ${percent(record.dial)}. Em filmes como os do treino, esta receita acerta `
      + `${percent(record.confounded)}; nos mesmos pacientes radiografados dos dois modos, ${percent(record.unconfounded)}. `
      + `Na lesão, o mapa põe ${times(record.energy)} a energia do acaso, em média; neste filme, `
      + `${number(energyRatio(found.map, film.lesions), 1)}.`);
  }
};

// Quanto da energia de um mapa cai numa região, em vezes o que cairia ao acaso.
function energyRatio(map, mask) {
  let inside = 0, total = 0, area = 0;
  map.forEach((value, i) => {
    total += value;
    if (mask[i] > 127) [inside, area] = [inside + value, area + 1];
  });
  return total > 0 ? inside / total / (area / map.length) : 0;
}
