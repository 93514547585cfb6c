"use strict";
// De um filme de qualquer tamanho ao que cada rede lê, byte por byte como o pacote faz com o Pillow
// e com o OpenCV. Um filme aqui é uma fila de cinzas de 8 bits, linha por linha.

// O tamanho que o pacote dá a uma imagem: a bicúbica do Pillow (a = -0,5), que ao reduzir faz a
// média de tudo o que cabe num pixel novo. Um lado de cada vez, com cinzas inteiros entre um e outro:
// primeiro a largura; desde o Pillow 13, primeiro a altura, se ela encolhe mais do que o dobro.
function bicubic(source, columns, rows, width, height) {
  if (rows - height > 2 * Math.max(columns - width, 0))
    return resizeAcross(resizeDown(source, columns, rows, height), columns, height, width);
  return resizeDown(resizeAcross(source, columns, rows, width), width, rows, height);
}

// Em inteiros: os pesos vêm multiplicados por 2²², e a soma começa com meia unidade, que arredonda.
const BITS = 22, HALF = 1 << (BITS - 1);

function resizeAcross(source, columns, rows, width) {
  if (columns === width) return source;
  const made = new Uint8Array(width * rows), taps = bicubicTaps(columns, width);
  taps.forEach(({ first, weights }, x) => {
    for (let y = 0; y < rows; y++) {
      let sum = HALF;
      for (let k = 0; k < weights.length; k++) sum += source[y * columns + first + k] * weights[k];
      made[y * width + x] = clip(sum >> BITS);
    }
  });
  return made;
}

function resizeDown(source, columns, rows, height) {
  if (rows === height) return source;
  const made = new Uint8Array(columns * height), sums = new Int32Array(columns);
  bicubicTaps(rows, height).forEach(({ first, weights }, y) => {
    sums.fill(HALF);
    for (let k = 0; k < weights.length; k++)
      for (let x = 0; x < columns; x++) sums[x] += source[(first + k) * columns + x] * weights[k];
    for (let x = 0; x < columns; x++) made[y * columns + x] = clip(sums[x] >> BITS);
  });
  return made;
}

const clip = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);

// Que pixels da entrada fazem cada pixel da saída, e com que peso.
function bicubicTaps(length, made) {
  const scale = length / made, stretch = Math.max(scale, 1), reach = 2 * stretch;
  return Array.from({ length: made }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const last = Math.min(Math.trunc(centre + reach + 0.5), length);
    const exact = [];
    for (let x = first; x < last; x++) exact.push(cubic((x - centre + 0.5) * (1 / stretch)));
    const total = exact.reduce((sum, weight) => sum + weight, 0);
    const weights = Int32Array.from(exact, (weight) => {
      const scaled = (weight / total) * (1 << BITS);
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    return { first, weights };
  });
}

function cubic(x) {
  x = Math.abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// Dos pixels de um arquivo (RGBA) ao filme do pacote: três canais de `side` × `side`. A
// transparência já foi posta sobre preto.
function toFilm(pixels, columns, rows, side) {
  const film = new Uint8Array(side * side * 3), channel = new Uint8Array(columns * rows);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < channel.length; i++) channel[i] = pixels[4 * i + c];
    const made = bicubic(channel, columns, rows, side, side);
    for (let i = 0; i < made.length; i++) film[3 * i + c] = made[i];
  }
  return film;
}

// O cinza de cv2.cvtColor(RGB2GRAY), em inteiros.
function luminance(film) {
  const grey = new Uint8Array(film.length / 3);
  for (let i = 0; i < grey.length; i++)
    grey[i] = (film[3 * i] * 9798 + film[3 * i + 1] * 19235 + film[3 * i + 2] * 3735 + (1 << 14)) >> 15;
  return grey;
}

// A média dos três canais, arredondada para baixo: o cinza de covidcam.novelty.
function meanGrey(film) {
  const grey = new Uint8Array(film.length / 3);
  for (let i = 0; i < grey.length; i++)
    grey[i] = Math.floor((film[3 * i] + film[3 * i + 1] + film[3 * i + 2]) / 3);
  return grey;
}

