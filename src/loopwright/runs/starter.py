"""The recipe that newcomers begin with, and its seeds: laid out in a folder of their own, where nothing else is touched."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from loopwright.errors import UsageError
from loopwright.store.export import replaced

RECIPE = "recipe.yaml"
_FILES = (RECIPE, "seeds.csv")


def lay_out(folder: Path) -> bool:
    """Writes the files that are missing; whether the recipe was there before. Refuses a folder that holds anything else."""
    given = {name: (files("loopwright.workflows.datagen") / "starter" / name).read_bytes() for name in _FILES}
    ours = _is_ours(folder, given)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in given.items():
            if not (folder / name).exists():
                with replaced(folder / name) as out:
                    out.write(content)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}; name another folder") from None
    return ours


def _is_ours(folder: Path, given: dict[str, bytes]) -> bool:
    """Whether it was laid out before, and nothing in it has been edited since."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another folder")
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    if not (folder / RECIPE).is_file():
        raise UsageError(f"{folder} holds other files, and nothing in it is touched; name another folder, or an empty one")
    for name, content in given.items():
        if (folder / name).exists() and (folder / name).read_bytes() != content:
            raise UsageError(
                f"{folder / name} has been edited, or is of another version, and is left as it is; "
                f"go on with it by `loopwright run {RECIPE}` in that folder, or name another folder"
            )
    return True
