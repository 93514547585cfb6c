"use strict";
// Dentro do quadro fechado: um arquivo entra, e dele se diz, nesta ordem, se parece com o que as redes
// viram, onde estão os pulmões e onde a rede olhou. A classe nunca é dita: a rede só aprendeu com fantomas.

const SIDE = 237;

addEventListener("message", function receive({ source, data }) {
  if (source !== parent) return;
  if (data.inks) {
    for (const [name, value] of data.inks) document.documentElement.style.setProperty(name, value);
    document.documentElement.style.colorScheme = data.dark ? "dark" : "light";
  }
  if (data.motor) open(data);
});
parent.postMessage({ ready: true }, "*");
new ResizeObserver(() => parent.postMessage({ height: document.body.scrollHeight + 4 }, "*"))
  .observe(document.body);

async function open({ motor, networks, score, colours }) {
  const worker = startWorker(motor);
  await worker.started;
  for (const [name, described] of Object.entries(networks))
    await worker.ask("network", { name, described });
  await worker.ask("score", { described: score });
  const panel = board(document.querySelector("main"), { side: SIDE, colours, label: "O seu filme" });
  const nothing = new Uint8Array(SIDE * SIDE);
  let shown = { grey: nothing }, method = "cam";

  const picker = make("input", {
    type: "file", accept: "image/png,image/jpeg,image/webp,image/bmp,.dcm,application/dicom",
    change: () => picker.files[0] && look(picker.files[0]),
  });
  const maps = choice("Mapa", MAPS, (value) => { method = value; if (shown.map) explain(); });
  const anyway = button("Mostrar o mapa assim mesmo", () => { maps.select.focus(); explain(); });
  anyway.hidden = true;
  panel.add(
    make("label", {}, "Abra ou fotografe uma radiografia de tórax, de frente (ou solte o arquivo aqui)", picker),
    maps,
    make("div", { class: "laboratory-buttons" }, anyway,
      button("Fechar e esquecer", () => { worker.end(); parent.postMessage({ close: true }, "*"); })),
  );
  panel.show(shown);
  panel.say("Nenhum filme aberto. O que você abrir não sai daqui: este quadro não pode abrir conexões.");
  ondragover = (event) => event.preventDefault();
  ondrop = (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
  };

  async function look(file) {
    anyway.hidden = true;
    shown = { grey: nothing };
    panel.show(shown);
    panel.say("Lendo…");
    try {
      const { film } = await worker.ask("read", { file, side: SIDE });
      const { value } = await worker.ask("strangeness", { film, side: SIDE });
      const { mask, confidence } = await worker.ask("lungs", { film, side: SIDE });
      shown = { film, grey: average(film), value, confidence, outline: confidence > 0 ? mask : null };
    } catch (error) {
      return panel.say(`${error.message}.`);
    }
    panel.show(shown);
    if (shown.value <= 1) return explain();
    anyway.hidden = false;
    panel.say(`${strange()} ${lungs()} O mapa não é mostrado: de um filme estranho ele não quer dizer nada.`);
  }

  async function explain() {
    anyway.hidden = true;
    const { film, grey } = shown;
    const { map } = await explained({ worker, name: "modelo-2", film, method }, panel, grey);
    if (film !== shown.film) return;  // já se abriu outro
    shown = { ...shown, map, top: largest(map) };
    panel.show(shown);
    panel.say(`${strange()} ${lungs()} ${energy()} A resposta não é dita: a rede só aprendeu com `
      + "fantomas, e o que ela diria de um filme de verdade não vale nada.");
  }

  const strange = () => {
    const said = shown.value > 1 ? "acima de 1, o filme não se parece" : "até 1, o filme se parece";
    return `A estranheza é ${number(shown.value)}; ${said} com as radiografias que a rede viu.`;
  };
  const lungs = () => (shown.outline
    ? `Os pulmões estão contornados, com confiança de ${number(shown.confidence)}.`
    : "Os pulmões não foram achados.");

  // Quanto do mapa está nos pulmões, e quanto estaria se ele não olhasse para nada.
  function energy() {
    const total = shown.map.reduce((sum, value) => sum + value, 0);
    if (!(total > 0)) return "O mapa não acha nada.";
    if (!shown.outline) return "";
    const inside = shown.map.reduce((sum, value, i) => sum + (shown.outline[i] ? value : 0), 0);
    const area = shown.outline.filter(Boolean).length / shown.outline.length;
    return `${percent(inside / total)} do mapa está nos pulmões, que são ${percent(area)} do filme.`;
  }

  function average(film) {
    return Uint8Array.from({ length: SIDE * SIDE }, (_, i) =>
      Math.round((film[3 * i] + film[3 * i + 1] + film[3 * i + 2]) / 3));
  }
}
