"use strict";
// Qual destas trapaceia? Duas redes sem nome, as ferramentas da página, uma resposta com o motivo.

laboratory.stations.cheat = async (place) => {
  const { side, colours, films, marks } = await openFilms("filmes-botao");
  const hidden = Math.random() < 0.5 ? ["botao-0", "botao-100"] : ["botao-100", "botao-0"];
  const networks = hidden.map((name, i) => [name, `rede ${"AB"[i]}`]);
  const [{ classes }] = await Promise.all(hidden.map((name) => desk.network(name)));
  const panel = board(place, { side, colours, label: "Radiografia diante de duas redes sem nome" });
  const tools = { mode: false, letter: false, border: false, lesion: false };
  const table = make("table", { class: "laboratory-table" });
  let film = films[0], shown = hidden[0], chosen = null;

  const reasons = [
    ["", "escolha o motivo"],
    ["mode", "o modo de radiografar muda a resposta dela"],
    ["map", "o mapa dela cai fora da lesão"],
    ["sure", "ela é a mais segura de si"],
  ];
  const why = choice("Por quê?", reasons, ready);
  const reply = button("Responder", answer);
  const radios = networks.map(([name, text]) => make("label", {}, make("input", {
    type: "radio", name: "laboratory-cheat", value: name, change: () => { chosen = name; ready(); },
  }), ` a ${text}`));
  panel.add(
    choice("Filme", filmNames(films), (value) => { film = films[value]; ask(); }),
    tick("o mesmo paciente, radiografado do outro modo", (checked) => { tools.mode = checked; ask(); }),
    tick("letra de lado", (checked) => { tools.letter = checked; ask(); }),
    tick("margem branca", (checked) => { tools.border = checked; ask(); }),
    choice("Mapa de", networks, (value) => { shown = value; ask(); }),
    tick("contorno da lesão", (checked) => { tools.lesion = checked; ask(); }),
    table,
    make("fieldset", {}, make("legend", {}, "Qual trapaceia?"), ...radios, why, reply),
  );
  ready();
  await ask();

  function ready() {
    reply.disabled = !chosen || !why.select.value;
  }

  async function ask() {
    const grey = planting(films, film, marks, tools), found = await answersOf(networks, film.grey, grey);
    const { before, after } = found.find(({ name }) => name === shown);
    panel.show({ grey, map: after.map, top: largest(before.map), outline: tools.lesion ? film.lesions : null });
    const any = tools.mode || tools.letter || tools.border;
    fillTable(table, classes, found, "Como veio", any ? "Com o que se plantou" : "");
    panel.say(any ? found.map((one) => changed(classes, one)).join(" ")
      : `Este filme é de ${film.truth}. Plante algo nele, troque de mapa, e desconfie.`);
  }

  // A resposta vem com as contas feitas na hora, em todos os filmes da estação.
  async function answer() {
    const moved = [0, 0], wrong = [0, 0];
    for (const each of films) {
      const grey = planting(films, each, marks, { mode: true });
      (await answersOf(networks, each.grey, grey)).forEach(({ before, after }, i) => {
        const [was, is] = [before, after].map(({ logits }) => classes[chosenClass(logits)]);
        moved[i] += was !== is;
        wrong[i] += was !== each.truth;
      });
    }
    const cheat = hidden.indexOf("botao-100"), right = chosen === "botao-100";
    const because = {
      mode: right ? "O seu motivo confere" : "O seu motivo seria bom, mas é da outra rede",
      map: "O mapa levanta a suspeita, mas não prova; o que prova é mudar o que não é doença",
      sure: "A segurança não prova nada; o que prova é mudar o que não é doença",
    };
    panel.say(`${right ? "Certo" : "Não"}: quem trapaceia é a ${networks[cheat][1]}, para quem o modo de `
      + `radiografar diz a classe. ${because[why.select.value]}: nos ${films.length} filmes daqui, trocar só o modo muda a `
      + `resposta da rede A em ${moved[0]} e da rede B em ${moved[1]}; a A erra ${wrong[0]} e a B, ${wrong[1]}.`);
  }
};
