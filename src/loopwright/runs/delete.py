"""Deletes a run: the files it consists of, in its own folder, and nothing else."""

from __future__ import annotations

from loopwright.errors import StoreReadOnly, UsageError
from loopwright.runs.folder import RunFolder
from loopwright.store.lock import hold

SIDES = ("-wal", "-shm", "-journal")


def delete(folder: RunFolder) -> list[str]:
    """Returns what else lies in the folder, which is then left where it is. The store goes last: until then it is a run."""
    if folder.path.is_symlink():
        raise UsageError(f"{folder.path} is a link; delete the run where it lies: {folder.path.resolve()}")
    with hold(folder.path):
        try:
            for file in (folder.report, folder.manifest, folder.spec):
                file.unlink(missing_ok=True)
                file.with_name(file.name + ".partial").unlink(missing_ok=True)
            for side in SIDES:
                folder.store.with_name(folder.store.name + side).unlink(missing_ok=True)
            folder.store.unlink(missing_ok=True)
            folder.lock.unlink(missing_ok=True)
            left = sorted(entry.name for entry in folder.path.iterdir())
            if not left:
                folder.path.rmdir()
        except OSError as error:
            raise StoreReadOnly(f"cannot delete {folder.path}: {error.strerror}") from error
    return left