// cv2.resize(INTER_AREA) quando reduz: a média do que cai em cada pixel novo, em números de 32 bits.
function areaResize(source, columns, rows, width, height) {
  const across = areaTaps(columns, width), down = areaTaps(rows, height), single = Math.fround;
  const made = new Uint8Array(width * height), sums = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (const [row, heavy] of down[y])
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (const [column, weight] of across[x])
          sum = single(sum + single(source[row * columns + column] * weight));
        sums[x] = single(sums[x] + single(heavy * sum));
      }
    for (let x = 0; x < width; x++) made[y * width + x] = clip(roundHalfEven(sums[x]));
  }
  return made;
}

function areaTaps(length, made) {
  const scale = length / made, least = 1e-3;
  return Array.from({ length: made }, (_, i) => {
    const start = i * scale, end = start + scale, cell = Math.min(scale, length - start), taps = [];
    const last = Math.min(Math.floor(end), length - 1), first = Math.min(Math.ceil(start), last);
    if (first - start > least) taps.push([first - 1, Math.fround((first - start) / cell)]);
    for (let x = first; x < last; x++) taps.push([x, Math.fround(1 / cell)]);
    if (end - last > least)
      taps.push([last, Math.fround(Math.min(Math.min(end - last, 1), cell) / cell)]);
    return taps;
  });
}

// Meio vai para o par: 2,5 dá 2 e 3,5 dá 4.
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

// CLAHE do OpenCV: o contraste igualado em cada um de `tiles` × `tiles` ladrilhos, sem passar de um
// limite, e a tabela de cada ponto interpolada entre os quatro ladrilhos mais próximos.
function equalize(source, side, tiles, limit) {
  const tile = side / tiles, area = tile * tile, single = Math.fround;
  const most = Math.max(1, Math.trunc((limit * area) / 256));
  const tables = Array.from({ length: tiles * tiles }, (_, t) =>
    equalizingTable(source, side, tile, (t % tiles) * tile, Math.floor(t / tiles) * tile, most));
  const between = (i) => {
    const place = single(single(i * single(1 / tile)) - 0.5), before = Math.floor(place);
    const weight = single(place - before);
    return [Math.max(before, 0), Math.min(before + 1, tiles - 1), weight, single(1 - weight)];
  };
  const mix = (a, b, weight, rest) => single(single(a * rest) + single(b * weight));
  const made = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    const [above, below, down, downRest] = between(y);
    for (let x = 0; x < side; x++) {
      const [left, right, across, acrossRest] = between(x), grey = source[y * side + x];
      const at = (row, column) => tables[row * tiles + column][grey];
      const top = mix(at(above, left), at(above, right), across, acrossRest);
      const bottom = mix(at(below, left), at(below, right), across, acrossRest);
      made[y * side + x] = clip(roundHalfEven(mix(top, bottom, down, downRest)));
    }
  }
  return made;
}

function equalizingTable(source, side, tile, left, top, most) {
  const counts = new Int32Array(256);
  for (let y = top; y < top + tile; y++)
    for (let x = left; x < left + tile; x++) counts[source[y * side + x]]++;
  let over = 0;
  for (let grey = 0; grey < 256; grey++) {
    over += Math.max(counts[grey] - most, 0);
    counts[grey] = Math.min(counts[grey], most);
  }
  // o que passou do limite é repartido por igual, e o resto, a intervalos
  const each = Math.trunc(over / 256);
  for (let grey = 0; grey < 256; grey++) counts[grey] += each;
  let rest = over - each * 256;
  const step = rest ? Math.max(Math.trunc(256 / rest), 1) : 256;
  for (let grey = 0; grey < 256 && rest > 0; grey += step, rest--) counts[grey]++;
  const table = new Uint8Array(256), scale = Math.fround(255 / (tile * tile));
  for (let grey = 0, sum = 0; grey < 256; grey++) {
    sum += counts[grey];
    table[grey] = clip(roundHalfEven(Math.fround(sum * scale)));
  }
  return table;
}

// O que a rede dos pulmões lê de um filme de `side` × `side`.
function forLungs(film, side) {
  return equalize(areaResize(luminance(film), side, side, 128, 128), 128, 4, 2);
}
