"use strict";
// Da saída da rede dos pulmões a uma máscara, como covidcam.lungs.locate: de cada lado, o maior pedaço
// em que a probabilidade passa de metade, se é grande e a rede está segura.

const GRID = 64, FINE_GRID = 128, SMALLEST = 0.01, DOUBTFUL = 0.8, PROMISED = 0.86, STEEP = 50;

// A média do que a rede diz do filme e do seu reflexo, em que um pulmão é o outro.
function bothWays(run, small) {
  const across = (i, side) => i - (i % side) + side - 1 - (i % side);
  const logits = Float32Array.from(run(small).output);
  const reflected = run(small.map((_, i) => small[across(i, FINE_GRID)])).output;
  return logits.map((logit, i) => (logit + reflected[2 * across(i >> 1, GRID) + 1 - (i & 1)]) / 2);
}

// A máscara no lado do filme, e a confiança: a chance de que as caixas estejam bem postas.
function locateLungs(logits, side) {
  const mask = new Float64Array(FINE_GRID ** 2);
  let promised = 0;
  for (const lung of [0, 1]) {
    const coarse = Float64Array.from({ length: GRID ** 2 }, (_, i) => logits[2 * i + lung]);
    const likely = stretchGrid(coarse, GRID, FINE_GRID).map((logit) => 1 / (1 + Math.exp(-logit)));
    const piece = largestPiece(likely, FINE_GRID);
    const common = piece.reduce((sum, i) => sum + likely[i], 0);
    const sure = (2 * common) / (likely.reduce((sum, p) => sum + p, 0) + piece.length);
    if (piece.length < SMALLEST * FINE_GRID ** 2 || sure < DOUBTFUL) continue;
    for (const i of piece) mask[i] = 1;
    promised += sure / 2;
  }
  const whole = stretchGrid(mask, FINE_GRID, side).map((value) => (value > 0.5 ? 255 : 0));
  const confidence = promised && 1 / (1 + Math.exp(-STEEP * (promised - PROMISED)));
  return { mask: new Uint8Array(whole), confidence };
}

// Bilinear, com os centros das células em meio pixel: a do OpenCV.
function stretchGrid(values, from, to) {
  const place = places({ count: from, start: (to / from - 1) / 2, step: to / from, low: 0, high: to }, to);
  const made = new Float64Array(to * to);
  for (let y = 0; y < to; y++) {
    const [above, below, down] = place[y];
    for (let x = 0; x < to; x++) {
      const [left, right, across] = place[x];
      const top = values[above * from + left] * (1 - across) + values[above * from + right] * across;
      const bottom = values[below * from + left] * (1 - across) + values[below * from + right] * across;
      made[y * to + x] = top * (1 - down) + bottom * down;
    }
  }
  return made;
}

// Os pontos do maior pedaço acima de metade, em que se passa de um a outro também na diagonal.
function largestPiece(likely, side) {
  const seen = new Uint8Array(likely.length);
  let best = [];
  for (let start = 0; start < likely.length; start++) {
    if (seen[start] || likely[start] <= 0.5) continue;
    const piece = [start];
    seen[start] = 1;
    for (let k = 0; k < piece.length; k++) {
      const x = piece[k] % side, y = Math.floor(piece[k] / side);
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, side - 1); row++)
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, side - 1); column++) {
          const i = row * side + column;
          if (seen[i] || likely[i] <= 0.5) continue;
          seen[i] = 1;
          piece.push(i);
        }
    }
    if (piece.length > best.length) best = piece;
  }
  return best;
}
