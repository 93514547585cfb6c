"use strict";
// Do último mapa de uma rede, de pontos × canais, aos mapas de uma classe. `weights` são os da camada
// densa, canais × classes: nesta rede o logit de uma classe é a média do CAM dela, mais o viés.

const METHODS = {
  // CAM, que aqui é também o Grad-CAM: cada canal vezes o peso dele para a classe
  cam: (activation, weights, target) => weighted(activation, weights.map((row) => row[target])),
  // LayerCAM: só os canais que falam a favor
  "layer-cam": (activation, weights, target) =>
    weighted(activation, weights.map((row) => Math.max(row[target], 0))),
  // Eigen-CAM: o padrão que mais pesa no mapa, qualquer que seja a classe
  "eigen-cam": (activation, weights) => weighted(activation, firstComponent(activation, weights.length)),
};

function weighted(activation, weights) {
  const channels = weights.length, made = new Float64Array(activation.length / channels);
  for (let i = 0; i < activation.length; i++)
    made[Math.floor(i / channels)] += activation[i] * weights[i % channels];
  return made;
}

// O primeiro vetor singular de uma matriz A, pontos × canais: multiplicado muitas vezes por AᵀA,
// quase todo vetor se torna esse. O sinal é o que concorda com a soma dos canais.
function firstComponent(activation, channels) {
  let vector = new Float64Array(channels).fill(1);
  for (let turn = 0; turn < 60; turn++) {
    const seen = weighted(activation, vector), next = new Float64Array(channels);
    for (let i = 0; i < activation.length; i++)
      next[i % channels] += activation[i] * seen[Math.floor(i / channels)];
    const length = Math.hypot(...next) || 1;
    vector = next.map((value) => value / length);
  }
  const sum = vector.reduce((total, value) => total + value, 0);
  return sum < 0 ? vector.map((value) => -value) : vector;
}

// Só o que é a favor, e depois ampliado até o filme, cada célula no seu lugar: nesta ordem, que é a
// do pacote. Ainda sem dividir pelo máximo: a página mostra a escala do filme intacto.
function enlarge(raw, grid, rows, columns) {
  const down = places(grid.y, rows), across = places(grid.x, columns);
  const made = new Float32Array(rows * columns), cells = grid.x.count;
  const cell = (row, column) => Math.max(raw[row * cells + column], 0);
  for (let y = 0; y < rows; y++) {
    const [above, below, v, seenRow] = down[y];
    for (let x = 0; x < columns; x++) {
      const [left, right, h, seenColumn] = across[x];
      const top = cell(above, left) * (1 - h) + cell(above, right) * h;
      const bottom = cell(below, left) * (1 - h) + cell(below, right) * h;
      made[y * columns + x] = seenRow && seenColumn ? top * (1 - v) + bottom * v : 0;
    }
  }
  return made;
}

// Entre que células está cada pixel, a que distância da primeira, e se a rede o vê.
function places({ count, start, step, low, high }, length) {
  return Array.from({ length }, (_, pixel) => {
    const cell = Math.min(Math.max((pixel - start) / step, 0), count - 1);
    const before = Math.min(Math.floor(cell), Math.max(count - 2, 0));
    const seen = pixel >= low - 0.5 && pixel <= high + 0.5;
    return [before, Math.min(before + 1, count - 1), cell - before, seen];
  });
}

// Oclusão: a queda média do logit sob as janelas que cobrem cada pixel. São muitas perguntas à rede:
// devolve o mapa depois de cada linha de janelas, para que se veja nascer.
function* occlusion(run, film, rows, columns, target, window, stride) {
  const intact = run(film).output[target], fill = channelMeans(film);
  const total = new Float32Array(rows * columns), covered = new Float32Array(rows * columns);
  const down = starts(rows, window, stride), across = starts(columns, window, stride);
  for (const top of down) {
    for (const left of across) {
      const hidden = Float32Array.from(film);
      const inside = [];
      for (let y = top; y < top + window; y++)
        for (let x = left; x < left + window; x++) inside.push(y * columns + x);
      for (const pixel of inside) for (let c = 0; c < 3; c++) hidden[3 * pixel + c] = fill[c];
      const drop = intact - run(hidden).output[target];
      for (const pixel of inside) {
        total[pixel] += drop;
        covered[pixel] += 1;
      }
    }
    const map = total.map((value, pixel) => Math.max(value, 0) / Math.max(covered[pixel], 1));
    yield { map };
  }
}

// Onde começa cada janela; a última encosta na borda.
function starts(side, window, stride) {
  const found = [];
  for (let at = 0; at < side - window; at += stride) found.push(at);
  return [...found, side - window];
}

function channelMeans(film) {
  const sums = [0, 0, 0];
  film.forEach((value, i) => (sums[i % 3] += value));
  return sums.map((sum) => sum / (film.length / 3));
}
