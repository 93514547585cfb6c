"""O achado escrito -> a classe, ou o motivo de não ser nenhuma."""

import pytest

from covidcam.datasets import classify


@pytest.mark.parametrize(
    ("finding", "label"),
    [
        ("COVID-19", "COVID-19"),
        ("COVID-19, ARDS", "COVID-19"),
        ("ARDS, COVID-19", "COVID-19"),
        ("Pneumonia/Viral/COVID-19", "COVID-19"),
        ("No Finding", "NORMAL"),
        ("No finding", "NORMAL"),
        ("Pneumonia", "OUTRAS"),
        ("SARS", "OUTRAS"),
        ("Pneumocystis", "OUTRAS"),
        ("Tuberculosis", "OUTRAS"),
        ("Pneumonia/Viral", "OUTRAS"),
        ("Pneumonia/Viral/Influenza/H1N1", "OUTRAS"),
        ("Pneumonia/Bacterial/Staphylococcus/MRSA", "OUTRAS"),
        ("Pneumonia/Bacterial/E.Coli", "OUTRAS"),
        ("Pneumonia/Viral/MERS-CoV", "OUTRAS"),
    ],
)
def test_class(finding, label):
    assert classify(finding) == (label, "")


@pytest.mark.parametrize("finding", ["todo", "Unknown", "", " ", "nan", "TODO"])
def test_not_filled(finding):
    assert classify(finding) == (None, "achado não preenchido")


@pytest.mark.parametrize(
    "finding", ["ARDS", "Hernia", "Pneumonia/Aspiration", "Pneumonia/Lipoid", "No Finding, Hernia"]
)
def test_no_class_keeps_the_finding_in_the_reason(finding):
    assert classify(finding) == (None, f"achado fora das classes: {finding}")
