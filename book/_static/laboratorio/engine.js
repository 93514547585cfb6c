"use strict";
// A rede inteira: lê os passos e os pesos que covidcam.live exporta, e responde sobre uma imagem.
//
// Uma imagem e um mapa são uma fila de números: linha por linha, ponto por ponto, canal por canal.
// O número da linha y, coluna x e canal c está na posição (y * largura + x) * canais + c.

// O tamanho do que cada passo faz, a partir do que ele lê: [linhas, colunas, canais].
const SIZE = {
  scale: (step, size) => size,
  mean: (step, [rows, columns]) => [rows, columns, 1],
  normalize: (step, size) => size,
  average: (step, [rows, columns, channels]) => [rows >> 1, columns >> 1, channels],
  max: (step, [rows, columns, channels]) => [rows >> 1, columns >> 1, channels],
  double: (step, [rows, columns, channels]) => [2 * rows, 2 * columns, channels],
  add: (step, size) => size,
  pool: (step, [, , channels]) => [1, 1, channels],
  dense: (step) => [1, 1, step.outputs],
  convolve: (step, [rows, columns]) =>
    [Math.ceil(rows / step.stride), Math.ceil(columns / step.stride), step.outputs],
};

// A conta de cada passo: lê `input`, de tamanho [linhas, colunas, canais], e escreve em step.out.
const DO = {
  scale(step, input) {
    for (let i = 0; i < input.length; i++) step.out[i] = input[i] * step.by + step.add;
  },

  // a média dos canais de cada ponto: a imagem vira cinza
  mean(step, input, [, , channels]) {
    for (let i = 0; i < step.out.length; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += input[i * channels + c];
      step.out[i] = sum / channels;
    }
  },

  // média 0 e desvio 1: o brilho e o contraste do filme deixam de contar
  normalize(step, input) {
    let mean = 0, variance = 0;
    for (const value of input) mean += value / input.length;
    for (const value of input) variance += (value - mean) ** 2 / input.length;
    const factor = 1 / Math.sqrt(variance + step.epsilon);
    for (let i = 0; i < input.length; i++) step.out[i] = (input[i] - mean) * factor;
  },

  average: halve((a, b, c, d) => (a + b + c + d) / 4),
  max: halve((a, b, c, d) => Math.max(a > b ? a : b, c > d ? c : d)),

  // cada ponto vira um quadrado de 2 × 2
  double(step, input, [, width, channels]) {
    const [rows, columns] = step.size;
    let to = 0;
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        const from = ((y >> 1) * width + (x >> 1)) * channels;
        for (let c = 0; c < channels; c++) step.out[to++] = input[from + c];
      }
  },

  // o atalho de uma rede residual: soma o que recebeu ao que calculou
  add(step, input, size, steps) {
    const other = steps[step.from[1]].out;
    for (let i = 0; i < input.length; i++) {
      const sum = input[i] + other[i];
      step.out[i] = step.relu && sum < 0 ? 0 : sum;
    }
  },

  // a média de cada canal sobre o mapa inteiro: daqui em diante não se sabe mais onde
  pool(step, input, [rows, columns, channels]) {
    const points = rows * columns, sums = new Float64Array(channels);
    for (let i = 0; i < input.length; i++) sums[i % channels] += input[i];
    for (let c = 0; c < channels; c++) step.out[c] = sums[c] / points;
  },

  // uma soma ponderada por classe: o logit
  dense(step, input) {
    for (let j = 0; j < step.outputs; j++) {
      let sum = step.biases[j];
      for (let i = 0; i < step.inputs; i++) sum += input[i] * step.weights[i * step.outputs + j];
      step.out[j] = sum;
    }
  },
};

// De quatro vizinhos, um. O que sobra de uma linha ou coluna ímpar não é lido.
function halve(together) {
  return (step, input, [, width, channels]) => {
    const [rows, columns] = step.size, down = width * channels;
    let to = 0;
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        let i = (2 * y * width + 2 * x) * channels;
        for (let c = 0; c < channels; c++, i++)
          step.out[to++] =
            together(input[i], input[i + channels], input[i + down], input[i + down + channels]);
      }
  };
}

// A convolução: em cada ponto da saída e para cada canal dela, a soma dos vizinhos da entrada, cada
// um vezes o seu peso, mais o viés; o que fica negativo vira zero. É quase todo o trabalho da rede,
// e por isso é feita em blocos de 2 pontos × 4 canais: cada peso lido serve a dois pontos.
function convolve(step, input, width, inputs) {
  const { side, stride, padded, grouped, biases, out, relu, outputs } = step;
  const [rows, columns] = step.size, points = rows * columns, run = side * inputs;
  for (let point = 0; point < points; point += 2) {
    const twin = point + 1 < points ? point + 1 : point;
    const corner = (at) =>
      (Math.floor(at / columns) * stride * width + (at % columns) * stride) * inputs;
    const start = corner(point), startTwin = corner(twin);
    for (let channel = 0, w = 0; channel < padded; channel += 4) {
      let a0 = biases[channel], a1 = biases[channel + 1];
      let a2 = biases[channel + 2], a3 = biases[channel + 3];
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      for (let row = 0; row < side; row++) {
        let i = start + row * width * inputs, j = startTwin + row * width * inputs;
        for (const end = i + run; i < end; i++, j++, w += 4) {
          const a = input[i], b = input[j];
          const w0 = grouped[w], w1 = grouped[w + 1], w2 = grouped[w + 2], w3 = grouped[w + 3];
          a0 += a * w0; a1 += a * w1; a2 += a * w2; a3 += a * w3;
          b0 += b * w0; b1 += b * w1; b2 += b * w2; b3 += b * w3;
        }
      }
      const sums = [a0, a1, a2, a3, b0, b1, b2, b3];
      for (let k = 0; k < 4 && channel + k < outputs; k++) {
        out[point * outputs + channel + k] = relu && sums[k] < 0 ? 0 : sums[k];
        out[twin * outputs + channel + k] = relu && sums[k + 4] < 0 ? 0 : sums[k + 4];
      }
    }
  }
}

