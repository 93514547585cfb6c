"""Um acervo de arquivos estranhos e hostis, feito pelos testes.

`ODD` declara os arquivos feitos à mão: nome -> (conteúdo, o que se espera). True, a imagem é
explicada; False, é recusada com uma linha; None, uma das duas coisas. `generated` sorteia outros,
com uma semente, dos tipos declarados em `KINDS`; dos que se explicam, diz também o que a imagem é.
"""

import io
import os
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

SECRETS = ("SILVA^MARIA", "PRONTUARIO-7788", "19610203", "HOSPITAL-DO-TESTE")
RAMP = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (50, 1))  # 50 × 60
COLOUR = np.stack([RAMP, RAMP[:, ::-1], RAMP // 2], axis=-1)


def encoded(array, name, **options):
    buffer = io.BytesIO()
    picture = array if isinstance(array, Image.Image) else Image.fromarray(array)
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_claiming(width, height, depth=8):
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def frames(name, count=3, **options):
    pictures = [Image.fromarray(RAMP + k) for k in range(count)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, name, save_all=True, append_images=pictures[1:], **options)
    return buffer.getvalue()


def dicom(pixels, syntax=ExplicitVRLittleEndian, **changes):
    """Um DICOM com identificadores de paciente; ``changes`` muda ou tira (None) elementos."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = SECRETS[:3]
    dataset.InstitutionName = SECRETS[3]
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for name, value in changes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def lut_sequence():
    item = Dataset()
    item.LUTDescriptor = [256, 0, 8]
    item.add_new("LUTData", "US", list(range(256)))
    return Sequence([item])


def text_bomb():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "a" * 30_000_000, zip=True)
    return encoded(RAMP, "png", pnginfo=info)


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return encoded(RAMP, "jpeg", exif=exif)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", encoded(RAMP, "png"))
    return buffer.getvalue()


TWELVE_BITS = RAMP.astype(np.uint16) * 16
FLOATS = RAMP.astype(np.float32)
BROKEN = np.where(RAMP == 0, np.nan, FLOATS)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 60\nshowpage\n"
NOISE = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
CUT = {
    "png": encoded(NOISE, "png"),
    "jpg": encoded(NOISE, "jpeg"),
    "tif": encoded(NOISE, "tiff"),
    "bmp": encoded(NOISE, "bmp"),
    "dcm": dicom(TWELVE_BITS),
}

ODD = {
    **{
        f"cortada-{round(100 * share)}.{name}": (whole[: int(len(whole) * share)], False)
        for name, whole in CUT.items()
        for share in (0, 0.02, 0.3, 0.6, 0.9)
    },
    # nomes
    "nome com espaços.png": (encoded(RAMP, "png"), True),
    "coração e pulmão.png": (encoded(RAMP, "png"), True),
    "duas\nlinhas\t.png": (encoded(RAMP, "png"), True),
    "-saida.png": (encoded(RAMP, "png"), True),
    "<img src=x onerror=alert(1)>.png": (encoded(RAMP, "png"), True),
    "[bold]=1+1'\".png": (encoded(RAMP, "png"), True),
    "🫁.png": (encoded(RAMP, "png"), True),
    "a" * 240 + ".png": (encoded(RAMP, "png"), True),
    os.fsdecode(b"latin-\xe7\xe3o.png"): (encoded(RAMP, "png"), True),
    # extensão e conteúdo
    "é-jpeg.png": (encoded(RAMP, "jpeg"), True),
    "é-png.tif": (encoded(RAMP, "png"), True),
    "é-dicom.jpg": (dicom(RAMP), True),
    "é-png.dcm": (encoded(RAMP, "png"), True),
    "texto.png": (b"nao sou uma imagem", False),
    "programa.png": (EPS, False),
    "desenho.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", False),
    "pacote.png": (zipped(), False),
    "zeros.jpg": (bytes(10_000), False),
    "sobra.jpg": (encoded(RAMP, "jpeg") + b"lixo" * 1000, True),
    # tamanhos
    "bomba.png": (png_claiming(50_000, 50_000), False),
    "bomba-1-bit.png": (png_claiming(30_000, 30_000, depth=1), False),
    "maior-que-tudo.png": (png_claiming(2**31 - 1, 2**31 - 1), False),
    "texto-comprimido.png": (text_bomb(), False),
    "um-pixel.png": (encoded(RAMP[:1, :1], "png"), True),
    "uma-linha.png": (encoded(np.tile(RAMP[:1], (1, 50)), "png"), True),
    "uma-coluna.png": (encoded(np.ascontiguousarray(np.tile(RAMP[:1], (1, 50)).T), "png"), True),
    "grande.png": (encoded(np.tile(RAMP, (100, 100)), "png"), True),
    "grande-16.png": (encoded(np.tile(TWELVE_BITS, (80, 80)), "png"), True),
    # modos e valores
    "constante.png": (encoded(np.full((40, 40), 90, np.uint8), "png"), True),
    "preta.png": (encoded(np.zeros((40, 40), np.uint8), "png"), True),
    "um-bit.png": (encoded(Image.fromarray(RAMP).convert("1"), "png"), True),
    "paleta.png": (encoded(Image.fromarray(COLOUR).convert("P"), "png"), True),
    "transparente.png": (encoded(Image.fromarray(COLOUR).convert("RGBA"), "png"), True),
    "cinza-e-alfa.png": (encoded(Image.fromarray(RAMP).convert("LA"), "png"), True),
    "cmyk.jpg": (encoded(Image.fromarray(COLOUR).convert("CMYK"), "jpeg"), True),
    "16-bits.png": (encoded(TWELVE_BITS, "png"), True),
    "32-bits.tif": (encoded(RAMP.astype(np.int32) * 70_000, "tiff"), True),
    "reais.tif": (encoded(FLOATS, "tiff"), True),
    "nan.tif": (encoded(BROKEN, "tiff"), False),
    "infinito.tif": (encoded(np.where(RAMP == 0, np.inf, FLOATS).astype("f4"), "tiff"), False),
    "fotografia.jpg": (encoded(COLOUR, "jpeg"), True),
    "deitada.jpg": (orientation(6), True),
    "orientação-absurda.jpg": (orientation(77), True),
    # quadros
    "animada.gif": (frames("gif"), False),
    "parada.gif": (encoded(RAMP, "gif"), True),
    "animada.png": (frames("png"), False),
    "páginas.tif": (frames("tiff"), False),
    # DICOM
    "12-bits.dcm": (dicom(TWELVE_BITS, BitsStored=12, HighBit=11), True),
    "negativo.dcm": (dicom(TWELVE_BITS, PhotometricInterpretation="MONOCHROME1"), True),
    "com-sinal.dcm": (dicom(TWELVE_BITS.astype(np.int16) - 1000, RescaleIntercept=-24), True),
    "janela.dcm": (dicom(TWELVE_BITS, WindowCenter=2000, WindowWidth=800), True),
    "janelas.dcm": (dicom(TWELVE_BITS, WindowCenter=[900, 9], WindowWidth=[800, 9]), True),
    "janela-nula.dcm": (dicom(TWELVE_BITS, WindowCenter=2000, WindowWidth=0), True),
    "tabela.dcm": (dicom(RAMP, VOILUTSequence=lut_sequence()), True),
    "cor.dcm": (dicom(COLOUR), True),
    "dicom-sem-extensão": (dicom(RAMP), True),
    "quadros.dcm": (dicom(np.tile(RAMP, (2, 1)), Rows=50, NumberOfFrames=2), False),
    "comprimido.dcm": (
        dicom(RAMP).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4.80"),
        False,
    ),
    "sem-pixels.dcm": (dicom(RAMP, PixelData=None), False),
    "sem-tamanho.dcm": (dicom(RAMP, Rows=None), False),
    "mentiroso.dcm": (dicom(RAMP, Rows=60_000, Columns=60_000), False),
    "paleta.dcm": (dicom(RAMP, PhotometricInterpretation="PALETTE COLOR"), False),
}


def tiff_white_is_zero(pixels):
    return encoded(np.iinfo(pixels.dtype).max - pixels, "tiff", tiffinfo={262: 0})


def encodings(random):
    """A mesma rampa em muitos formatos e faixas, às vezes com um pixel quente: é sempre a rampa."""
    hot = {"": (), "quente": (1,), "frio e quente": (0, 1)}
    for kind, extremes in hot.items():
        for bits in (12, 16):
            pixels = (RAMP.astype(np.uint16) * 2 ** (bits - 8)) + 5
            for extreme in extremes:
                row, column = random.integers(5, 45), random.integers(5, 55)
                pixels[row, column] = 65535 * extreme
            name = f"{bits} bits {kind}".strip()
            yield f"{name}.png", (encoded(pixels, "png"), True)
            yield f"{name}.tif", (encoded(pixels, "tiff"), True)
            yield f"{name} branco é zero.tif", (tiff_white_is_zero(pixels), True)
            yield f"{name}.IMA", (dicom(pixels), True)
            yield f"1.2.840.{random.integers(10**9)}.{bits}", (dicom(pixels), True)
            negative = {"PhotometricInterpretation": "MONOCHROME1"}
            yield f"{name} negativo", (dicom(pixels.max() - pixels, **negative), True)
    grey = Image.fromarray(RAMP)
    for mode in ("L", "LA", "RGB", "RGBA", "CMYK", "P"):
        for extension, name in (("png", "png"), ("tif", "tiff"), ("webp", "webp")):
            if (mode == "CMYK" and name != "tiff") or (mode in ("P", "LA") and name == "webp"):
                continue
            options = {"lossless": True} if name == "webp" else {}
            content = encoded(grey.convert(mode), name, **options)
            yield f"rampa {mode}.{extension}", (content, True)
    yield "rampa.jfif", (encoded(RAMP, "jpeg", quality=95), True)


def mutants(random, each=8):
    """Bytes trocados, tirados, repetidos e de outro arquivo no meio: o que sair é uma linha."""
    bases = list(CUT.items())
    for extension, whole in bases:
        for k in range(each):
            content = bytearray(whole)
            start = int(random.integers(len(content)))
            stop = start + int(random.integers(1, 200))
            other = bases[random.integers(len(bases))][1]
            noise = random.integers(0, 256, stop - start, dtype=np.uint8).tobytes()
            new = (noise, b"", bytes(content[start:stop]) * 2, other[start:stop])[k % 4]
            content[start:stop] = new
            yield f"mutante-{k}.{extension}", (bytes(content), None)


def names(random, count=12):
    """Nomes sorteados do que um sistema de arquivos aceita, com os caracteres que dão trabalho."""
    letters = list("aZ9 .-=+@'\"<>&;|$`%[](){}~#!\t\n\x1b\x7f\u202e\u200bçã漢🫁\udce7")
    for k in range(count):
        name = "".join(random.choice(letters, random.integers(1, 30)))
        yield f"n{k}{name}.png", (encoded(RAMP, "png"), True)


# tipo -> (quem o gera, se as imagens explicadas são a rampa)
KINDS = {"formatos": (encodings, True), "mutantes": (mutants, False), "nomes": (names, True)}


def generated(seed):
    """Um acervo sorteado: nome -> (conteúdo, o que se espera), e os nomes dos que são a rampa."""
    files, ramps = {}, set()
    for number, (make, is_ramp) in enumerate(KINDS.values()):
        made = dict(make(np.random.default_rng((seed, number))))
        files |= made
        ramps |= set(made) if is_ramp else set()
    return files, ramps


def write_generated(folder, seed):
    """Escreve o acervo sorteado; devolve caminho -> o que se espera, e os que são a rampa."""
    folder.mkdir()
    files, ramps = generated(seed)
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    expected = {folder / name: good for name, (_, good) in files.items()}
    return expected, {folder / name for name in ramps}


def write(folder):
    """Escreve o acervo e devolve caminho -> se se espera que seja explicado."""
    folder.mkdir()
    expected = {}
    for name, (content, good) in ODD.items():
        path = folder / name
        path.write_bytes(content)
        expected[path] = good
    good = folder / "nome com espaços.png"
    (folder / "atalho.png").symlink_to(good)
    (folder / "atalho-perdido.png").symlink_to(folder / "não-há.png")
    (folder / "laço-a.png").symlink_to(folder / "laço-b.png")
    (folder / "laço-b.png").symlink_to(folder / "laço-a.png")
    (folder / "pasta.png").mkdir()
    (folder / "volta").symlink_to(folder)
    os.mkfifo(folder / "cano.png")
    (folder / "proibida.png").write_bytes(encoded(RAMP, "png"))
    (folder / "proibida.png").chmod(0)
    expected |= {folder / "atalho.png": True, folder / "atalho-perdido.png": False}
    expected |= {folder / "laço-a.png": False, folder / "laço-b.png": False}
    expected |= {folder / "cano.png": False}
    expected[folder / "proibida.png"] = os.access(folder / "proibida.png", os.R_OK)
    return expected
