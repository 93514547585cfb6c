"""As páginas do tutorial como o leitor as vê: o livro de verdade, construído sem executar nada."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from docutils.nodes import make_id
from myst_nb.core.read import read_myst_markdown_notebook

ROOT = Path(__file__).parents[2]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
TUTORIAL = [chapter["file"] for chapter in CONTENTS["parts"][0]["chapters"]]
each_page = pytest.mark.parametrize("page", TUTORIAL)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(ROOT / "book", folder / "book")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    (folder / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    files = [*TUTORIAL[1:], "book/referencias"]
    contents = {"format": "jb-book", "root": TUTORIAL[0], "chapters": [{"file": f} for f in files]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents), "utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COVIDCAM_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def article(site, page):
    """O texto principal de uma página, sem o que ela esconde."""
    soup = BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
    body = soup.select_one("article.bd-article")
    for hidden in body.select("details:not(.page-head)"):
        hidden.decompose()
    return body


def words(node):
    return " ".join(node.get_text(" ").split())


def code(body):
    """O código à vista, sem espaços: o realce parte as linhas em pedaços."""
    return "".join("".join(cell.get_text() for cell in body.select(".cell_input pre")).split())


@pytest.mark.parametrize(
    ("row", "lines", "told"),
    [
        (
            "TensorFlow e NumPy",
            ["importtensorflowastf", "importnumpyasnp"],
            ["TensorFlow e Keras", "NumPy"],
        ),
        (
            "a biblioteca GradCAM",
            ["fromcovidcam.gradcamimportGradCAM", "GradCAM(model,", ".compute_heatmap("],
            ["GradCAM uma classe"],
        ),
        (
            "PIL e cv2",
            ["fromPILimportImage", "ImageDraw.Draw(page).text(", "importcv2", "cv2.applyColorMap("],
            ["PIL (Pillow)", "cv2 (OpenCV)"],
        ),
        ("argparse e imutils", [], ["argparse e imutils estavam em 2020 e já não são necessárias"]),
        ("o mapeamento", [], ["é o mapeamento : de uma imagem a um mapa"]),
        (
            "os arrays",
            ['np.load(data.folder/"X_Train.npy"', 'np.load(data.folder/"Y_Train.npy")'],
            ["X_Train.npy", "Y_Train.npy"],
        ),
        (
            "dividir por 255, e guardar a outra",
            ['normalized=untouched.astype("float32")/255', "untouched=X[:10]"],
            ["divididas por 255", "z-score", "a cópia normalizada não se desenha"],
        ),
        (
            "a divisão e as quatro formas",
            [
                "train_test_split(X,Y,test_size=0.2,random_state=40)",
                *("X_train.shape", "X_test.shape", "Y_train.shape", "Y_test.shape"),
            ],
            ["a semente de 2020", "o livro divide por paciente"],
        ),
        (
            "sobrepor, gravar e pôr a tarja",
            ["overlay_heatmap(heatmap,original,alpha=0.5)", "cv2.addWeighted(", "image_{n}.png"],
            ["uma faixa preta com a classe e a probabilidade"],
        ),
        ("conclusão", [], ["Conclusão", "O que 2020 queria ver"]),
        ("bibliografia", [], ["Bibliografia", "Mendeley Data", "10.17632/rscbjbr9sj.2"]),
    ],
)
def test_the_third_stage_has_every_row_of_2020_in_sight(site, row, lines, told):
    body = article(site, "book/etapa-3-mapas")
    for line in lines:
        assert line in code(body), row
    for phrase in told:
        assert phrase in words(body), row


def test_the_map_by_hand_is_in_plain_lines(site):
    seen = code(article(site, "book/etapa-3-mapas"))
    assert ":=" not in seen and "einsum" not in seen
    assert "tf.reduce_mean(gradient,axis=(1,2)" in seen and "tf.reduce_sum(alpha*A,axis=-1)" in seen


@each_page
def test_the_head_says_what_the_page_is_made_of(site, page):
    body = article(site, page)
    head = body.select_one("h1 + details.page-head")
    assert head is not None and not head.has_attr("open")
    said = dict(zip(map(words, head.select("dt")), head.select("dt + dd"), strict=True))
    assert set(said) >= {"Objetivo", "Dados", "Pacotes", "Caderno", "Passos", "Continua"}
    steps = [title for title in map(words, body.select("h2")) if "º Passo" in title]
    linked = {a["href"]: words(a) for a in said["Passos"].select("a")}
    assert list(linked.values()) == [title.removesuffix(" #") for title in steps]
    assert all(body.select_one(f'[id="{anchor[1:]}"]') is not None for anchor in linked)
    assert "covidcam 0.1.0" in words(said["Pacotes"]) and "myst" not in words(said["Pacotes"])
    notebook = said["Caderno"].a["href"]
    assert (site / page).parent.joinpath(notebook).is_file()


@each_page
def test_the_head_links_the_two_archives(site, page):
    addresses = {a["href"] for a in article(site, page).select(".page-head a")}
    assert "https://github.com/ieee8023/covid-chestxray-dataset" in addresses
    assert "https://data.mendeley.com/datasets/rscbjbr9sj/2" in addresses


@each_page
def test_a_page_lists_the_works_it_cites_and_no_others(site, page):
    body = article(site, page)
    (listed,) = [h for h in body.select("section") if words(h.h2 or h).startswith("Bibliografia")]
    cited = {a["href"].split("#")[1] for a in body.select('a[href*="referencias.html#id"]')}
    assert len(listed.select("li")) == len(cited - {""}) > 0


@pytest.mark.parametrize("model", ["modelo-1", "modelo-2"])
def test_training_is_in_the_open(site, model):
    seen = code(article(site, f"book/{model}"))
    order = [
        "models.build(name,classes,chosen.weights,head)",
        "artefacts.layers(model)",
        f'recipe=models.ARCHITECTURES[name].recipes["{model}"]',
        "model.compile(",
        "optimizer=keras.optimizers.Adam(recipe[",
        "model.fit(",
        "artefacts.families(chosen,{name:recipe})"
        if model == "modelo-2"
        else 'artefacts.trained(chosen,name,"modelo-1",recipe)',
    ]
    places = [seen.find(line) for line in order]
    assert -1 not in places and places == sorted(places)
    assert 'recipe | {"epochs": 10}' in words(article(site, f"book/{model}"))


@each_page
def test_each_exercise_has_a_hidden_solution_that_runs(site, page):
    soup = BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
    asked = [t for t in soup.select(".admonition-title") if t.get_text().startswith("Exercício")]
    answered = [d for d in soup.select("details") if "Mostrar uma solução" in words(d.summary)]
    assert len(asked) == len(answered) >= 2
    assert any("Antes de rodar" in words(title.parent) for title in asked)
    assert all("assert" in words(answer) for answer in answered)


@pytest.mark.parametrize(
    ("page", "call", "shown"),
    [
        ("mapa-acerta", "artefacts.where_board(", "evaluation.WHERE.items()"),
        ("mapa-fiel", "artefacts.faithful_board(", "evaluation.road(*asked)"),
        ("mapa-perceberia", "artefacts.learned(", "shuffle=40"),
        ("atalhos", "shortcuts.dial_experiment(", "shortcuts.turn_dial(twice,dial=1.0,seed=0)"),
        ("atalhos", "shortcuts.before_and_after(", "shortcuts.train(chosen,repaired)"),
    ],
)
def test_one_round_comes_before_the_call_that_repeats_it(page, call, shown):
    cells = read_myst_markdown_notebook((ROOT / f"book/{page}.md").read_text("utf-8")).cells
    cells = [c for c in cells if c.cell_type == "code" and "remove" not in str(c.metadata)]
    seen = "".join("".join(cell.source.split()) for cell in cells)
    assert -1 < seen.find(shown) < seen.find(call)


RAW = re.compile(r"\{[a-z:]+\}`|^:::|^```\{|\[\]\(|\.md\)", re.MULTILINE)


@each_page
def test_a_notebook_has_nothing_that_only_the_book_can_read(site, page):
    soup = BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
    file = (site / page).parent / soup.select_one(".page-head a[download]")["href"]
    notebook = nbformat.read(file, 4)
    nbformat.validate(notebook)
    title = " ".join(soup.h1.get_text().removesuffix("#").split())
    assert file.stem == make_id(title) and f"“{title}”" in notebook.cells[0].source
    for cell in notebook.cells:
        assert not (cell.cell_type == "markdown" and RAW.search(cell.source)), cell.source
        assert "glue" not in cell.source and "myst_nb" not in cell.source
