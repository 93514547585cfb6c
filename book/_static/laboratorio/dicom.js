"use strict";
// Um DICOM sem compressão, de uma imagem em cinzas, com a janela que ele traz: as contas de
// covidcam.datasets.dicom. O nome do paciente nem é procurado.

const NEEDED = {
  0x00020010: "syntax", 0x00280002: "samples", 0x00280004: "kind", 0x00280008: "frames",
  0x00280010: "rows", 0x00280011: "columns", 0x00280030: "spacing", 0x00281052: "intercept",
  0x00281053: "slope", 0x00280100: "allocated", 0x00280101: "stored", 0x00280103: "signed",
  0x00281050: "centre", 0x00281051: "width", 0x00281056: "curve", 0x00280120: "padding",
  0x00281054: "rescaled", 0x00283000: "table", 0x00283010: "windowTable", 0x7fe00010: "pixels",
};
const PLAIN = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];  // implícita e explícita
const LONG = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT"];

function dicomPixels(bytes) {
  const found = dicomElements(bytes);
  const refuse = (what) => {
    throw Error(`Este DICOM ${what}; aceita-se um sem compressão, de um quadro, em cinzas`);
  };
  if (found.syntax && !PLAIN.includes(found.syntax)) refuse(`está comprimido (${found.syntax})`);
  if (!found.rows || !found.columns || !found.pixels) refuse("não traz uma imagem");
  const { rows, columns, allocated } = found;
  if (Number(found.frames ?? 1) > 1) refuse(`traz ${found.frames} quadros`);
  if (found.samples !== 1 || !/^MONOCHROME[12]$/.test(found.kind))
    refuse(`é ${found.kind ?? "de cores não ditas"}`);
  if (![8, 16].includes(allocated)) refuse(allocated ? `tem ${allocated} bit${allocated === 1 ? "" : "s"} por pixel` : "não diz quantos bits tem cada pixel");
  if (found.table || found.windowTable || (found.curve ?? "LINEAR") !== "LINEAR")
    refuse("traz uma tabela de cinzas própria");
  if (found.spacing && Math.abs(found.spacing[0] / found.spacing[1] - 1) >= 0.01)
    refuse("tem pixels que não são quadrados");
  checkSize(columns, rows);
  if (found.pixels.byteLength < (rows * columns * allocated) / 8) refuse("está cortado");
  const grey = dicomGreys(stored(found), found);
  const pixels = new Uint8ClampedArray(4 * grey.length);
  grey.forEach((value, i) => pixels.fill(value, 4 * i, 4 * i + 3));
  return { pixels, columns, rows };
}

// Os elementos que interessam, lidos um depois do outro até os pixels.
function dicomElements(bytes) {
  const data = view(bytes), found = {};
  let at = 132, explicit = true;
  while (at + 8 <= bytes.length) {
    const group = data.getUint16(at, true), element = data.getUint16(at + 2, true);
    if (group !== 2 && found.syntax) explicit = found.syntax !== PLAIN[0];
    let head = 8, length = data.getUint32(at + 4, true), type = "";
    if (explicit || group === 2) {
      type = String.fromCharCode(bytes[at + 4], bytes[at + 5]);
      const long = LONG.includes(type);
      head = long ? 12 : 8;
      if (at + head > bytes.length) break;
      length = long ? data.getUint32(at + 8, true) : data.getUint16(at + 6, true);
    }
    if (length === 0xffffffff) {
      // de comprimento não dito: pixels comprimidos, ou uma sequência, que se percorre por dentro
      if (group === 0x7fe0) break;
      found[NEEDED[group * 65536 + element]] = true;
      length = 0;
    } else if (group === 0xfffe) length = 0;
    const name = NEEDED[group * 65536 + element];
    if (name && length) found[name] ??= dicomValue(name, data, at + head, length);
    at += head + length;
    if (name === "pixels") break;
  }
  return found;
}

