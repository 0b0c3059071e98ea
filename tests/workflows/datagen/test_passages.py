"""A folder becomes passages: split where the text is, named by file and place, and refused with a reason."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workflows.datagen.conftest import Desk

from loopwright.errors import UsageError
from loopwright.policy.keyed import Keyed
from loopwright.text.embedding import Lexical
from loopwright.workflows.datagen.generators.passages import MOST_BYTES, Passage, Shelves, read


def written(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        file = folder / name.replace("__", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_headings_begin_passages_and_paragraphs_fill_them(tmp_path: Path) -> None:
    text = "# One\n\na b c\n\nd e f\n\n## Two\n\ng h i\n\n```\n\n# no heading\n\n```\n"
    written(tmp_path / "texts", b__md=text, a__txt="# in text\n\nno heading", c__csv="x", __hidden__md="x")
    found = read("texts", tmp_path, 100)
    assert [passage.id for passage in found] == ["a.txt#1", "b.md#1", "b.md#2"]
    assert found[1].text == "# One\na b c\nd e f"
    assert found[2].text.startswith("## Two\ng h i")


@given(
    st.lists(st.sampled_from(["one two three.", "four! ", "\n\n", "# head\n\n", "five six seven eight nine ten "]), max_size=30)
)
def test_no_word_is_lost_and_none_is_too_many(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    text = "start " + "".join(parts)
    folder = written(tmp_path_factory.mktemp("texts"), a__md=text)
    found = read(str(folder), folder, 5)
    assert " ".join(passage.text for passage in found).split() == text.split()
    assert all(len(passage.text.split()) <= 5 for passage in found)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"there is no folder {re.escape(str(tmp_path / 'none'))}"):
        read("none", tmp_path, 50)
    (tmp_path / "texts").mkdir()
    with pytest.raises(UsageError, match=r"holds no text; \.txt, \.md, \.markdown are read"):
        read("texts", tmp_path, 50)
    (tmp_path / "texts/a.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"a\.md cannot be read: it is not UTF-8"):
        read("texts", tmp_path, 50)
    (tmp_path / "texts/a.md").unlink()
    (tmp_path / "texts/secret.md").symlink_to(written(tmp_path, secret__md="x") / "secret.md")
    with pytest.raises(UsageError, match="is a link that leads out of"):
        read("texts", tmp_path, 50)
    (tmp_path / "texts/secret.md").unlink()
    written(tmp_path / "texts", a__md="x" * (MOST_BYTES + 2**20))
    with pytest.raises(UsageError, match=r"holds 17\.0 MiB of text; 16 MiB at most"):
        read("texts", tmp_path, 50)


def test_passages_that_share_rare_words_are_drawn_oftener_and_all_are_drawn() -> None:
    texts = ["how a refund is paid", "where the parcel is", "the shop and its hours", "what the warranty covers"]
    shelves = Shelves([Passage(str(at), text) for at, text in enumerate(texts)])
    drawn = Counter(shelves.drawn("refund", 1, Keyed(0, trial))[0].id for trial in range(400))
    assert drawn["0"] > 300
    assert set(drawn) == {"0", "1", "2", "3"}
    assert len({passage.id for passage in shelves.drawn("refund", 3, Keyed(1))}) == 3


def test_with_an_embedder_the_nearest_are_drawn_also_where_no_word_is_the_same() -> None:
    texts = [
        f"a passage about {animal}s and nothing else" for animal in ("horse", "cow", "goat", "sheep", "hen", "duck", "cat")
    ]
    shelves = Shelves([Passage(str(at), text) for at, text in enumerate(["how deliveries are made", *texts])], Lexical())
    drawn = Counter(passage.id for trial in range(100) for passage in shelves.drawn("delivery", 1, Keyed(0, trial)))
    assert len(drawn) == 4, "one among the nearest four"
    assert drawn["0"] > 10
    assert drawn == Counter(passage.id for trial in range(100) for passage in shelves.drawn("delivery", 1, Keyed(0, trial)))
    assert len({passage.id for passage in shelves.drawn("delivery", 4, Keyed(0))}) == 4


def test_a_run_says_which_arm_lacks_its_embedder(desk: Desk) -> None:
    models = 'models: [{id: writer, provider: scripted, script: ["x"]}]'
    (desk.folder / "texts").mkdir()
    (desk.folder / "texts" / "one.txt").write_text("How deliveries are made.")
    arm = "{id: read, kind: retrieval, params: {folder: texts, embedder: bert}}"
    ended = desk.run(f"{models}\narms: [{arm}]\ntarget: {{accepted: 1}}\n")
    assert ended.code == 2
    assert "the arm 'read': there is no folder bert" in ended.err
