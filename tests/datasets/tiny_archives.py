"""Acervos minúsculos, nos leiautes públicos e com os problemas deles."""

from PIL import Image


def film(path, value=90, size=(24, 20), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value,) * len(mode)).save(path)


COHEN = [  # paciente, achado, incidência, modalidade, arquivo, licença
    ("1", "COVID-19", "PA", "X-ray", "a.png", "CC BY-NC-SA"),
    ("2", "COVID-19, ARDS", "AP", "X-ray", "b.jpg", "CC BY-NC-ND"),
    ("1", "Pneumonia/Viral/COVID-19", "AP Supine", "X-ray", "c.png", "Apache 2.0"),
    ("3", "No Finding", "PA", "X-ray", "d.png", ""),
    ("4", "Pneumonia/Bacterial/Streptococcus", "AP Erect", "X-ray", "e.png", "CC BY"),
    ("1", "COVID-19", "L", "X-ray", "f.png", ""),
    ("5", "COVID-19", "L", "X-ray", "g.png", ""),
    ("5", "COVID-19", "", "X-ray", "h.png", ""),
    ("6", "COVID-19", "Axial", "CT", "i.png", ""),
    ("6", "COVID-19", "Axial", "CT", "volume.nii.gz", ""),
    ("7", "todo", "PA", "X-ray", "j.png", ""),
    ("8", "Unknown", "PA", "X-ray", "k.png", ""),
    ("9", "Hernia", "PA", "X-ray", "l.png", ""),
    ("10", "COVID-19", "PA", "X-ray", "absent.png", ""),
    ("11", "COVID-19", "PA", "X-ray", "cut.png", ""),
]
COHEN_LEFT_OUT = {
    "incidência não frontal (L)": 2,
    "incidência não frontal (não informada)": 1,
    "não é radiografia (CT)": 1,
    "formato que não é imagem (.gz)": 1,
    "achado não preenchido": 2,
    "achado fora das classes: Hernia": 1,
    "arquivo ausente": 1,
    "arquivo ilegível": 1,
}
KERMANY = {  # arquivo -> paciente
    "train/NORMAL/IM-0115-0001.jpeg": "kermany-NORMAL-0115",
    "test/NORMAL/NORMAL2-IM-0115-0001.jpeg": "kermany-NORMAL-0115",
    "train/NORMAL/NORMAL2-IM-0200-0001-0002.jpeg": "kermany-NORMAL-0200",
    "train/NORMAL/NORMAL-1049278-0001.jpeg": "kermany-NORMAL-1049278",
    "train/PNEUMONIA/person1_bacteria_1.jpeg": "kermany-PNEUMONIA-1",
    "test/PNEUMONIA/person1_virus_6.jpeg": "kermany-PNEUMONIA-1",
    "test/PNEUMONIA/person115_virus_6.jpeg": "kermany-PNEUMONIA-115",
    "train/PNEUMONIA/BACTERIA-1012-0001.jpeg": "kermany-PNEUMONIA-1012",
    "test/PNEUMONIA/VIRUS-1012-0002.jpeg": "kermany-PNEUMONIA-1012",
}
