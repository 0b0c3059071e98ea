"""What holds for the repository as a whole: its locks, its layers, its wheel, its base install, its files."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
KEPT = ("src", "tests", "docs", "bench", "examples", "requirements", ".ci")
MADE = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
BASE = ROOT / ".venv-base"
MACHINE = re.compile(r"/(work|root|home/[a-z]+|opt/(wheels|pypi)[a-z-]*|tmp/venv)/")


def texts() -> dict[Path, str]:
    """Every text file that people keep here."""
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for folder in KEPT:
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file() and not MADE & set(path.parts)]
    found = {}
    for path in files:
        try:
            found[path.relative_to(ROOT)] = path.read_text()
        except UnicodeDecodeError:
            continue
    return found


def test_locks_name_no_address() -> None:
    assert {path.name for path in LOCKS} == {"base.txt", "bench.txt", "dev.txt", "publish.txt"}
    for lock in LOCKS:
        assert not re.findall(r"https?:|file:/| @ |--(?:index|extra-index|find-links|trusted)\S*", lock.read_text()), lock.name


def test_locks_hash_every_requirement() -> None:
    for lock in LOCKS:
        for requirement in re.split(r"\n(?=\S)", lock.read_text().strip()):
            assert requirement.startswith("#") or "--hash=sha256:" in requirement, requirement


def test_the_base_lock_is_part_of_the_development_lock() -> None:
    pinned = {
        name: set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("base.txt", "dev.txt")
    }
    assert pinned["base.txt"] < pinned["dev.txt"]


def test_heavy_libraries_are_not_locked_for_development() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/dev.txt").read_text(), re.M))
    assert not locked & {"torch", "dspy", "ray", "litellm", "sentence-transformers"}


def test_no_file_names_the_machine_it_was_written_on() -> None:
    assert not {str(path) for path, text in texts().items() if MACHINE.search(text)}


def test_files_stay_readable() -> None:
    assert not {str(path) for path in SOURCES if len(path.read_text().splitlines()) > 500}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_modules_say_what_they_are_for_and_swallow_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree), "the module has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in ("everything", "Exception", "BaseException"), f"line {node.lineno} passes over {caught}"


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[:2] == ["Unreleased", version]


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("loopwright/")}
    package = ROOT / "src/loopwright"
    ours = {
        str(path.relative_to(package.parent)) for path in package.rglob("*") if path.is_file() and not MADE & set(path.parts)
    }
    assert packed == ours
    assert "loopwright/py.typed" in packed


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("llm/trespass.py", "import loopwright.store", "An arrow only goes down"),
        ("spec/trespass.py", "import loopwright.runs", "An arrow only goes down"),
        ("attic.py", "", "An arrow only goes down"),
        ("workflows/one/trespass.py", "import loopwright.workflows.two.trial", "Workflows do not know each other"),
        ("policy/trespass.py", "import loopwright.policy.protocol", "No import cycle"),
    ],
)
def test_a_trespass_between_rooms_is_caught(tmp_path: Path, module: str, line: str, broken: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    house = shutil.copytree(ROOT / "src/loopwright", tmp_path / "src/loopwright", ignore=shutil.ignore_patterns("__pycache__"))
    for made in (
        house / "workflows/one/__init__.py",
        house / "workflows/two/__init__.py",
        house / "workflows/two/trial.py",
        house / module,
    ):
        made.parent.mkdir(exist_ok=True)
        made.write_text(line if made == house / module else "")
    with (house / "policy/protocol.py").open("a") as protocol:
        protocol.write("import loopwright.policy.trespass\n" if module.startswith("policy") else "")
    verdict = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{broken} BROKEN" in verdict.stdout


@pytest.fixture(scope="module")
def base() -> Path:
    if not (BASE / "bin/python").exists():
        pytest.skip("there is no base install to look at: `make test` makes one")
    return BASE


@pytest.mark.slow  # only `make test` brings .venv-base up to date
def test_the_base_install_is_small(base: Path) -> None:
    """What the packages hold, and the bytecode that Python compiles from it."""
    files = [path for path in (base / "lib").rglob("*") if path.is_file()]
    assert sum(path.lstat().st_size for path in files) < 320_000_000


@pytest.mark.slow  # only `make test` brings .venv-base up to date
def test_the_base_install_imports_every_module(base: Path) -> None:
    paths = [path.relative_to(ROOT / "src").with_suffix("") for path in SOURCES if path.name != "__main__.py"]
    modules = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    subprocess.run([base / "bin/python", "-W", "error", "-c", "import " + ", ".join(modules)], check=True, cwd=base)


@pytest.mark.slow  # only `make test` brings .venv-base up to date
def test_the_base_install_runs_the_toy(base: Path, tmp_path: Path) -> None:
    command = [str(base / "bin/loopwright"), "run", str(ROOT / "examples/toy.yaml")]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "200, 0 failed" in ran.stdout
