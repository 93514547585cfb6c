"use strict";
// O lado que faz as contas, fora da página para não a travar. Recebe um pedido de cada vez,
// { id, task, … }, e responde com o mesmo id; nada aqui conhece a página, e nada aqui abre conexões.

const held = { networks: {}, compiled: null, score: null };

const TASKS = {
  // O motor: com a convolução compilada, onde o navegador a entende.
  start({ kernel, plain }) {
    const bytes = fromBase64(kernel);
    let able = false;
    try {
      able = !plain && WebAssembly.validate(bytes);
    } catch {
      // um navegador sem WebAssembly, ou que o proíbe, fica com o JavaScript
    }
    held.compiled = able ? bytes : null;
    return { engine: able ? "WebAssembly" : "JavaScript" };
  },

  async network({ name, described }) {
    const weights = halves(await unpack(described.weights));
    halves(await unpack(described.rest)).forEach((value, i) => (weights[i] += value));
    held.networks[name] = ready(described, weights);
    return {};
  },

  async score({ described: { mean, precision, limit } }) {
    const read = async (text) => singles(await unpack(text));
    held.score = { mean: await read(mean), precision: await read(precision), limit };
    return {};
  },

  // A resposta a um filme e um mapa dela.
  explain({ name, film, target = null, method = "cam" }) {
    const { run, described, dense, rows, columns } = held.networks[name];
    const { output, activation } = run(film);
    const chosen = target ?? output.indexOf(Math.max(...output));
    const raw = METHODS[method](activation, dense.weights, chosen);
    const map = enlarge(raw, described.grid, rows, columns);
    const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
    return { logits: output, target: chosen, map, mean, bias: dense.biases[chosen] };
  },

  occlude({ name, film, target, window, stride }, progress) {
    const { run, rows, columns } = held.networks[name];
    let last = null;
    for (last of occlusion(run, film, rows, columns, target, window, stride)) progress(last);
    return last;
  },

  // Uma cópia da rede com os pesos de uma camada embaralhados em cada canal de saída: os mesmos
  // números, fora do lugar.
  shuffle({ name, as, layer, seed }) {
    const { described, weights } = held.networks[name], broken = weights.slice();
    const { kernel, side = 1, inputs, outputs } = described.steps[layer], random = generator(seed);
    if (kernel === undefined) throw Error(`o passo ${layer} da rede ${name} não tem pesos`);
    for (let channel = 0; channel < outputs; channel++)
      for (let i = side * side * inputs - 1; i > 0; i--) {
        const one = kernel + i * outputs + channel;
        const other = kernel + Math.floor(random() * (i + 1)) * outputs + channel;
        [broken[one], broken[other]] = [broken[other], broken[one]];
      }
    held.networks[as] = ready(described, broken);
    return {};
  },

  // O que entra no lugar do que se esconde: o filme muito borrado, a referência do livro.
  reference: ({ grey, side }) => ({ reference: blur(grey, side, side / 12) }),

  lungs({ film, side }) {
    const logits = bothWays(held.networks.pulmoes.run, forLungs(film, side));
    return { logits, ...locateLungs(logits, side) };
  },

  strangeness: ({ film, side }) => ({ value: strangeness(film, side, held.score) }),

  // De um arquivo do leitor ao filme que as redes leem.
  async read({ file, side }) {
    const { pixels, columns, rows } = await decode(file);
    return { film: toFilm(pixels, columns, rows, side), columns, rows };
  },
};

function ready(described, weights) {
  const { steps } = described, [rows, columns] = steps[0].shape;
  const last = steps.find((step) => step.op === "dense");
  const dense = last && {
    biases: weights.subarray(last.bias, last.bias + last.outputs),
    weights: Array.from({ length: last.inputs }, (_, k) =>
      weights.subarray(last.kernel + k * last.outputs, last.kernel + (k + 1) * last.outputs)),
  };
  const run = network(described, weights, held.compiled);
  return { run, described, weights, dense, rows, columns };
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function unpack(text) {
  const packed = new Blob([fromBase64(text)]).stream();
  const plain = new Response(packed.pipeThrough(new DecompressionStream("deflate")));
  return new Uint8Array(await plain.arrayBuffer());
}

// Os pesos vêm em meia precisão, primeiro os bytes baixos, depois os altos: sinal, cinco bits de
// expoente e dez de fração.
function halves(bytes) {
  const length = bytes.length / 2;
  return Float32Array.from({ length }, (_, i) => {
    const half = bytes[i] | (bytes[length + i] << 8), exponent = (half >> 10) & 31;
    const fraction = half & 1023, sign = half >> 15 ? -1 : 1;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

// Precisão simples, com os bytes de mesma ordem juntos.
function singles(bytes) {
  const length = bytes.length / 4, ordered = new Uint8Array(bytes.length);
  for (let i = 0; i < length; i++)
    for (let k = 0; k < 4; k++) ordered[4 * i + k] = bytes[k * length + i];
  return new Float32Array(ordered.buffer);
}

// Números de 0 a 1 que a semente decide (mulberry32, de domínio público).
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

onmessage = async ({ data: { id, task, ...details } }) => {
  const progress = (part) => postMessage({ id, part });
  try {
    postMessage({ id, done: await TASKS[task](details, progress) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
};
