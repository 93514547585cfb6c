"""O quadro comprimido de um DICOM, conferido antes de ser decodificado.

Um quadro traz o seu próprio tamanho, e os decodificadores acreditam nele: um arquivo de poucos
bytes pode pedir toda a memória. Aqui ele tem de ser o do cabeçalho.
"""

import struct

from covidcam.errors import DataError

CODESTREAM = b"\xff\x4f\xff\x51"  # as marcas SOC e SIZ, com que um JPEG 2000 começa
# as marcas que dizem o tamanho de um JPEG: SOF0 a SOF15, menos as três que não são, e a do JPEG-LS
SIZES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
MOST_TILES = 65_535  # o limite do padrão


def check_frame(dataset) -> None:
    """Confere o quadro de um DICOM comprimido; tira, de um JPEG 2000, a caixa em volta dele.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Com os pixels comprimidos; ``PixelData`` pode ser trocado.

    Raises
    ------
    DataError
        Se o quadro não tem o tamanho que o cabeçalho promete, ou está cortado.

    References
    ----------
    ITU-T T.81, B.1 (JPEG); T.87, C.1 (JPEG-LS); T.800, A.5.1 (JPEG 2000). DICOM PS3.5, anexo G
    (RLE).
    """
    from pydicom import uid
    from pydicom.encaps import encapsulate, get_frame

    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    promised = (int(dataset.Columns), int(dataset.Rows))
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == uid.RLELossless:
        plain = promised[0] * promised[1] * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
        if len(frame) > 2 * plain + 1024:  # no pior caso, um RLE cresce 1 %
            raise DataError("o quadro comprimido do DICOM traz mais do que o cabeçalho promete")
        return
    if CODESTREAM in frame and frame[:2] != b"\xff\xd8":
        start = frame.index(CODESTREAM)
        size = jpeg2000_size(frame[start:])
        if start:
            dataset.PixelData = encapsulate([frame[start:]])
    else:
        size = jpeg_size(frame)
    if size != promised:
        raise DataError(
            f"o quadro comprimido do DICOM diz ter {size[0]} × {size[1]} pixels, e o cabeçalho,"
            f" {promised[0]} × {promised[1]}"
        )
    if not frame.rstrip(b"\0\xff").endswith(b"\xd9"):
        raise DataError("o quadro comprimido do DICOM está cortado")


def jpeg_size(frame: bytes) -> tuple[int, int]:
    """Largura e altura que um JPEG diz ter; (0, 0) se não as diz.

    Parameters
    ----------
    frame : bytes

    Returns
    -------
    width, height : int

    Examples
    --------
    >>> jpeg_size(bytes.fromhex("ffd8 ffc0 000b 08 0014 001e 01 01 11 00"))
    (30, 20)
    """
    place = 2
    while frame[place : place + 1] == b"\xff" and place + 9 <= len(frame):
        mark, length = struct.unpack_from(">BH", frame, place + 1)
        if mark in SIZES:
            height, width = struct.unpack_from(">HH", frame, place + 5)
            return width, height
        place += 1 if mark == 0xFF else 2 + length
    return 0, 0


def jpeg2000_size(codestream: bytes) -> tuple[int, int]:
    """Largura e altura que um JPEG 2000 diz ter; (0, 0) se não as diz ou tem ladrilhos demais.

    Parameters
    ----------
    codestream : bytes
        A partir da marca SOC.

    Returns
    -------
    width, height : int

    Examples
    --------
    >>> size = (30, 20, 0, 0, 30, 20, 0, 0)
    >>> jpeg2000_size(bytes.fromhex("ff4f ff51 0029 0000") + struct.pack(">8I", *size))
    (30, 20)
    """
    if len(codestream) < 40:
        return 0, 0
    right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", codestream, 8)
    width, height = right - left, bottom - top
    if width * height > MOST_TILES * tile_width * tile_height:
        return 0, 0
    return width, height
