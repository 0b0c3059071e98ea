"""Sources read the official formats, stream them, and say of what is wrong in which line it stands."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopwright.datasets import SOURCES, checker_of, source
from loopwright.datasets.block import DatasetBlock
from loopwright.datasets.functions import FromFunction
from loopwright.datasets.splits import chosen, held_out
from loopwright.errors import ExtraMissing, PluginError, SpecError, UsageError
from loopwright.records import Example

DATA = Path(__file__).parents[3] / "shared/data"
PARAGRAPHS = [["Ed Wood", ["Ed Wood is a film.", " It is of 1994."]], ["Adam", ["Adam is a man."]]]
FILES = {
    "gsm8k": '{"question": "How many?", "answer": "9 * 2 = <<9*2=18>>18\\n#### 1,018"}\n',
    "hotpotqa": json.dumps([{"_id": "5a8b", "question": "How many?", "answer": "yes", "context": PARAGRAPHS}]),
    "boolq": '{"question": "how many", "title": "T", "answer": true, "passage": "They are two."}\n',
    "csv": "id,question,reference_answer\n7,How many?,18\n",
    "jsonl": '{"id": "7", "question": "How many?", "reference_answer": 18}\n\n',
}


def block(**given: Any) -> DatasetBlock:
    return DatasetBlock.model_validate(given)


def read(folder: Path, text: str | bytes, kind: str, **given: Any) -> list[Example]:
    (folder / "data").write_bytes(text.encode() if isinstance(text, str) else text)
    asked = block(source=kind, path="data", **given)
    return list(chosen(source(asked), asked, folder))


@pytest.mark.parametrize("kind", [kind for kind in SOURCES.builtin if kind != "python"])
def test_every_source_gives_the_same_examples_each_time_and_names_a_checker(kind: str, tmp_path: Path) -> None:
    if kind == "parquet":
        parquet_file(tmp_path / "data", [{"question": "How many?", "reference_answer": "18"}])
    elif kind == "huggingface":
        pytest.importorskip("datasets")
        (tmp_path / "data.jsonl").write_text(FILES["jsonl"])
    elif kind in FILES:
        (tmp_path / "data").write_text(FILES[kind])
    asked = block(source=kind, **({} if kind == "mock" else {"path": "./" if kind == "huggingface" else "data"}))
    members = source(asked)
    first, again = list(members.examples(tmp_path)), list(members.examples(tmp_path))
    assert first == again
    assert first[0].inputs["question"]
    assert first[0].reference is not None
    assert len({each.id for each in first}) == len(first)
    assert checker_of(asked).mark(str(first[0].reference), str(first[0].reference)).right or checker_of(asked).read("") is None


def test_the_questions_of_a_program_are_known_to_that_program_alone() -> None:
    asked = block(source="python", name="sums")
    assert asked.name == "sums"
    with pytest.raises(UsageError, match="the questions of 'sums' come from a Python program"):
        list(source(asked).examples(Path()))


def parquet_file(file: Path, rows: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import_module("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(rows), file, row_group_size=10)


def test_gsm8k_keeps_the_number_and_leaves_out_how_it_was_found(tmp_path: Path) -> None:
    assert read(tmp_path, FILES["gsm8k"], "gsm8k") == [Example("q1", {"question": "How many?"}, "1018")]


def test_hotpotqa_gives_paragraphs_where_they_are_wanted(tmp_path: Path) -> None:
    (found,) = read(tmp_path, FILES["hotpotqa"], "hotpotqa")
    assert (found.id, found.reference) == ("5a8b", "yes")
    assert found.context == "Ed Wood\nEd Wood is a film. It is of 1994.\n\nAdam\nAdam is a man."
    assert read(tmp_path, FILES["hotpotqa"], "hotpotqa", context=False)[0].context is None
    bare = '[{"question": "Who?"}]'
    assert read(tmp_path, bare, "hotpotqa") == [Example("q1", {"question": "Who?"})]
    with pytest.raises(UsageError, match=r"entry 1, from line 1: has no 'context'"):
        read(tmp_path, bare, "hotpotqa", context=True)
    with pytest.raises(UsageError, match=r"entry 1, from line 1: has no 'context'"):
        read(tmp_path, '[{"question": "Who?", "context": []}]', "hotpotqa", context=True)
    kept = '[{"id": "5a8c", "question": "Who?", "answer": null, "context": []}]'
    assert read(tmp_path, kept, "hotpotqa") == [Example("5a8c", {"question": "Who?"})], "as test sets are"
    columns = {"title": ["Ed Wood", "Adam"], "sentences": [each[1] for each in PARAGRAPHS]}
    lines = json.dumps({"question": "Who?", "answer": "x", "context": columns})
    assert read(tmp_path, lines, "hotpotqa")[0].context == found.context


def test_boolq_answers_are_yes_and_no(tmp_path: Path) -> None:
    assert read(tmp_path, FILES["boolq"], "boolq") == [Example("q1", {"question": "how many"}, "yes", "They are two.")]
    assert read(tmp_path, FILES["boolq"], "boolq", passage=False)[0].context is None
    for passage in ("null", '""'):
        row = f'{{"question": "is it", "answer": false, "passage": {passage}}}'
        assert read(tmp_path, row, "boolq") == [Example("q1", {"question": "is it"}, "no")]
        with pytest.raises(UsageError, match="'passage' holds no text"):
            read(tmp_path, row, "boolq", passage=True)
    superglue = '{"question": "is it", "passage": "It is not.", "idx": 0, "label": false}'
    assert read(tmp_path, superglue, "boolq")[0].reference == "no"


def test_a_csv_may_call_our_fields_by_other_names(tmp_path: Path) -> None:
    text = '\ufeffnr,frage,antwort\r\n1,"Wie viele,\ndenn?",18\r\n2,Wie?,\r\n3,Was?,"  "\r\n'
    found = read(tmp_path, text, "csv", fields={"id": "nr", "question": "frage", "reference_answer": "antwort"})
    assert found == [
        Example("1", {"question": "Wie viele,\ndenn?"}, "18"),
        Example("2", {"question": "Wie?"}),
        Example("3", {"question": "Was?"}),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("gsm8k", '{"question": "a", "answer": "#### 1"}\n{"question": "b"}\n', "data, line 2: has no 'answer'"),
        ("gsm8k", '{"question": "a", "answer": "18"}', "data, line 1: the answer has no '#### '"),
        ("gsm8k", '{"question": "a", "answer": "#### 1"}\n{"questio\n', "data, line 2: unexpected end of data"),
        ("gsm8k", "[1]", "data, entry 1, from line 1: is no JSON object"),
        ("hotpotqa", '[{"question": "a"},\n\n{"question": 3}]', "data, entry 2, from line 3: 'question' holds no text"),
        ("hotpotqa", '[{"question": "a"}, {"quest', "data, entry 2, from line 1: the file ends within the array"),
        (
            "hotpotqa",
            '[{"question": "a", "context": [["T", "x"]]}]',
            "entry 1, from line 1: 'context' is no list of paragraphs",
        ),
        ("boolq", '{"question": "a", "answer": "maybe"}', "data, line 1: the answer is neither true nor false"),
        ("csv", "id,questoin\n1,a\n", "data, line 2: has no 'question'; did you mean 'questoin'?"),
        (
            "csv",
            "id|question|reference_answer\n1|a|2\n",
            "data, line 2: has no 'question'; there is id|question|reference_answer",
        ),
        ("csv", "id,question,question\n1,a,b\n", "data, line 1: names the column 'question' twice"),
        ("csv", 'question\n"a\n', "data, line 2: unexpected end of data"),
        ("csv", "question\na,b\n", "data, line 2: more cells than the 1 columns"),
        ("jsonl", '{"question": "a", "reference_answer": [1]}', "data, line 1: 'reference_answer' is no text, number"),
        ("jsonl", b'{"question": "\xff"}', "data cannot be read: it is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(kind: str, text: str | bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text, kind)
    assert said in str(raised.value)


def test_a_missing_file_and_a_misspelt_argument_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere cannot be read: No such file"):
        list(source(block(source="jsonl", path="nowhere")).examples(tmp_path))
    with pytest.raises(SpecError, match=r"dataset\.pth: .*did you mean 'path'"):
        source(block(source="gsm8k", pth="x"))
    with pytest.raises(UsageError, match="did you mean 'gsm8k'"):
        source(block(source="gsm8", path="x"))


@pytest.mark.parametrize("array", [True, False])
def test_a_large_file_is_never_in_memory(array: bool, tmp_path: Path) -> None:
    row = json.dumps({"question": "q" * 1000, "answer": "yes", "context": [["T", ["s" * 20_000]]]})
    with (tmp_path / "data").open("w") as out:
        out.write("[" if array else "")
        for number in range(1500):
            out.write((", " if array else "\n") * (number > 0) + row)
        out.write("]" if array else "")
    rows = source(block(source="hotpotqa", path="data")).examples(tmp_path)
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows) == 1500
        assert tracemalloc.get_traced_memory()[1] < 6e6, "of a file of 31 MB"
    finally:
        tracemalloc.stop()


def test_the_block_reads_what_it_writes() -> None:
    asked = block(source="csv", path="a.csv", limit=3, split="train", fields={"question": "q"})
    assert asked.model_dump(mode="json") == {
        "source": "csv",
        "path": "a.csv",
        "fields": {"question": "q"},
        "limit": 3,
        "split": {"part": "train", "held_out": 0.2, "key": ""},
        "checker": None,
    }
    assert DatasetBlock.model_validate_json(asked.model_dump_json()) == asked


def test_a_question_is_on_one_side_for_ever() -> None:
    def part(name: str, count: int) -> list[str]:
        asked = block(source="mock", count=count, split=name)
        return [str(each.inputs["question"]) for each in chosen(source(asked), asked, Path())]

    train, rest = part("train", 2000), part("held_out", 2000)
    assert len(train) + len(rest) == 2000
    assert 0.17 < len(rest) / 2000 < 0.23
    assert not {*train} & {*rest}
    assert part("held_out", 1000) == rest[: len(part("held_out", 1000))]
    assert all(held_out(f"  {each.upper()} !", 0.2) for each in rest)
    assert 50 < sum(held_out(each, 0.2, "another") for each in rest) < 120


def test_a_function_is_a_source(tmp_path: Path) -> None:
    def mine(first: int = 0, broken: bool = False) -> Iterator[Any]:
        yield Example("a", {"question": f"What is {first}?"}, str(first))
        yield {"id": "b", "question": "What is 2?", "reference_answer": 2}
        if broken:
            yield {"id": "c"}
        raise OSError("the line is down")

    found = FromFunction("mine", mine, {"first": 1}).examples(tmp_path)
    assert list(islice(found, 2)) == [
        Example("a", {"question": "What is 1?"}, "1"),
        Example("b", {"question": "What is 2?"}, "2"),
    ]
    with pytest.raises(PluginError, match="the dataset mine raises OSError"):
        list(found)
    with pytest.raises(UsageError, match="example 3 of the dataset mine: has no 'question'"):
        list(FromFunction("mine", mine, {"broken": True}).examples(tmp_path))
    with pytest.raises(UsageError, match="the dataset mine cannot be called so: got an unexpected keyword argument 'second'"):
        FromFunction("mine", mine, {"second": 1})
    with pytest.raises(PluginError, match="no example and no mapping"):
        list(FromFunction("odd", lambda: [3], {}).examples(tmp_path))


def test_rows_of_a_data_frame_are_read_as_what_they_say(tmp_path: Path) -> None:
    rows = [
        {"id": np.int64(7), "question": "How many?", "reference_answer": np.int64(4)},
        {"id": np.float64(8), "question": "Is it so?", "reference_answer": np.bool_(True)},
        {"id": "9", "question": "Who knows?", "reference_answer": float("nan")},
    ]
    found = FromFunction("frame", lambda: rows, {}).examples(tmp_path)
    assert [(each.id, each.reference) for each in found] == [("7", "4"), ("8.0", "yes"), ("9", None)]


def test_parquet_is_read_by_name_and_group(tmp_path: Path) -> None:
    parquet_file(tmp_path / "data", [{"nr": n, "question": f"What is {n}?", "reference_answer": n} for n in range(25)])
    asked = block(source="parquet", path="data", fields={"id": "nr"})
    found = list(source(asked).examples(tmp_path))
    assert found[24] == Example("24", {"question": "What is 24?"}, "24")
    (tmp_path / "data").write_bytes(b"PAR1 no")
    with pytest.raises(UsageError, match="data cannot be read, after row 0"):
        list(source(asked).examples(tmp_path))


def test_a_missing_library_is_named_by_its_extra(tmp_path: Path, without: Callable[[str], None]) -> None:
    without("datasets")
    with pytest.raises(ExtraMissing, match=r"loopwright\[hf\]"):
        list(source(block(source="huggingface", path="openai/gsm8k")).examples(tmp_path))


@pytest.mark.parametrize(
    ("kind", "file", "count"),
    [
        ("gsm8k", "gsm8k/train.jsonl", 7473),
        ("gsm8k", "gsm8k/test_first_660.jsonl", 660),
        ("hotpotqa", "hotpotqa/dev_first_3000_no_context.json", 3000),
        ("boolq", "boolq/dev_first_1600_no_passage.jsonl", 1600),
    ],
)
def test_the_real_files_are_read_to_their_end(kind: str, file: str, count: int) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"{DATA / file} is not on this machine")
    asked = block(source=kind, path=file)
    found = list(source(asked).examples(DATA))
    assert len(found) == count
    right = checker_of(asked)
    assert all(right.mark(str(each.reference), str(each.reference)).right for each in found)
