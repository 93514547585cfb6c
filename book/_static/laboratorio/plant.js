"use strict";
// Plante um atalho: o que não é doença, posto no filme, diante de duas redes que aprenderam de jeitos
// diferentes.

laboratory.stations.plant = async (place) => {
  const { side, colours, films, marks } = await openFilms("filmes-botao");
  const networks = [["botao-0", "a que viu os dois modos"], ["botao-100", "a que viu cada classe de um só modo"]];
  const [{ classes }] = await Promise.all(networks.map(([name]) => desk.network(name)));
  const panel = board(place, { side, colours, label: "Radiografia em que se planta um atalho" });
  const planted = { mode: false, letter: false, border: false };
  let film, shown = "botao-100";
  const picker = choice("Filme", filmNames(films), (value) => open(+value), recall("plante")[0]);
  const table = make("table", { class: "laboratory-table" });
  panel.add(
    picker,
    tick("o mesmo paciente, radiografado do outro modo", (checked) => plant("mode", checked)),
    tick("letra de lado, como nos filmes de criança", (checked) => plant("letter", checked)),
    tick("margem branca, como nas figuras publicadas", (checked) => plant("border", checked)),
    choice("Mapa de", networks.map(([name, text]) => [name, text]), (value) => { shown = value; ask(); }, shown),
    table,
  );
  await open(+picker.select.value);

  function open(index) {
    film = films[index];
    remember("plante", index);
    return ask();
  }

  function plant(mark, checked) {
    planted[mark] = checked;
    return ask();
  }

  async function ask() {
    const grey = planting(films, film, marks, planted), any = Object.values(planted).includes(true);
    const found = await answersOf(networks, film.grey, grey);
    const { before, after } = found.find(({ name }) => name === shown);
    panel.show({ grey, map: after.map, top: largest(before.map) });
    fillTable(table, classes, found, "Como veio", any ? "Com o que se plantou" : "");
    panel.say(any
      ? found.map((one) => changed(classes, one)).join(" ")
      : `Este filme é de ${film.truth}. Plante algo e veja qual das duas muda de ideia.`);
  }
};
