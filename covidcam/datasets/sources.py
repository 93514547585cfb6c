"""Os acervos públicos: de onde vêm, como se conferem, como se citam e sob que licença estão."""

from dataclasses import dataclass

from covidcam.datasets.readers import COHEN, KERMANY, LUNG_BOXES

COHEN_COMMIT = "6a4242344473ccb5ed0d2148d8c7bfb1691e4ed8"


@dataclass(frozen=True)
class Source:
    """Um acervo público, distribuído como um arquivo zip.

    Attributes
    ----------
    name : str
        Como o comando o chama; é também o seu nome na coluna source do catálogo.
    folder : str
        A pasta do leiaute dos autores.
    address : str
        De onde vem o zip.
    archive : str
        O nome com que um navegador guarda o zip.
    size : int
        Bytes do zip; exato onde há sha256, aproximado onde não há.
    sha256 : str or None
        Do zip inteiro, onde os autores publicam sempre os mesmos bytes.
    prefix : str
        A pasta, dentro do zip, que vira ``folder``.
    parts : tuple of str
        O que se extrai, sob o prefixo; o resto do zip o livro não usa.
    table_length : int or None
        Caracteres de ``metadata.csv``, onde o zip não tem sha256.
    images : int or None
        Imagens do acervo inteiro, onde nenhuma tabela as lista.
    licence : str
    citations : tuple of str
    """

    name: str
    folder: str
    address: str
    archive: str
    size: int
    sha256: str | None
    prefix: str
    parts: tuple[str, ...]
    table_length: int | None
    images: int | None
    licence: str
    citations: tuple[str, ...]


SOURCES = {
    "cohen": Source(
        name="cohen",
        folder=COHEN,
        # o GitHub compacta na hora: o commit é fixo, mas os bytes do zip e o seu tamanho não são
        address=f"https://github.com/ieee8023/{COHEN}/archive/{COHEN_COMMIT}.zip",
        archive=f"{COHEN}-{COHEN_COMMIT}.zip",
        size=580_000_000,
        sha256=None,
        prefix=f"{COHEN}-{COHEN_COMMIT}/",
        parts=("README.md", "metadata.csv", "images/", LUNG_BOXES),
        table_length=598_644,
        images=None,
        licence="de cada imagem, na coluna license de metadata.csv; a tabela, CC BY-NC-SA 4.0",
        citations=(
            "Cohen JP, Morrison P, Dao L. COVID-19 image data collection. arXiv:2003.11597, 2020.",
            "Cohen JP, Morrison P, Dao L, Roth K, Duong TQ, Ghassemi M. COVID-19 image data"
            " collection: prospective predictions are the future. MELBA 2020:002, 2020."
            " arXiv:2006.11988.",
            "General Blockchain, Inc. COVID-19 image data collection: lung bounding boxes. 2020."
            " Caixas dos pulmões, CC BY 4.0.",
        ),
    ),
    "kermany": Source(
        name="kermany",
        folder=KERMANY,
        address="https://data.mendeley.com/public-files/datasets/rscbjbr9sj/files/"
        "f12eaf6d-6023-432f-acc9-80c9d7393433/file_downloaded",
        archive="ChestXRay2017.zip",
        size=1_235_512_464,
        sha256="13efc055629733dbab07877f8b3c9f81097840dbcdaa326a8542322c2281ce36",
        prefix="chest_xray/",
        parts=("train/", "test/"),
        table_length=None,
        images=5_856,
        licence="CC BY 4.0",
        citations=(
            "Kermany DS, Goldbaum M, Cai W, et al. Identifying medical diagnoses and treatable"
            " diseases by image-based deep learning. Cell 172:1122–1131, 2018."
            " doi:10.1016/j.cell.2018.02.010.",
            "Kermany D, Zhang K, Goldbaum M. Labeled Optical Coherence Tomography (OCT) and Chest"
            " X-Ray Images for Classification. Mendeley Data, v2, 2018."
            " doi:10.17632/rscbjbr9sj.2.",
        ),
    ),
}
