"""`loopwright --help` and `loopwright check` load no heavy library: a user who mistypes a word does not wait for numpy."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HEAVY = {"numpy", "rensa", "scipy", "sklearn", "aiohttp", "httptools", "pyarrow", "jsonschema_rs", "json_repair"}
EXTRAS = {
    "dspy",
    "optuna",
    "litellm",
    "ray",
    "tokenizers",
    "safetensors",
    "sentence_transformers",
    "torch",
    "tinker",
    "lancedb",
    "datasets",
    "tensorboardX",
    "wandb",
}
PROGRAM = """
import json, sys
from loopwright.cli import main
sys.argv[0] = "loopwright"
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code or 0, sorted(sys.modules)]), file=sys.stderr)
"""
SPEC = Path(__file__).parents[1] / "examples/toy.yaml"
RECIPE = SPEC.with_name("support.yaml")
QUESTIONS = SPEC.with_name("correction.yaml")


def loaded(arguments: list[str]) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stdout + done.stderr
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("library", sorted(HEAVY))
def test_the_libraries_to_look_for_are_installed(library: str) -> None:
    assert find_spec(library), f"without {library} the tests below could not fail"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["runs", "list", "--help"],
        ["evaluate", "--help"],
        ["check", str(SPEC)],
        ["check", str(QUESTIONS)],
    ],
    ids=" ".join,
)
def test_help_and_check_load_no_heavy_library(arguments: list[str]) -> None:
    modules = loaded(arguments)
    assert "loopwright" in modules
    assert not modules & (HEAVY | EXTRAS)


def test_checking_a_recipe_loads_nothing_that_counts_or_learns() -> None:
    assert not loaded(["check", str(RECIPE)]) & ((HEAVY | EXTRAS) - {"jsonschema_rs"})


def test_a_run_that_looks_for_near_duplicates_loads_no_numpy(tmp_path: Path) -> None:
    recipe = tmp_path / "digits.yaml"
    recipe.write_text(
        "workflow: datagen\n"
        "task: {description: Numbers of three digits.}\n"
        "grammar: {start: row, rules: {row: [{template: '{\"text\": \"<d><d><d>\"}'}], d: ['1', '2', '3']}}\n"
        "validators: {length: {field: text, min_words: 1}, deduplication: {field: text, near: 0.8}}\n"
        "target: {accepted: 20}\n"
        f"output: {{runs: {tmp_path}/runs}}\n"
    )
    assert "numpy" not in loaded(["run", str(recipe), "--quiet"])
    assert (tmp_path / "runs").is_dir()
