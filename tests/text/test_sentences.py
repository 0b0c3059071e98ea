"""Sentence models: a miniature in the layout of MiniLM, with random weights, against the same formulas in plain Python."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopwright.errors import ExtraMissing, UsageError
from loopwright.text.embedding import Embedder, Floats
from loopwright.text.sentences import Sentences

WIDTH, HEADS, LAYERS, INNER, PLACES = 16, 4, 2, 24, 12
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "my", "par", "##cel", "##s", "money", "?", "back", "i", "want"]
TEXTS = [
    "Where is my parcel?",
    "where is my money",
    "",
    "I want my parcels back",
    "zebra",
    "is my money my money?",
    "where are they \ud800",
]

safetensors = pytest.importorskip("safetensors.numpy", reason="the extra `embed` is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="the extra `embed` is not installed")


def shapes() -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        sizes = {
            **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }
        for name, size in sizes.items():
            found |= {f"{layer}.{name}.weight": size, f"{layer}.{name}.bias": size[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found |= {f"{layer}.{name}.weight": (WIDTH,), f"{layer}.{name}.bias": (WIDTH,)}
    return found


def wordpiece() -> Any:
    tokens = tokenizers.Tokenizer(tokenizers.models.WordPiece({piece: n for n, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokens.normalizer = tokenizers.normalizers.BertNormalizer()
    tokens.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokens.post_processor = tokenizers.processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    tokens.enable_padding(length=PLACES)  # as published ones do, to be undone
    return tokens


@pytest.fixture(scope="module")
def weights() -> dict[str, Floats]:
    draw = np.random.default_rng(4)
    return {name: draw.standard_normal(size).astype(np.float32) for name, size in shapes().items()}


@pytest.fixture
def folder(tmp_path: Path, weights: dict[str, Floats]) -> Path:
    made = tmp_path / "mini-model"
    made.mkdir()
    config = {"model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH, "layer_norm_eps": 1e-12}
    config |= {"num_attention_heads": HEADS, "num_hidden_layers": LAYERS}
    (made / "config.json").write_text(json.dumps(config))
    wordpiece().save(str(made / "tokenizer.json"))
    safetensors.save_file(weights, made / "model.safetensors")
    return made


Row = list[float]


def plain(weights: dict[str, Floats], ids: list[int]) -> Row:
    """The vector of one text, number by number in double precision, after the papers on attention and BERT."""
    get: dict[str, Any] = {name: array.astype(float).tolist() for name, array in weights.items()}

    def linear(x: Row, name: str) -> Row:
        rows, bias = get[f"{name}.weight"], get[f"{name}.bias"]
        return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(rows, bias, strict=True)]

    def norm(x: Row, name: str) -> Row:
        mean = sum(x) / len(x)
        spread = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-12)
        return [(v - mean) / spread * g + b for v, g, b in zip(x, get[f"{name}.weight"], get[f"{name}.bias"], strict=True)]

    def plus(*rows: Row) -> Row:
        return [sum(column) for column in zip(*rows, strict=True)]

    def attended(xs: list[Row], name: str) -> list[Row]:
        query, key, value = ([linear(x, f"{name}.{part}") for x in xs] for part in ("query", "key", "value"))
        size = WIDTH // HEADS
        made: list[Row] = [[] for _ in xs]
        for head in (slice(at, at + size) for at in range(0, WIDTH, size)):
            for place, asked in enumerate(query):
                scores = [
                    math.exp(sum(a * b for a, b in zip(asked[head], k[head], strict=True)) / math.sqrt(size)) for k in key
                ]
                for at in range(head.start, head.stop):
                    made[place].append(sum(s * v[at] for s, v in zip(scores, value, strict=True)) / sum(scores))
        return made

    words, places, kinds = (get[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
    xs = [norm(plus(words[id], places[at], kinds[0]), "embeddings.LayerNorm") for at, id in enumerate(ids)]
    for layer in (f"encoder.layer.{n}" for n in range(LAYERS)):
        mixed = [linear(x, f"{layer}.attention.output.dense") for x in attended(xs, f"{layer}.attention.self")]
        xs = [norm(plus(x, y), f"{layer}.attention.output.LayerNorm") for x, y in zip(xs, mixed, strict=True)]
        inner = [linear(x, f"{layer}.intermediate.dense") for x in xs]
        inner = [[v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x] for x in inner]
        outer = [linear(x, f"{layer}.output.dense") for x in inner]
        xs = [norm(plus(x, y), f"{layer}.output.LayerNorm") for x, y in zip(xs, outer, strict=True)]
    mean = [sum(column) / len(xs) for column in zip(*xs, strict=True)]
    return [v / math.sqrt(sum(u * u for u in mean)) for v in mean]


def test_vectors_are_what_the_formulas_say(folder: Path, weights: dict[str, Floats]) -> None:
    model: Embedder = Sentences(folder)
    assert (model.name, model.dims) == ("mini-model", WIDTH)
    spelled = [
        [2, 4, 5, 6, 7, 8, 11, 3],
        [2, 4, 5, 6, 10, 3],
        [2, 3],
        [2, 13, 14, 6, 7, 8, 9, 12, 3],
        [2, 1, 3],
        [2, 5, 6, 10, 6, 10, 11, 3],
        [2, 4, 1, 1, 11, 3],
    ]
    made = model.embed(TEXTS)
    assert made.dtype == np.float32
    for row, ids in zip(made, spelled, strict=True):
        assert np.abs(row - np.array(plain(weights, ids))).max() < 2e-6


def test_a_vector_does_not_depend_on_its_company(folder: Path) -> None:
    model = Sentences(folder)
    many = [*TEXTS * 150, *reversed(TEXTS)]
    together = model.embed(many)
    for text, row in zip(many, together, strict=True):
        assert model.embed([text]).tobytes() == row.tobytes()
    assert model.embed([]).shape == (0, WIDTH)


def test_a_long_text_is_cut_to_what_the_model_reads(folder: Path) -> None:
    long, cut = Sentences(folder).embed(["my " * 100, "my " * (PLACES - 2)])
    assert long.tobytes() == cut.tobytes()
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 5}')
    long, cut = Sentences(folder).embed(["my " * 100, "my " * 3])
    assert long.tobytes() == cut.tobytes()


def test_half_precision_and_the_names_of_whole_models_are_read(folder: Path, weights: dict[str, Floats]) -> None:
    halves = {f"bert.{name}": array.astype(np.float16) for name, array in weights.items()}
    before = Sentences(folder).embed(TEXTS)
    safetensors.save_file(
        {**halves, "bert.pooler.dense.bias": halves["bert.embeddings.LayerNorm.bias"]}, folder / "model.safetensors"
    )
    assert np.abs(Sentences(folder).embed(TEXTS) - before).max() < 0.01


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.json", '{"model_type": "roberta"}', "model_type is 'roberta'; only 'bert' is understood"),
        ("config.json", '{"hidden_act": "gelu_new"}', "only 'gelu' is understood"),
        ("config.json", '{"num_attention_heads": 4}', "does not say num_hidden_layers"),
        ("config.json", "[]", "no JSON object"),
        ("config.json", "{", "is not JSON"),
        ("config.json", '{"num_attention_heads": 4, "num_hidden_layers": 9}', "has no 'encoder.layer.2"),
        ("tokenizer.json", "{}", "does not load"),
        ("model.safetensors", "no weights", "does not load"),
        ("1_Pooling/config.json", '{"pooling_mode_cls_token": true}', "not the mean of its tokens"),
    ],
)
def test_a_model_that_would_be_misread_is_refused(folder: Path, file: str, content: str, told: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(content)
    with pytest.raises(UsageError, match=told):
        Sentences(folder)


def test_a_folder_that_holds_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no config\.json and no tokenizer\.json and no model\.safetensors"):
        Sentences(tmp_path)
    with pytest.raises(
        UsageError, match="there is no folder all-MiniLM-L6-v2; a sentence model of the hub is named with its owner"
    ):
        Sentences("all-MiniLM-L6-v2")


HUB = """
import sys
from loopwright.errors import UsageError
from loopwright.text.sentences import Sentences
model = Sentences("somebody/mini-model")
print(model.name, model.embed(["where is my parcel?"]).shape)
try:
    Sentences("somebody/else")
except UsageError as error:
    print(error)
"""


def test_a_name_is_looked_up_in_the_cache_of_the_hub(folder: Path, tmp_path: Path) -> None:
    """As the hub's own library lays it out, and asked to stay offline."""
    revision = "0" * 40
    held = tmp_path / "hub/models--somebody--mini-model"
    (held / "refs").mkdir(parents=True)
    (held / "refs/main").write_text(revision)
    (held / "snapshots").mkdir()
    folder.rename(held / "snapshots" / revision)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", HUB], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    named, told = done.stdout.splitlines()
    assert named == "somebody/mini-model (1, 16)"
    assert told.startswith("there is no folder somebody/else, and the hub does not give a model of that name: ")


@pytest.mark.parametrize("library", ["safetensors", "tokenizers"])
def test_a_missing_library_is_named_by_its_extra(folder: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing, match=r"pip install 'loopwright\[embed\]'"):
        Sentences(folder)
