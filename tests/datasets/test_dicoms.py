"""O que os hospitais escrevem: compressões, cabeçalhos pela metade, nomes sem extensão."""

import io
import os
import tracemalloc
import zlib

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import DeflatedExplicitVRLittleEndian
from tiny_dicom import SAMPLES, dicom

from covidcam.datasets import images, looks_like_image, read, read_image
from covidcam.datasets.dicom import header, read_dicom
from covidcam.datasets.identity import measure
from covidcam.errors import DataError

STEPS = np.array([[0, 1000, 2000, 4000]], np.uint16)
GREYS = [0, 64, 128, 255]


def written(tmp_path, content, name="a.dcm"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def greys(tmp_path, content):
    return read_image(written(tmp_path, content))[..., 0].tolist()


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ("MR_small_jpeg_ls_lossless", "MR_small"),
        ("MR_small_jp2klossless", "MR_small"),
        ("MR_small_RLE", "MR_small"),
        ("SC_rgb_jpeg_gdcm", "SC_rgb_rle"),  # JPEG sem perdas
        ("SC_rgb_rle_16bit", "SC_rgb_rle"),  # RGB de 16 bits
        ("SC_rgb_rle_32bit", "SC_rgb_rle"),
    ],
)
def test_a_film_compressed_without_loss_is_the_same_film(compressed, plain):
    one, other = (read_image(SAMPLES / f"{name}.dcm") for name in (compressed, plain))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["JPGExtended", "JPEGLSNearLossless_16", "examples_jpeg2k"])
def test_hospital_compressions_with_loss_are_read(name):
    """JPEG de 12 bits, JPEG-LS e JPEG 2000 em cores, contra os valores do próprio pydicom."""
    reference = pydicom.dcmread(SAMPLES / f"{name}.dcm").pixel_array.astype(float)
    if reference.ndim == 2:
        reference = (reference - reference.min()) / np.ptp(reference) * 255
        reference = np.dstack([reference] * 3)
    np.testing.assert_allclose(read_image(SAMPLES / f"{name}.dcm"), reference, atol=1)


def palette(bits):
    table = {}
    for colour, values in (("Red", [0, 255, 51]), ("Green", [0, 0, 102]), ("Blue", [0, 9, 153])):
        entries = np.array(values, np.uint16) * (257 if bits == 16 else 1)
        table[f"{colour}PaletteColorLookupTableDescriptor"] = [3, 0, 16]
        table[f"{colour}PaletteColorLookupTableData"] = entries.tobytes()
    return table


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_gives_its_colours(tmp_path, bits):
    content = dicom(
        np.array([[0, 1, 2]], np.uint8), PhotometricInterpretation="PALETTE COLOR", **palette(bits)
    )
    expected = [[[0, 0, 0], [255, 0, 9], [51, 102, 153]]]
    assert read_image(written(tmp_path, content)).tolist() == expected


