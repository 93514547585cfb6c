"use strict";
// De um arquivo aos seus pixels. O que é, e de que tamanho, lê-se do começo dele antes de o abrir: o
// navegador abriria um PNG de 16 bits jogando fora metade, e uma fotografia enorme até faltar memória.

const MOST_PIXELS = 24e6;  // as maiores radiografias digitais têm uns 20 milhões
const ACCEPTED = "aceitam-se PNG, JPEG, WebP e BMP de 8 bits e DICOM sem compressão";

async function decode(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (ascii(bytes, 128, "DICM")) return dicomPixels(bytes);
  const found = KINDS.find(({ is }) => is(bytes));
  if (!found) throw Error(`Este arquivo não é uma imagem que a página leia; ${ACCEPTED}`);
  const { columns, rows, refused } = found.read(bytes, view(bytes));
  if (refused) throw Error(`Este ${found.name} ${refused}; ${ACCEPTED}`);
  checkSize(columns, rows);
  let image;
  try {
    // sem trocar cores nem gama: os números do arquivo, como o pacote os lê; a orientação é aplicada
    image = await createImageBitmap(new Blob([bytes]), {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw Error(`Este ${found.name} está cortado ou estragado: o navegador não o abre`);
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.fillStyle = "#000";
  drawing.fillRect(0, 0, image.width, image.height);
  drawing.drawImage(image, 0, 0);
  const { data, width, height } = drawing.getImageData(0, 0, image.width, image.height);
  image.close();
  return { pixels: data, columns: width, rows: height };
}

function checkSize(columns, rows) {
  if (columns * rows > MOST_PIXELS)
    throw Error(`A imagem tem ${columns} × ${rows} pixels; aceitam-se até ${MOST_PIXELS / 1e6} milhões`);
}

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const ascii = (bytes, at, text) => [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

// Os formatos: como se reconhecem, e onde dizem o que a página precisa saber antes.
const KINDS = [
  {
    name: "PNG",
    is: (bytes) => bytes[0] === 0x89 && ascii(bytes, 1, "PNG"),
    read: (bytes, data) => bytes.length < 33 ? { refused: "está cortado" } : {
      columns: data.getUint32(16),
      rows: data.getUint32(20),
      refused: bytes[24] === 16 && "tem 16 bits, dos quais o navegador só leria a metade",
    },
  },
  { name: "JPEG", is: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8, read: readJpeg },
  {
    name: "WebP",
    is: (bytes) => ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP"),
    read: readWebp,
  },
  {
    name: "BMP",
    is: (bytes) => ascii(bytes, 0, "BM"),
    read: (bytes, data) => bytes.length < 30 ? { refused: "está cortado" } : {
      columns: Math.abs(data.getInt32(18, true)),
      rows: Math.abs(data.getInt32(22, true)),
    },
  },
];

// O tamanho de um JPEG está no trecho que começa o quadro; antes dele há quantos trechos se queira.
function readJpeg(bytes, data) {
  for (let at = 2; at + 10 < bytes.length; at += 2 + data.getUint16(at + 2)) {
    const mark = bytes[at + 1];
    if (bytes[at] !== 0xff) break;
    if (mark >= 0xc0 && mark <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(mark)) {
      const [precision, colours] = [bytes[at + 4], bytes[at + 9]];
      return {
        columns: data.getUint16(at + 7),
        rows: data.getUint16(at + 5),
        refused: precision !== 8 ? `tem ${precision} bits` : colours === 4 && "tem cores de impressão",
      };
    }
  }
  return { refused: "está cortado" };
}

function readWebp(bytes, data) {
  if (bytes.length < 30) return { refused: "está cortado" };
  if (ascii(bytes, 12, "VP8X")) {
    const three = (at) => 1 + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16));
    return { columns: three(24), rows: three(27), refused: bytes[20] & 2 && "traz vários quadros" };
  }
  if (ascii(bytes, 12, "VP8L")) {
    const packed = data.getUint32(21, true);
    return { columns: 1 + (packed & 0x3fff), rows: 1 + ((packed >> 14) & 0x3fff) };
  }
  return { columns: data.getUint16(26, true) & 0x3fff, rows: data.getUint16(28, true) & 0x3fff };
}
