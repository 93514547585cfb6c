"use strict";
// A estranheza de um filme, como covidcam.novelty a mede: em que direções o cinza muda em cada uma de
// 6 × 6 células, e a que distância isso fica do que se vê nas radiografias conhecidas.

const SMALL = 48, CELLS = 6, DIRECTIONS = 8;

// Até 1 o filme se parece com os conhecidos; acima, não.
function strangeness(film, side, { mean, precision, limit }) {
  const blurred = blur(meanGrey(film), side, side / SMALL / 2.5);
  const found = directions(areaResize(blurred, side, side, SMALL, SMALL));
  const away = found.map((value, i) => value - mean[i]);
  let sum = 0;
  for (let i = 0, k = 0; i < away.length; i++)
    for (let j = i; j < away.length; j++, k++)  // só a metade de cima da matriz, que é simétrica
      sum += (i === j ? 1 : 2) * away[i] * precision[k] * away[j];
  return sum / limit;
}

// Além da borda, o filme continua espelhado.
const mirrored = (i, length) => (i < 0 ? -i : i >= length ? 2 * length - 2 - i : i);

// cv2.GaussianBlur, com a janela que o OpenCV escolhe para imagens de 8 bits.
function blur(source, side, sigma) {
  const length = Math.round(sigma * 6 + 1) | 1, half = length >> 1;
  const exact = Float64Array.from({ length }, (_, i) =>
    Math.exp(-((i - half) ** 2) / (2 * sigma * sigma)));
  const total = exact.reduce((sum, weight) => sum + weight, 0);
  const weights = exact.map((weight) => weight / total);
  const middle = new Float64Array(side * side), made = new Uint8Array(side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let k = 0; k < length; k++)
        middle[y * side + x] += weights[k] * source[y * side + mirrored(x + k - half, side)];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      let sum = 0;
      for (let k = 0; k < length; k++)
        sum += weights[k] * middle[mirrored(y + k - half, side) * side + x];
      made[y * side + x] = clip(Math.round(sum));
    }
  return made;
}

// Oito direções por célula, na proporção da soma delas mais a da célula média.
function directions(small) {
  const counts = new Float64Array(CELLS * CELLS * DIRECTIONS), single = Math.fround;
  const grey = (y, x) => small[mirrored(y, SMALL) * SMALL + mirrored(x, SMALL)];
  for (let y = 0; y < SMALL; y++)
    for (let x = 0; x < SMALL; x++) {
      const column = (x) => grey(y - 1, x) + 2 * grey(y, x) + grey(y + 1, x);
      const row = (y) => grey(y, x - 1) + 2 * grey(y, x) + grey(y, x + 1);
      const across = column(x + 1) - column(x - 1), down = row(y + 1) - row(y - 1);
      const turn = single(single(Math.atan2(down, across)) / single(2 * Math.PI));
      const angle = single(turn + 0.5 / DIRECTIONS);
      const direction = Math.floor(single(angle - Math.floor(angle)) * DIRECTIONS) % DIRECTIONS;
      const cell = Math.floor((y * CELLS) / SMALL) * CELLS + Math.floor((x * CELLS) / SMALL);
      counts[cell * DIRECTIONS + direction] += Math.hypot(across, down);
    }
  const totals = new Float64Array(CELLS * CELLS);
  counts.forEach((value, i) => (totals[Math.floor(i / DIRECTIONS)] += value));
  const mean = totals.reduce((sum, value) => sum + value, 0) / totals.length;
  return counts.map((value, i) => {
    const scale = totals[Math.floor(i / DIRECTIONS)] + mean;
    return scale > 0 ? value / scale : 0;
  });
}
