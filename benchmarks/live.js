"use strict";
// O lado da página em `python -m benchmarks.live`: cada motor como uma função de um filme à resposta,
// e os relógios.

const SIDE = 237;

// Na própria página, sem trabalhador, como as outras bibliotecas.
async function ours(plain) {
  const [{ source, kernel }] = await laboratory.need("motor");
  const { TASKS, held } = new Function(`${source}; return { TASKS, held };`)();
  TASKS.start({ kernel, plain });
  await TASKS.network({ name: "sorteada", described: laboratory.received.sorteada });
  return async (film) => shares(held.networks.sorteada.run(film).output);
}

async function onnx() {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create("rede.onnx", { executionProviders: ["wasm"] });
  const [input] = session.inputNames, [output] = session.outputNames;
  return async (film) => {
    const tensor = new ort.Tensor("float32", Float32Array.from(film), [1, SIDE, SIDE, 3]);
    return (await session.run({ [input]: tensor }))[output].data;
  };
}

async function liteRt() {
  const { loadLiteRt, loadAndCompile, Tensor } = await import("@litertjs/core");
  await loadLiteRt("pares/@litertjs/core/wasm/", { threads: false });
  const model = await loadAndCompile("rede.tflite", { accelerator: "wasm" });
  return async (film) => {
    const tensor = new Tensor(Float32Array.from(film), [1, SIDE, SIDE, 3]);
    const [made] = await model.run([tensor]);
    const answer = Array.from(made.toTypedArray());
    [tensor, made].forEach((each) => each.delete());
    return answer;
  };
}

// Tudo o que a estação do filme do leitor faz de um filme, pelo trabalhador, como ela.
async function chain(plain) {
  const [motor, classifier, lungs, score] =
    await laboratory.need("motor", "modelo-2", "pulmoes", "estranheza");
  const worker = startWorker(motor, plain);
  await worker.started;
  await worker.ask("network", { name: "modelo-2", described: classifier });
  await worker.ask("network", { name: "pulmoes", described: lungs });
  await worker.ask("score", { described: score });
  return async (film) => {
    await worker.ask("strangeness", { film, side: SIDE });
    await worker.ask("lungs", { film, side: SIDE });
    await worker.ask("explain", { name: "modelo-2", film });
  };
}

// Os milissegundos por filme de cada motor em cada rodada, e o que ele respondeu. Uma rodada passa
// por todos, cada vez a começar de outro.
async function measure({ names, rounds }) {
  const makers = {
    "nosso, compilado": () => ours(false), "nosso, JavaScript": () => ours(true),
    "onnxruntime-web": onnx, "LiteRT.js": liteRt,
    "cadeia, compilada": () => chain(false), "cadeia, JavaScript": () => chain(true),
  };
  await laboratory.need("panel");
  const { films } = await openFilms("filmes");
  const colours = films.map(({ grey }) => inColour(grey));
  const engines = {}, answers = {}, times = {};
  for (const name of names) {
    engines[name] = await makers[name]();
    answers[name] = [];
    for (const film of colours) answers[name].push(Array.from((await engines[name](film)) ?? []));
    times[name] = [];
  }
  for (let round = 0; round < rounds; round++)
    for (let k = 0; k < names.length; k++) {
      const name = names[(round + k) % names.length], start = performance.now();
      for (const film of colours) await engines[name](film);
      times[name].push((performance.now() - start) / colours.length);
    }
  return { times, answers, films: colours.map((film) => Array.from(film.filter((_, i) => i % 3 === 0))) };
}

// De apertar o botão de uma estação a ela dizer o que mostra.
function press(station) {
  return new Promise((done) => {
    const place = document.querySelector(`.laboratory[data-station=${station}]`);
    const start = performance.now();
    const look = () => {
      const said = place.querySelector(".laboratory-board [role=status]")?.textContent;
      if (said && !said.endsWith("…")) done(performance.now() - start);
    };
    new MutationObserver(look).observe(place, { childList: true, subtree: true, characterData: true });
    place.querySelector("button").click();
  });
}