def without_meta():
    """Só o conjunto de dados, implícito, como nos arquivos de antes de 1993."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(STEPS)))
    buffer = io.BytesIO()
    del dataset.file_meta
    pydicom.dcmwrite(buffer, dataset, implicit_vr=True, little_endian=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [dicom(STEPS)[132:], dicom(STEPS)[128:][4:], without_meta()], ids=["a", "b", "c"]
)
def test_a_dicom_without_its_preamble_is_read(tmp_path, content):
    assert greys(tmp_path, content) == [GREYS]


HEADERS = {
    "RescaleSlope vazio": {"RescaleSlope": None, "RescaleIntercept": -5},
    "só RescaleIntercept": {"RescaleIntercept": -5},
    "janela vazia": {"WindowCenter": None, "WindowWidth": 400},
    "janela de largura zero": {"WindowCenter": 5, "WindowWidth": 0},
    "janela de um lado só": {"WindowCenter": 5},
    "enchimento vazio": {"PixelPaddingValue": None},
    "quadros vazios": {"NumberOfFrames": None},
    "proporção absurda": {"PixelAspectRatio": ["1", "900"]},
    "espaçamento zero": {"PixelSpacing": ["0", "0"]},
    "espaçamento vazio": {"PixelSpacing": None},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_left_half_empty_is_as_if_it_said_nothing(tmp_path, name):
    assert greys(tmp_path, dicom(STEPS, **HEADERS[name])) == [GREYS]


@pytest.mark.parametrize("ends", [(3000, 4000), (4000, 3000)])
def test_a_range_of_padding_is_black_and_is_not_film(tmp_path, ends):
    film = np.array([[3000, 0, 1000, 2000, 3500, 4000]], np.uint16)
    content = dicom(film, PixelPaddingValue=ends[0], PixelPaddingRangeLimit=ends[1])
    assert greys(tmp_path, content) == [[0, 0, 128, 255, 0, 0]]


def test_a_burnt_pixel_is_found_beside_padding(tmp_path):
    film = np.linspace(1000, 2000, 800).astype(np.int16).reshape(20, 40)
    film[:, :10] = -2000
    clean = read_image(written(tmp_path, dicom(film, PixelPaddingValue=-2000), "clean.dcm"))
    film[9, 30] = 32000
    reading = read(written(tmp_path, dicom(film, PixelPaddingValue=-2000)))
    assert reading.notes and reading.image[9, 30, 0] == 255
    others = np.ones((20, 40), bool)
    others[9, 30] = False
    np.testing.assert_array_equal(reading.image[others], clean[others])


@pytest.mark.parametrize(
    ("element", "size"),
    [
        ({"PixelAspectRatio": ["2", "1"]}, (40, 30)),  # duas vezes mais altos do que largos
        ({"PixelAspectRatio": ["1", "2"]}, (20, 60)),
        ({"PixelSpacing": ["0.3", "0.1"]}, (60, 30)),  # entre linhas, entre colunas
        ({"ImagerPixelSpacing": ["0.1", "0.1"]}, (20, 30)),
    ],
)
def test_pixels_that_are_not_square_are_made_square(tmp_path, element, size):
    film = np.tile(np.arange(30, dtype=np.uint16) * 100, (20, 1))
    reading = read(written(tmp_path, dicom(film, **element)))
    assert reading.image.shape[:2] == size
    assert bool(reading.notes) == (size != (20, 30))
    assert (np.diff(reading.image[..., 0].astype(int), axis=1) >= 0).all()


NAMES = ["1.2.840.113619.2.5.1", "IM000001", "X.MR.0001.IMA", "filme.dat"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dicom_is_known_by_its_first_bytes(tmp_path, name):
    assert looks_like_image(written(tmp_path, dicom(STEPS), name))
    assert looks_like_image(written(tmp_path, dicom(STEPS)[132:], name))
    assert read_image(tmp_path / name)[..., 0].tolist() == [GREYS]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "GIF", "JPEG2000"])
def test_images_without_an_extension_are_known_too(tmp_path, format):
    Image.new("L", (20, 20), 90).save(tmp_path / "filme", format)
    assert looks_like_image(tmp_path / "filme")
    assert abs(int(read_image(tmp_path / "filme")[0, 0, 0]) - 90) <= 1


def test_what_is_no_image_is_not_taken_for_one(tmp_path):
    others = {
        "notas.txt": b"BMI 22; x",
        "tabela.csv": b"a,b",
        "mapa.npy": b"\x93NUMPY",
        "v.gz": b"\x1f\x8b",
        "vazio": b"",
        "zeros": bytes(200),
    }
    for name, content in others.items():
        assert not looks_like_image(written(tmp_path, content, name)), name
    os.mkfifo(tmp_path / "cano")
    assert not looks_like_image(tmp_path / "cano")  # abri-lo não teria fim
    assert not looks_like_image(tmp_path / "ausente") and not looks_like_image(tmp_path)
    assert not looks_like_image(tmp_path / "nulo\0.x")


@pytest.mark.parametrize("name", ["a.jfif", "a.jp2", "A.JPG"])
def test_less_usual_extensions_are_images(tmp_path, name):
    Image.fromarray(np.tile(np.arange(32, dtype=np.uint8) * 8, (20, 1))).save(
        tmp_path / name, "JPEG2000" if name.endswith("jp2") else "JPEG"
    )
    assert looks_like_image(tmp_path / name) and read_image(tmp_path / name).shape == (20, 32, 3)


def test_a_dicom_is_measured(tmp_path):
    measured = measure(written(tmp_path, dicom(np.zeros((20, 30), np.uint16)), "1.2.3"))
    assert measured[:3] == (30, 20, "DICOM") and measured.problem == ""


def deflated(extra, whole=True):
    """Um DICOM comprimido por inteiro que, inflado, traz ``extra`` bytes a mais."""
    head = dicom(STEPS, DeflatedExplicitVRLittleEndian)
    plain = dicom(STEPS)
    group = b"\x08\0\x16\0UI"  # o primeiro elemento do conjunto de dados
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(plain[plain.index(group) :] + bytes(extra)) + deflate.flush()
    length = pydicom.dcmread(io.BytesIO(head)).file_meta.FileMetaInformationGroupLength
    return head[: 132 + 12 + length] + (packed if whole else packed[:-4])


def test_a_deflated_dicom_is_read(tmp_path):
    assert greys(tmp_path, deflated(0)) == [GREYS]
    with pytest.raises(DataError, match="cortado"):
        read_image(written(tmp_path, deflated(0, whole=False)))


@pytest.mark.parametrize("start", [0, 132], ids=["inteiro", "sem preâmbulo"])
def test_a_deflate_bomb_is_refused_before_it_takes_memory(tmp_path, start):
    path = written(tmp_path, deflated(100_000_000)[start:])
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(DataError, match="inflado, passa de"):
        read_dicom(path, most_pixels=100_000, longest=None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def lying(frame_of, change, **elements):
    """Um DICOM comprimido cujo quadro foi mudado."""
    dataset = pydicom.dcmread(SAMPLES / f"{frame_of}.dcm")
    dataset.PixelData = encapsulate([change(get_frame(dataset.PixelData, 0, number_of_frames=1))])
    for name, value in elements.items():
        setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def huge_jpeg2000(frame):
    return frame[:8] + (16_000).to_bytes(4, "big") * 2 + frame[16:]


def huge_jpeg(frame):
    place = frame.index(b"\xff\xc0") + 5
    return frame[:place] + (60_000).to_bytes(2, "big") * 2 + frame[place + 4 :]


def endless_box(frame):
    """Uma caixa de comprimento zero, que prende quem a percorre."""
    return b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(8) + frame.replace(b"\xff\x4f\xff\x51", b"")


@pytest.mark.parametrize(
    ("sample", "change", "said"),
    [
        ("MR_small_jp2klossless", huge_jpeg2000, "16000 × 16000"),
        ("SC_rgb_small_odd_jpeg", huge_jpeg, "60000 × 60000"),
        ("MR_small_jp2klossless", endless_box, "0 × 0"),
        ("MR_small_jp2klossless", lambda frame: frame[:-200], "cortado"),
        ("MR_small_jpeg_ls_lossless", lambda frame: frame[:-200], "cortado"),
        ("SC_rgb_jpeg_gdcm", lambda frame: frame[:-200], "cortado"),
        ("MR_small_RLE", lambda frame: frame + bytes([129, 0] * 20_000), "mais do que"),
    ],
)
def test_a_frame_that_is_not_what_the_header_promises_is_refused(tmp_path, sample, change, said):
    path = written(tmp_path, lying(sample, change))
    with pytest.raises(DataError, match=said):
        read_image(path)
    assert measure(path).problem == "arquivo ilegível"


def test_the_box_around_a_jpeg2000_is_taken_off(tmp_path):
    content = lying("MR_small_jp2klossless", lambda f: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(8) + f)
    np.testing.assert_array_equal(
        read_image(written(tmp_path, content)), read_image(SAMPLES / "MR_small.dcm")
    )


def test_damaged_frames_never_bring_the_process_down(tmp_path):
    """Bytes trocados ao acaso: cada um se lê ou é recusado numa frase."""
    random = np.random.default_rng(0)
    for sample in ("MR_small_jpeg_ls_lossless", "JPEGLSNearLossless_08", "SC_rgb_jpeg_gdcm"):
        for _ in range(25):

            def change(frame):
                frame = bytearray(frame)
                for place in random.integers(0, len(frame), 4):
                    frame[place] = random.integers(256)
                return bytes(frame)

            path = written(tmp_path, lying(sample, change))
            try:
                assert read_image(path).dtype == np.uint8
            except DataError as error:
                assert str(error).startswith(f"A imagem {path} não pôde ser lida")


def test_a_type_that_is_not_read_is_told_with_its_reason(tmp_path):
    for content, said in (
        (dicom(STEPS, PhotometricInterpretation="ARGB"), "do tipo ARGB"),
        (dicom(np.zeros((2, 2, 3), np.uint16), PhotometricInterpretation="YBR_FULL"), "16 bits"),
        (dicom(STEPS, NumberOfFrames=3), "3 quadros"),
    ):
        with pytest.raises(DataError, match=said):
            read_image(written(tmp_path, content))


def test_a_missing_permission_is_told_as_such(tmp_path, monkeypatch):
    path = written(tmp_path, dicom(STEPS))

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images, "is_dicom", refuse)
    with pytest.raises(DataError, match=r"não pôde ser lida: falta permissão\.$"):
        read_image(path)
    assert measure(path).problem == "sem permissão de leitura"
    assert not looks_like_image(tmp_path / "sem extensão")


def test_some_of_the_header_is_read_as_text(tmp_path):
    path = written(tmp_path, dicom(STEPS, PatientSex="F", PatientAge="064Y"))
    assert header(path, ["PatientSex", "PatientAge", "ViewPosition"]) == {
        "PatientSex": "F",
        "PatientAge": "064Y",
        "ViewPosition": "",
    }
    assert header(tmp_path / "ausente", ["PatientSex"]) == {"PatientSex": ""}


def test_a_jpeg2000_with_more_tiles_than_the_standard_allows_is_refused(tmp_path):
    tiles = lying("MR_small_jp2klossless", lambda f: f[:24] + bytes([0, 0, 0, 0] * 2) + f[32:])
    with pytest.raises(DataError, match="0 × 0"):
        read_image(written(tmp_path, tiles))
