"""De onde vêm as imagens e de quem são."""

import numpy as np
import pandas as pd
import pytest

from covidcam.figures import credits, source_note


@pytest.mark.parametrize(("source", "word"), [("fantoma", "sintéticas"), ("real", "reais")])
def test_the_note_says_what_the_images_are(source, word):
    text = source_note(source).data
    assert word in text and text.startswith('<div class="admonition note">')


def rows(*licences):
    return pd.DataFrame(
        {
            "source": "cohen",
            "path": [f"/dados/casa/{n}<i>.png" for n in range(len(licences))],
            "licence": licences,
            "synthetic": [licence == "CC0 (fantoma)" for licence in licences],
        }
    )


def test_credits_name_each_real_film_and_no_folder():
    text = credits(rows("CC BY", "CC0 (fantoma)", "CC BY-NC-SA")).data
    assert "cohen: 0&lt;i&gt;.png (CC BY); cohen: 2&lt;i&gt;.png (CC BY-NC-SA)" in text
    assert "casa" not in text and "1&lt;" not in text


def test_phantoms_need_no_credit():
    assert credits(rows("CC0 (fantoma)")) is None


def test_a_film_without_a_licence_says_so():
    assert credits(rows(np.nan)).data.count("sem licença informada") == 1
