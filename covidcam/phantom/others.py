"""As imagens que o tutorial tem de descartar: perfil e corte axial de tomografia."""

import cv2
import numpy as np

from covidcam.phantom.anatomy import stream
from covidcam.phantom.pathology import fractal
from covidcam.phantom.projection import attenuation, smooth


def _ellipse(x, y, centre, radii, angle=0.0):
    """Quadrado da distância reduzida a uma elipse (1 na borda)."""
    x, y = x - centre[0], y - centre[1]
    c, s = np.cos(angle), np.sin(angle)
    return ((x * c + y * s) / radii[0]) ** 2 + ((y * c - x * s) / radii[1]) ** 2


def _half_chord(x, y, centre, radii, depth, angle=0.0):
    return 2 * depth * np.sqrt(np.maximum(1 - _ellipse(x, y, centre, radii, angle), 0))


def lateral(patient, shape, seed):
    """Radiografia de perfil, uint8: o raio atravessa o tórax de lado a lado."""
    p, rng = patient, stream(seed, "lateral")
    pitch = 1.5 * p.height / shape[0]
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = (x - shape[1] / 2) * pitch, (y - 0.12 * shape[0]) * pitch
    h, w, d = p.height, p.width, p.depth
    soft, lung, bone = attenuation("soft"), attenuation("lung", 0.2), attenuation("bone")
    taper = 0.5 + 0.5 / (1 + np.exp(-(y + 0.02 * h) / (0.07 * h)))  # o pescoço alarga no ombro
    section = (x / ((d + p.wall) * taper)) ** 2
    body = 2 * (w + p.wall) * taper * np.sqrt(np.maximum(1 - section, 0))
    shoulder = _half_chord(x, y, (0, 0.0), (0.5 * d, 0.22 * h), w)
    air = 1.7 * _half_chord(x, y, (-0.08 * d, 0.52 * h), (0.88 * d, 0.5 * h), 0.5 * w)
    for side in (0.0, p.dome):
        dome = _ellipse(x, y, (0.3 * d, 1.16 * h + side), (1.0 * d, 0.3 * h), 0.35)
        air *= np.where(dome < 1, 0.4, 1)
    heart = _half_chord(x, y, (0.38 * d, 0.8 * h), (0.45 * d, 0.25 * h), 0.5 * p.ratio * w, -0.4)
    air = np.maximum(air - 1.4 * heart, 0)
    column = -0.72 * d - 0.12 * d * np.sin(np.pi * y / h)
    across = np.clip((0.19 * d - np.abs(x - column)) / 0.1, 0, 1)
    phase = np.abs(y / p.vertebra - np.round(y / p.vertebra)) * 2
    spine = across * (
        np.clip((0.8 - phase) / 0.1, 0, 1) * 0.5 + 0.3 * np.exp(-(((phase - 0.74) / 0.08) ** 2))
    )
    ribs = np.zeros_like(x)
    for n in range(1, 11):
        for side in (-0.08, 0.08):
            line = (
                (n - 1) * p.vertebra
                + side * p.vertebra
                + 0.45 * (x + 0.8 * d)
                + 0.02 * (x + 0.8 * d) ** 2
            )
            inside = np.abs(x + 0.05 * d) < 0.9 * d
            ribs += inside * np.exp(-((((y - line) / (0.016 * h)) ** 2) ** 2))
    trachea = _half_chord(x - 0.1 * y, y, (-0.1 * d, 0.05 * h), (0.09 * d, 0.3 * h), 0.7)
    path = (
        soft * (body + 0.22 * shoulder)
        - (soft - lung) * np.minimum(air, 0.85 * body)
        - soft * trachea
    )
    path += (bone - soft) * 0.34 * d * spine + (bone - soft) * 0.35 * ribs * (body > 0)
    path += 0.03 * fractal(rng, shape, 0.1 * shape[0]) * np.sqrt(np.maximum(air, 0))
    primary = np.exp(-np.maximum(path, 0))
    wide = smooth(primary, 0.1 * shape[0])
    counts = rng.poisson(2.5e4 * (primary + 0.4 * np.minimum(wide, 0.1))) + 1.0
    signal = -np.log(cv2.GaussianBlur(counts.astype(np.float32), (0, 0), 0.7))
    signal -= 0.5 * smooth(signal, 0.12 * shape[0])
    low, high = np.percentile(signal, (8, 99.5))
    image = (np.clip((signal - low) / (high - low), 0, 1) ** 1.2 * 255).astype(np.uint8)
    cv2.putText(image, "L", (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 240, 1, cv2.LINE_AA)
    return image


def axial(patient, shape, seed):
    """Corte axial em janela de pulmão, uint8, com vidro fosco periférico."""
    p, rng = patient, stream(seed, "axial")
    pitch = 2.35 * (p.width + p.wall) / min(shape[1], 1.2 * shape[0])
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = (x - shape[1] / 2) * pitch, (y - shape[0] / 2) * pitch
    w, d = p.width, p.depth
    bend = fractal(rng, shape, 40) * 0.02 * w
    hounsfield = np.full(shape, -1000, np.float32)
    hounsfield[_ellipse(x, y, (0, 0), (w + p.wall, d + p.wall)) < 1] = -90
    hounsfield[_ellipse(x, y, (0, 0), (w + p.wall - p.fat, d + p.wall - p.fat)) < 1] = 45
    lungs = np.zeros(shape, bool)
    for side in (-1, 1):
        lungs |= (_ellipse(x + bend, y, (side * 0.54 * w, 0), (0.43 * w, 0.88 * d)) < 1) & (
            side * x > 0.14 * w
        )
    heart = _ellipse(x + bend, y, (0.16 * w, -0.3 * d), (0.42 * w, 0.42 * d), 0.4) < 1
    lungs &= ~heart
    texture = fractal(rng, shape, 12, 4, 0.8)
    hounsfield[lungs] = -860 + 35 * texture[lungs]
    spots = (fractal(rng, shape, 7, 3, 0.7) > 2.0) & lungs
    hounsfield[spots] = 0
    for _ in range(rng.integers(2, 7)):
        side, angle = rng.choice((-1, 1)), rng.uniform(-1.2, 1.2)
        centre = (side * (0.54 + 0.38 * np.cos(angle)) * w, 0.8 * d * np.sin(angle))
        patch = (_ellipse(x + 2 * bend, y, centre, (0.14 * w, 0.2 * d)) < 1) & lungs
        hounsfield[patch] = -520 + 90 * texture[patch]
    for angle in np.linspace(0.2, 2 * np.pi, 16):
        spot = (w + 0.4) * np.cos(angle), (d + 0.4) * np.sin(angle)
        hounsfield[_ellipse(x, y, spot, (0.09 * w, 0.05 * w), angle + 1.57) < 1] = 500
    hounsfield[_ellipse(x, y, (0, 0.78 * d), (0.14 * w, 0.16 * d)) < 1] = 350
    hounsfield[_ellipse(x, y, (0.13 * w, 0.55 * d), (0.09 * w, 0.09 * w)) < 1] = 60
    hounsfield += rng.normal(0, 25, shape).astype(np.float32)
    smooth = cv2.GaussianBlur(hounsfield, (0, 0), 0.8)
    return (np.clip((smooth + 1150) / 1350, 0, 1) * 255).astype(np.uint8)
