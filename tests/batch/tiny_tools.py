"""Ferramentas para a esteira que não são redes: o mapa é o brilho da imagem."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from covidcam import batch, cam, models

CLASSES = ("COVID-19", "NORMAL", "OUTRAS")
NOTES = models.Notes("fingida", CLASSES, (16, 16, 3), (0, 255), "real", {})


def find_lungs(image):
    """Dois retângulos onde a imagem não é toda igual; nada onde é."""
    mask = np.zeros(image.shape[:2], bool)
    side = len(image)
    mask[side // 4 : 3 * side // 4, side // 8 : side // 3] = True
    mask[side // 4 : 3 * side // 4, 2 * side // 3 : 7 * side // 8] = True
    mask &= np.ptp(image) > 0
    return SimpleNamespace(mask=mask, confidence=float(mask.any()))


def strangeness(images):
    return images.mean(axis=(1, 2, 3)) / 200


def fake_tools(source="real"):
    model = SimpleNamespace(
        covidcam=replace(NOTES, source=source), input_shape=(None, 16, 16, 3), name="fingida"
    )
    return batch.Tools(model, find_lungs, strangeness)


def fake_explain(model, images, methods, target, batch_size):
    """Um mapa igual ao brilho da imagem; a classe é a do brilho médio."""
    grey = images.mean(axis=3, dtype=np.float32)
    peak = grey.max(axis=(1, 2))
    values = grey / np.where(peak > 0, peak, 1)[:, None, None]
    scores = np.eye(3, dtype=np.float32)[(grey.mean(axis=(1, 2)) // 86).astype(int)]
    one = SimpleNamespace(values=values, raw=grey[:, ::4, ::4], flat=peak <= 0, scores=scores)
    return dict.fromkeys(methods, one)


def explain_folder(arguments, saida, tools, methods=("grad-cam",), label=None, part=0, of=1):
    """O que ``covidcam explicar`` faz, com estas ferramentas; devolve a tabela e as recusas."""
    found = batch.collect(arguments, saida)
    request = batch.request_for(tools.model.covidcam, "resumo", methods, label, found.identity)
    output = batch.Output(saida, request)
    mine = batch.share(found.items, part, of)
    refused = [(item.name, refusal) for item, refusal in batch.run(mine, output, tools, label)]
    return output.finish(found.items), refused


def explain_slowly(folder, saida, delay=0.0, part=0, of=1):
    """Para rodar noutro processo, com uma espera em cada imagem."""

    def explain(*arguments, **options):
        time.sleep(delay)
        return fake_explain(*arguments, **options)

    cam.explain = explain
    explain_folder([folder], saida, fake_tools(), part=part, of=of)
