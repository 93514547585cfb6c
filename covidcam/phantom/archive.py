"""Escreve os dois arquivos públicos, com fantomas no lugar dos filmes e os mesmos defeitos."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd
from PIL import Image

from covidcam import progress
from covidcam.errors import DataError, InputError, reason
from covidcam.phantom import anatomy, others
from covidcam.phantom.film import LABELS, radiograph
from covidcam.phantom.pathology import draw_disease

COHEN, KERMANY = "covid-chestxray-dataset", "chest_xray"
FOLDERS = {"NORMAL": "NORMAL", "OUTRAS": "PNEUMONIA"}

COLUMNS = [
    "patientid",
    "offset",
    "sex",
    "age",
    "finding",
    "RT_PCR_positive",
    "survival",
    "intubated",
    "intubation_present",
    "went_icu",
    "in_icu",
    "needed_supplemental_O2",
    "extubated",
    "temperature",
    "pO2_saturation",
    "leukocyte_count",
    "neutrophil_count",
    "lymphocyte_count",
    "view",
    "modality",
    "date",
    "location",
    "folder",
    "filename",
    "doi",
    "url",
    "license",
    "clinical_notes",
    "other_notes",
]

FINDINGS = {
    "covid": ("Pneumonia/Viral/COVID-19", "Pneumonia/Viral/COVID-19", "COVID-19", "COVID-19, ARDS"),
    "bacteriana": (
        "Pneumonia/Bacterial/Streptococcus",
        "Pneumonia/Bacterial",
        "Pneumonia/Bacterial/Legionella",
    ),
    "viral": ("Pneumonia/Viral/Influenza", "Pneumonia/Viral/Varicella", "Pneumonia/Viral/SARS"),
    "normal": ("No Finding",),
}

SHARES = {  # linhas a mais na pasta de Cohen, por filme de COVID-19 contado
    "other": 0.25,
    "normal": 0.08,
    "lateral": 0.12,
    "axial": 0.12,
    "gz": 0.05,
    "absent": 0.05,
    "todo": 0.10,
    "Unknown": 0.02,
    "broken": 0.0,  # um só
}


@dataclass(frozen=True)
class Job:
    """Um filme a escrever."""

    path: str
    kind: str  # frontal, lateral, axial
    label: str
    seed: int
    patient: int
    look: str
    shape: tuple
    mode: str
    row: dict  # a linha de metadata.csv, a completar; vazia na pasta de Kermany


def write_archive(folder, counts, seed, confounding=0.0):
    """Escreve um acervo de fantomas nas pastas e com os defeitos das coleções públicas.

    Os filmes são tarefas do joblib: sob ``joblib.parallel_config(backend="dask")``, e com um
    cliente Dask aberto, quem os escreve são os trabalhadores dele, que veem a mesma pasta.

    Parameters
    ----------
    folder : str or pathlib.Path
        Pasta a criar; pode existir, se estiver vazia.
    counts : dict
        Filmes que o tutorial usa: ``{"COVID-19": 175, "NORMAL": 100, "OUTRAS": 100}``. Os de
        COVID-19 ficam na pasta de Cohen, os outros na de Kermany; em torno deles, em proporção,
        vem o que a pasta de Cohen tem a mais (outras infecções, normais, perfis, tomografia,
        ``.nii.gz``, linhas sem arquivo, achados ``todo`` e ``Unknown``, um arquivo estragado).
    seed : int
        A mesma semente escreve os mesmos filmes.
    confounding : float
        De 0 a 1: a parte dos pacientes cujo modo de radiografar (`look`) segue a coleção, como nos
        dados públicos; os demais têm o modo sorteado. A anatomia (em quantis) e as lesões não
        dependem dele.

    Returns
    -------
    pathlib.Path
        A pasta, com ``phantom.csv`` (uma linha por filme) e ``masks/``.

    Raises
    ------
    InputError
        Contagem negativa ou não inteira, classe desconhecida, semente ou mistura inválida.
    DataError
        Pasta que não está vazia ou em que não se pode escrever. Nada é tocado.
    """
    counts = _check(counts, seed, confounding)
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} já existe e não está vazia; escolha uma pasta nova ou vazia.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"Não se pode escrever em {folder.parent}: {reason(error)}.") from error
    try:
        _fill(draft, counts, seed, confounding)
        draft.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        os.replace(draft, folder)
    except OSError as error:
        raise DataError(f"A escrita em {folder.parent} parou: {reason(error)}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # já não existe quando tudo deu certo
    return folder


def _check(counts, seed, confounding):
    if not isinstance(counts, dict):
        raise InputError(f"counts é {counts!r}; aceita-se um dicionário classe: quantidade.")
    for label, count in counts.items():
        if label not in LABELS:
            raise InputError(f"A classe {label!r} não existe; aceitam-se {', '.join(LABELS)}.")
        if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
            raise InputError(
                f"A contagem de {label} é {count!r}; aceita-se um inteiro de 0 em diante."
            )
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed é {seed!r}; aceita-se um inteiro maior ou igual a zero.")
    if not isinstance(confounding, Real) or not 0 <= confounding <= 1:
        raise InputError(f"confounding é {confounding!r}; aceita-se um número de 0 a 1.")
    return {label: int(counts.get(label, 0)) for label in LABELS}


def _fill(draft, counts, seed, confounding):
    jobs, rows = plan(counts, seed, confounding)
    (draft / COHEN / "images").mkdir(parents=True)
    for part in ("train", "test"):
        for group in FOLDERS.values():
            (draft / KERMANY / part / group).mkdir(parents=True)
    workers = 1 if len(jobs) < 24 else 2
    work = joblib.Parallel(n_jobs=workers, return_as="generator")(
        joblib.delayed(write_film)(draft, job) for job in jobs
    )
    facts = list(progress.bar(work, total=len(jobs), desc="fantomas", unit="filme"))
    for job, fact in zip(jobs, facts, strict=True):
        job.row.update(view=fact["view"], sex=fact["sex"], age=fact["age"])
    table = pd.DataFrame(rows, columns=COLUMNS)
    table[""] = ""
    table.to_csv(draft / COHEN / "metadata.csv", index=False)
    for name, content in _junk(rows):
        (draft / COHEN / "images" / name).write_bytes(content)
    (draft / KERMANY / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (draft / KERMANY / "train" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    pd.DataFrame(facts).to_csv(draft / "phantom.csv", index=False)


def _junk(rows):
    """Arquivos que não são filmes: um volume falso e uma imagem truncada."""
    for row in rows:
        if row["filename"].endswith(".gz"):
            yield row["filename"], b"\x1f\x8b\x08\0fantoma"
        if row["other_notes"] == "arquivo truncado":
            yield row["filename"], b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb\0C"


# O plano: quem é radiografado, como, e em que arquivo ------------------------------


def plan(counts, seed, confounding):
    """Todos os filmes a escrever e as linhas de metadata.csv, na ordem."""
    rng = anatomy.stream(seed, "archive")
    people = iter(rng.permutation(2**20) + 2**20 * (seed % 2**10))
    cohen, rows = _plan_cohen(counts["COVID-19"], rng, people, confounding)
    kermany = []
    for label in ("NORMAL", "OUTRAS"):
        kermany += _plan_kermany(label, counts[label], rng, people, confounding)
    return cohen + kermany, rows


def _look(patient, habit, confounding):
    """O modo de radiografar: o da coleção com probabilidade `confounding`, senão sorteado."""
    follow, free = anatomy.stream(patient, "dial").uniform(size=2)
    return habit if follow < confounding else ("infantil", "adulto")[int(free < 0.5)]


def _groups(rng, count, people, most):
    """Reparte `count` filmes em pacientes de 1 a `most` filmes: pares (paciente, número)."""
    films = []
    while len(films) < count:
        size = min(int(rng.choice(np.arange(1, most + 1), p=_falling(most))), count - len(films))
        patient = int(next(people))
        films += [(patient, k) for k in range(size)]
    return films


def _falling(most):
    weight = 0.45 ** np.arange(most)
    return weight / weight.sum()


def _shape(rng, look):
    """Linhas e colunas: seguem o modo de radiografar, nunca a pasta, que contaria a classe."""
    long, ratio, upright = int(rng.integers(240, 421)), rng.uniform(), rng.uniform() < 0.3
    if look == "infantil":
        return int(long * (0.68 + 0.24 * ratio)), long
    short = int(long * (0.8 + 0.2 * ratio))
    return (long, short) if upright else (short, long)


def _plan_cohen(count, rng, people, confounding):
    extra = {name: max(1, round(share * count)) if count else 0 for name, share in SHARES.items()}
    films = [("COVID-19", "frontal", film) for film in _groups(rng, count, people, 5)]
    seen = [patient for _, _, (patient, _) in films]
    films += [("OUTRAS", "frontal", film) for film in _groups(rng, extra["other"], people, 2)]
    films += [("NORMAL", "frontal", film) for film in _groups(rng, extra["normal"], people, 2)]
    # os perfis são de pacientes que também têm frente
    films += [("COVID-19", "lateral", (int(rng.choice(seen)), 5)) for _ in range(extra["lateral"])]
    for kind, label in (
        ("axial", "COVID-19"),
        ("gz", "COVID-19"),
        ("absent", "COVID-19"),
        ("todo", "OUTRAS"),
        ("Unknown", "OUTRAS"),
        ("broken", "COVID-19"),
    ):
        films += [(label, kind, film) for film in _groups(rng, extra[kind], people, 2)]
    jobs, rows, numbers = [], [], {}
    for index, (label, kind, (patient, k)) in enumerate(films):
        look = _look(patient, "adulto", confounding)
        number = numbers.setdefault(patient, len(numbers) + 1)
        mode, ending = _file_kind(rng, kind)
        if index == 3:
            mode, ending = "CMYK", ".jpg"
        name = f"fantoma-{number:03d}-{k + 1}-{index:03d}{ending}"
        row = _row(rng, number, anatomy.draw_patient(patient, look == "adulto"), label, kind, name)
        row["offset"] = 3 * k
        rows.append(row)
        seed, shape = int(rng.integers(2**31)), _shape(rng, look)
        if kind not in ("gz", "absent", "broken"):
            drawn = kind if kind in ("lateral", "axial") else "frontal"
            path = f"{COHEN}/images/{name}"
            jobs.append(Job(path, drawn, label, seed, patient, look, shape, mode, row))
    return jobs, rows


def _file_kind(rng, kind):
    """Modo de cor e extensão de um arquivo."""
    mode = str(rng.choice(("L", "L", "L", "RGB", "RGB", "RGBA", "P", "LA", "I;16")))
    jpeg = str(rng.choice((".jpg", ".jpeg", ".JPG"), p=(0.7, 0.27, 0.03)))
    if kind == "gz":
        return mode, ".nii.gz"
    if kind == "broken":
        return "L", ".jpg"
    if rng.uniform() < 0.45 or mode not in ("L", "RGB"):
        return mode, ".png"
    return mode, jpeg


def _row(rng, number, person, label, kind, name):
    """Uma linha de metadata.csv."""
    pattern = {"COVID-19": "covid", "NORMAL": "normal"}.get(label) or _pattern(person)
    tomography = kind in ("axial", "gz")
    row = dict.fromkeys(COLUMNS, "")
    finding = str(rng.choice(FINDINGS[pattern]))
    return row | {
        "patientid": number,
        "finding": kind if kind in ("todo", "Unknown") else finding,
        "sex": person.sex,
        "age": person.age,
        "view": "L" if kind == "lateral" else "Axial" if tomography else "PA",
        "modality": "CT" if tomography else "X-ray",
        "date": 2020,
        "location": "fantoma",
        "folder": "volumes" if kind == "gz" else "images",
        "filename": name,
        "license": "CC0 (fantoma)",
        "RT_PCR_positive": "Y" if label == "COVID-19" else "",
        "other_notes": "arquivo truncado" if kind == "broken" else "imagem sintética",
    }


def _pattern(person):
    """De que tipo é a outra infecção dessa pessoa."""
    return draw_disease(person, "OUTRAS").facts["pattern"]


def _plan_kermany(label, count, rng, people, confounding):
    films = _groups(rng, count, people, 3)
    patients = list(dict.fromkeys(patient for patient, _ in films))
    test = set(rng.permutation(patients)[: round(0.15 * len(patients))].tolist())
    drawn = rng.permutation(3 * len(patients))[: len(patients)] + 1
    numbers = dict(zip(patients, drawn.tolist(), strict=True))
    jobs = []
    for index, (patient, k) in enumerate(films):
        look, number = _look(patient, "infantil", confounding), numbers[patient]
        if label == "NORMAL":
            name = f"{'NORMAL2-IM' if number % 2 else 'IM'}-{number:04d}-{k + 1:04d}.jpeg"
        else:
            person = anatomy.draw_patient(patient, look == "adulto")
            germ = "virus" if _pattern(person) == "viral" else "bacteria"
            name = f"person{number}_{germ}_{index + 1}.jpeg"
        part, group = ("test" if patient in test else "train"), FOLDERS[label]
        seed, shape = int(rng.integers(2**31)), _shape(rng, look)
        mode = "RGB" if rng.uniform() < 0.05 else "L"
        path = f"{KERMANY}/{part}/{group}/{name}"
        jobs.append(Job(path, "frontal", label, seed, patient, look, shape, mode, {}))
    return jobs


# Um filme ------------------------------


def write_film(root, job):
    """Filma, escreve a imagem e as máscaras; devolve os fatos do filme."""
    cv2.setNumThreads(1)
    path = Path(root) / job.path
    if job.kind == "frontal":
        film = radiograph(job.seed, job.label, job.shape, look=job.look, patient=job.patient)
        image, facts = film.image, film.facts
        masks = Path(root) / "masks" / job.path
        masks.parent.mkdir(parents=True, exist_ok=True)
        for name in ("lungs", "heart", "lesions"):
            save(getattr(film, name).astype(np.uint8) * 255, "L", Path(f"{masks}.{name}.png"))
        thickness = Image.fromarray(np.round(film.thickness * 1000).astype(np.uint16))
        thickness.save(f"{masks}.thickness.png", compress_level=1)
    else:
        person = anatomy.draw_patient(job.patient, job.look == "adulto")
        draw = others.lateral if job.kind == "lateral" else others.axial
        image = draw(person, job.shape, job.seed)
        facts = {
            "seed": job.seed,
            "patient": job.patient,
            "label": job.label,
            "look": job.look,
            "view": "L" if job.kind == "lateral" else "Axial",
            "sex": person.sex,
            "age": person.age,
        }
    save(image, job.mode, path)
    return {"path": job.path, **facts}


def save(image, mode, path):
    """Grava no modo de cor pedido; JPEG ou PNG segundo o nome."""
    picture = Image.fromarray(image)
    if mode == "I;16":
        picture = Image.fromarray(image.astype(np.uint16) * 257)
    elif mode == "P":
        picture = picture.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
    elif mode != "L":
        picture = picture.convert(mode)
    options = {"compress_level": 1} if path.suffix == ".png" else {"quality": 90}
    picture.save(path, "PNG" if path.suffix == ".png" else "JPEG", **options)