function dicomValue(name, data, at, length) {
  const end = Math.min(at + length, data.byteLength);
  const bytes = new Uint8Array(data.buffer, data.byteOffset + at, end - at);
  if (name === "pixels" || name === "table" || name === "windowTable") return bytes.slice();
  if (["rows", "columns", "samples", "allocated", "stored", "signed", "padding"].includes(name))
    return data.getUint16(at, true);
  const text = String.fromCharCode(...bytes).replace(/[\0 ]+$/, "").trim();
  if (name === "spacing") return text.split("\\").map(Number);
  return ["intercept", "slope", "centre", "width"].includes(name)
    ? Number(text.split("\\")[0])
    : text;
}

// Os números guardados, com o sinal que têm.
function stored({ pixels, rows, columns, allocated, stored: bits, signed }) {
  const raw = allocated === 8 ? pixels : new Uint16Array(pixels.buffer, 0, rows * columns);
  const unused = 32 - bits;
  return Int32Array.from({ length: rows * columns }, (_, i) =>
    signed ? (raw[i] << unused) >> unused : (raw[i] << unused) >>> unused);
}

// Reescalonamento, janela e inversão; depois o menor valor vira 0 e o maior, 255.
function dicomGreys(values, { slope = 1, intercept = 0, centre, width, kind, ...rest }) {
  const { padding, signed, stored: bits } = rest;
  const filler = padding === undefined ? null : signed ? (padding << 16) >> 16 : padding;
  const isFilm = values.map((value) => (value === filler ? 0 : 1));
  const some = isFilm.includes(1) && isFilm.includes(0);
  const cut = outliers(some ? values.filter((value, i) => isFilm[i]) : values);
  const low = (signed ? -(2 ** (bits - 1)) : 0) * slope + intercept;
  const high = ((signed ? 2 ** (bits - 1) : 2 ** bits) - 1) * slope + intercept;
  let shown = Float32Array.from(values, (value) => {
    const rescaled = Math.min(Math.max(value, cut.low), cut.high) * slope + intercept;
    if (!(width >= 1)) return rescaled;
    const place = rescaled - (centre - 0.5), span = width - 1;
    if (place <= -span / 2) return low;
    return place > span / 2 ? high : (place / span + 0.5) * (high - low) + low;
  });
  if (kind === "MONOCHROME1") shown = shown.map((value) => -value);
  if (some) {
    const film = shown.filter((value, i) => isFilm[i]);
    const darkest = film.reduce((least, value) => Math.min(least, value), Infinity);
    shown = shown.map((value, i) => (isFilm[i] ? value : darkest));
  }
  return stretch(shown);
}

function stretch(values) {
  const cut = outliers(values), single = Math.fround;
  const span = single(255 / single(single(cut.high) - single(cut.low)));
  const scale = cut.high > cut.low ? span : 0;
  return Uint8Array.from(values, (value) => {
    const inside = Math.min(Math.max(value, cut.low), cut.high);
    return roundHalfEven(single(single(inside - cut.low) * scale));
  });
}

// Até onde vai o filme (covidcam.datasets.greys): para fora do grosso dele, do 1º ao 99º percentil,
// os valores continuam até um vazio mais largo do que o próprio grosso.
function outliers(values) {
  const sample = values.filter((_, i) => i % (Math.floor(values.length / 1e6) + 1) === 0).sort();
  const percentile = (share) => {
    const place = share * (sample.length - 1), before = Math.floor(place);
    const next = sample[Math.min(before + 1, sample.length - 1)];
    return sample[before] + (place - before) * (next - sample[before]);
  };
  const [first, last] = [percentile(0.01), percentile(0.99)];
  const extreme = (pick) => values.reduce((a, b) => pick(a, b), values[0]);
  if (!(last > first)) return { low: extreme(Math.min), high: extreme(Math.max) };
  const end = (beyond, start) => {
    let reached = start;
    for (const value of Float64Array.from(beyond).sort()) {
      if (value - reached > last - first) break;
      reached = value;
    }
    return reached;
  };
  const below = values.filter((value) => value < first);
  return {
    high: end(values.filter((value) => value > last), last),
    low: -end(Float64Array.from(below, (value) => -value), -first),
  };
}
