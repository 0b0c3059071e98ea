"""Uploads the dataset of a run to the Hugging Face Hub, through the Hub's own client. The token comes from the environment
and goes nowhere else."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from loopwright.errors import EndpointDown, ExtraMissing, KeyRejected, UsageError
from loopwright.llm.quoting import quote
from loopwright.runs.folder import RunFolder
from loopwright.runs.publish import Publication, Wanted, made, record

TOKEN = "HF_TOKEN"  # noqa: S105 - the name of the variable
ENDPOINT = "HF_ENDPOINT"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


class Repository(NamedTuple):
    """Where a dataset goes: `NAME`, which is then the token's owner's, or `OWNER/NAME`."""

    name: str
    public: bool = False

    def address(self, environ: Mapping[str, str]) -> str:
        return f"{_endpoint(environ)}/datasets/{self.name}"


def named(name: str, public: bool) -> Repository:
    if not _NAME.fullmatch(name) or ".." in name or "--" in name:
        raise UsageError(f"{name!r} is no name for a repository of the Hub; one is NAME or OWNER/NAME")
    return Repository(name, public)


def planned(run: RunFolder, wanted: Wanted) -> Publication:
    """What would be uploaded. Nothing is, and neither extra nor token is needed."""
    with made(run, wanted) as (publication, _):
        return publication


def upload(
    run: RunFolder, wanted: Wanted, repository: Repository, environ: Mapping[str, str] = os.environ
) -> tuple[Publication, str]:
    """In one commit; what else is in the repository stays. Returns what was uploaded and its address."""
    api = _api(environ)
    with made(run, wanted) as (publication, folder), _blamed():
        whole = str(api.create_repo(repository.name, repo_type="dataset", private=not repository.public, exist_ok=True).repo_id)
        _commit(api, whole, folder, publication)
    address = repository._replace(name=whole).address(environ)
    record(run, publication, address)
    return publication, address


def _commit(api: Any, repository: str, folder: Path, publication: Publication) -> None:
    from huggingface_hub import CommitOperationAdd  # noqa: PLC0415

    files = [CommitOperationAdd(file.path, folder / file.path) for file in publication.files]
    message = f"{publication.rows:,} rows, version {publication.version}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the Hub recommends for cards
        api.create_commit(repository, files, commit_message=message, repo_type="dataset")


def _api(environ: Mapping[str, str]) -> Any:
    try:
        client: Any = import_module("huggingface_hub")
        shown: Any = import_module("huggingface_hub.utils")
        settings: Any = import_module("huggingface_hub.constants")
    except ImportError:
        raise ExtraMissing("hf", "uploading to the Hugging Face Hub") from None
    token = environ.get(TOKEN)
    if not token:
        raise UsageError(f"uploading needs a token of the Hub with the right to write, in the environment as {TOKEN}")
    shown.disable_progress_bars()
    settings.HF_HUB_DISABLE_TELEMETRY = True  # it would tell huggingface.co of us, whatever the endpoint
    return client.HfApi(endpoint=_endpoint(environ), token=token)


def _endpoint(environ: Mapping[str, str]) -> str:
    """A token is never sent in the clear, except to this machine."""
    address = (environ.get(ENDPOINT) or "https://huggingface.co").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise UsageError(f"{ENDPOINT} is {address!r}: an address of the Hub begins with https://")
    return address


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _blamed() -> Iterator[None]:
    """What goes wrong on the way, as something to mend."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = quote(str(error.server_message or error), limit=300)
        if status in (401, 403):
            raise KeyRejected(f"the Hub refuses the token in {TOKEN} ({status}): {said}") from error
        raise UsageError(f"the Hub refuses the upload ({status}): {said}") from error
    except ValueError as error:
        raise UsageError(f"the Hub does not take it: {quote(str(error), limit=300)}") from error
    except Exception as error:  # the client's, and of the HTTP library that it happens to use
        raise EndpointDown(f"the upload failed: {type(error).__name__}: {quote(str(error), limit=300)}") from error