// Monta uma rede. `compiled` é conv.wasm, a mesma convolução feita por instruções que somam quatro
// números de cada vez, onde o navegador as tem; sem ele, tudo é o JavaScript acima.
function network({ steps: given, output, activation }, weights, compiled = null) {
  const group = compiled ? 8 : 4;  // canais por bloco
  const steps = given.map((step) => ({ ...step }));
  steps[0].size = steps[0].shape;
  for (const step of steps.slice(1)) step.size = SIZE[step.op](step, steps[step.from[0]].size);

  const memory = compiled ? compiledMemory(steps, group) : null;
  const room = (n) => (memory ? memory.take(n) : new Float64Array(n));
  const kernel = compiled
    ? new WebAssembly.Instance(new WebAssembly.Module(compiled), { env: { memory: memory.whole } })
    : null;
  for (const step of steps) {
    step.out = room(count(step.size));
    if (step.op === "convolve") arrange(step, steps[step.from[0]].size);
    if (step.op === "dense") {
      step.weights = weights.subarray(step.kernel, step.kernel + step.inputs * step.outputs);
      step.biases = weights.subarray(step.bias, step.bias + step.outputs);
    }
  }

  // A borda de zeros e os pesos de uma convolução, na ordem em que ela os lê.
  function arrange(step, [rows, columns]) {
    const { side, stride, inputs, outputs } = step;
    const extra = (length, made) => Math.max((made - 1) * stride + side - length, 0);
    const [down, across] = [extra(rows, step.size[0]), extra(columns, step.size[1])];
    step.top = down >> 1;
    step.left = across >> 1;
    step.width = columns + across;
    step.bordered = down || across ? room((rows + down) * step.width * inputs) : null;
    step.padded = Math.ceil(outputs / group) * group;
    step.biases = room(step.padded);
    step.grouped = room(side * side * inputs * step.padded);
    const points = step.size[0] * step.size[1];
    step.blocks = kernel && step.padded > outputs ? room(points * step.padded) : null;
    const taps = side * side * inputs;
    for (let c = 0; c < outputs; c++) {
      step.biases[c] = weights[step.bias + c];
      const place = Math.floor(c / group) * taps * group + (c % group);
      for (let tap = 0; tap < taps; tap++)
        step.grouped[place + tap * group] = weights[step.kernel + tap * outputs + c];
    }
  }

  function convolution(step, input, [rows, columns, channels]) {
    let source = input;
    if (step.bordered) {
      source = step.bordered;
      for (let y = 0; y < rows; y++)
        source.set(
          input.subarray(y * columns * channels, (y + 1) * columns * channels),
          ((y + step.top) * step.width + step.left) * channels,
        );
    }
    if (!kernel) return convolve(step, source, step.width, channels);
    const to = step.blocks ?? step.out;
    const [made, wide] = step.size;
    kernel.exports.convolve(source.byteOffset, step.width, channels, step.side, step.stride, made,
      wide, step.padded, step.grouped.byteOffset, step.biases.byteOffset, to.byteOffset, step.relu);
    if (step.blocks)  // só os canais que existem
      for (let i = 0; i < step.out.length; i++)
        step.out[i] = to[Math.floor(i / step.outputs) * step.padded + (i % step.outputs)];
  }

  // De uma imagem, de 0 a 255, aos logits e ao último mapa.
  return (image) => {
    steps[0].out.set(image);
    for (const step of steps.slice(1)) {
      const { out, size } = steps[step.from[0]];
      (step.op === "convolve" ? convolution : DO[step.op])(step, out, size, steps);
    }
    const copy = (index) => (index === null ? null : Float32Array.from(steps[index].out));
    return { output: copy(output), activation: copy(activation) };
  };
}

const count = (size) => size.reduce((product, side) => product * side, 1);

// A memória que o JavaScript e a convolução compilada dividem, do tamanho que a rede pede.
function compiledMemory(steps, group) {
  const START = 66560, EACH = 16, up = (n) => Math.ceil(n / group) * group;  // antes, a pilha do C
  let bytes = START;
  for (const { size, op, side, inputs, outputs, from } of steps) {
    bytes += 4 * count(size) + EACH;
    if (op !== "convolve") continue;
    const [rows, columns] = steps[from[0]].size;
    bytes += 4 * (rows + side) * (columns + side) * inputs + EACH;
    bytes += 4 * (side * side * inputs + 1 + size[0] * size[1]) * up(outputs) + 3 * EACH;
  }
  const whole = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
  let next = START;
  return {
    whole,
    take(length) {
      const array = new Float32Array(whole.buffer, next, length);
      next = Math.ceil((next + 4 * length) / EACH) * EACH;
      return array;
    },
  };
}
