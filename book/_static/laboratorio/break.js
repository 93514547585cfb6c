"use strict";
// Quebre a rede: os pesos de uma camada, embaralhados. A resposta muda; o mapa percebe?

laboratory.stations.break = async (place) => {
  const { side, colours, films } = await openFilms("filmes");
  const [described, [measured]] = [await desk.network("modelo-2"), await laboratory.need("medidas")];
  const layers = described.steps.flatMap(({ name }, i) => (name ? [[String(i), name]] : []));
  const panel = board(place, { side, colours, label: "Radiografia com o mapa da rede quebrada" });
  const saved = recall("quebre");
  let film = films[+saved[0] || 0], layer = layers[0][0], method = "cam", seed = 0, broken = false;
  let intact, turn = 0;
  panel.add(
    choice("Filme", filmNames(films), (value) => { film = films[value]; start(); }, saved[0]),
    choice("Mapa", MAPS, (value) => { method = value; start(); }),
    choice("Camada, da primeira à última", layers, (value) => (layer = value)),
    make("div", { class: "laboratory-buttons" },
      button("Embaralhar os pesos dela", shuffle),
      button("Consertar", () => { broken = false; ask(); })),
  );
  await start();

  // A rede inteira responde uma vez por filme e por mapa.
  async function start() {
    remember("quebre", films.indexOf(film));
    intact = explain("modelo-2");
    await ask();
  }

  function explain(name, target = null) {
    return explained({ name, film: inColour(film.grey), method, target }, panel, film.grey);
  }

  async function shuffle() {
    const mine = ++turn, chosen = layer;
    seed += 1;
    await desk.ask("shuffle", { name: "modelo-2", as: "quebrada", layer: +chosen, seed });
    if (mine !== turn) return;  // já se mandou consertar
    broken = chosen;
    await ask();
  }

  async function ask() {
    const mine = ++turn, whole = await intact;
    const found = broken === false ? whole : await explain("quebrada", whole.target);
    if (mine !== turn) return;  // já se pediu outra coisa
    panel.show({ grey: film.grey, map: found.map, top: largest(found.map), outline: film.lesions });
    panel.answer(described.classes, found.logits, whole.logits);
    if (broken === false)
      return panel.say("A rede está inteira. Escolha uma camada e embaralhe os pesos dela.");
    const name = layers.find(([step]) => step === broken)[1], record = measured.broken[name];
    const [was, is] = [whole, found].map(({ logits }) => described.classes[chosenClass(logits)]);
    panel.say(`Camada ${name} embaralhada: a rede ${was === is ? `ainda diz ${is}` : `dizia ${was} e diz ${is}`}. `
      + `A semelhança entre a ordem dos pontos deste mapa e a do mapa da rede inteira é `
      + `${number(correlation(whole.map, found.map, side))} (1 é igual; 0, nenhuma). Em todos os filmes de teste com lesão, `
      + `com o Grad-CAM, ela é ${number(record.likeness)}, e a resposta muda em ${percent(record.changed)} deles.`);
  }
};

// A correlação de Spearman entre dois mapas, num ponto a cada quatro de cada lado.
function correlation(first, second, side) {
  const some = (map) => map.filter((_, i) => i % side % 4 === 0 && Math.floor(i / side) % 4 === 0);
  const [a, b] = [some(first), some(second)].map(ranks);
  const mean = (a.length - 1) / 2;
  let both = 0, one = 0, other = 0;
  a.forEach((rank, i) => {
    both += (rank - mean) * (b[i] - mean);
    one += (rank - mean) ** 2;
    other += (b[i] - mean) ** 2;
  });
  return one && other ? both / Math.sqrt(one * other) : 0;
}

// O lugar de cada valor na ordem; os iguais dividem o lugar.
function ranks(values) {
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  const made = new Float64Array(values.length);
  for (let start = 0, end; start < order.length; start = end) {
    for (end = start; end < order.length && values[order[end]] === values[order[start]]; end++);
    for (let k = start; k < end; k++) made[order[k]] = (start + end - 1) / 2;
  }
  return made;
}
