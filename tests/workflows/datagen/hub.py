"""A stand-in for the Hugging Face Hub on loopback: it takes what the real client sends, and keeps what a commit holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Hub(ThreadingHTTPServer):
    """Parquet files are large files to it, whatever their size, and take the way of those. `refuse` is a status for commits."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.files: dict[str, bytes] = {}
        self.stored: dict[str, bytes] = {}
        self.created: list[dict[str, Any]] = []
        self.messages: list[str] = []
        self.tokens: set[str | None] = set()
        self.refuse: int | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.messages.append(value["summary"])
            elif line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            else:
                self.files[value["path"]] = self.stored[value["oid"]]


class _Asked(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self._body()
        self.server.tokens.add(self.headers["Authorization"])
        path = self.path.partition("?")[0]
        if path == "/api/repos/create":
            given = json.loads(body)
            self.server.created.append(given)
            owner = given.get("organization") or "me"
            self._answer(200, {"url": f"{self.server.address}/datasets/{owner}/{given['name']}"})
        elif path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif "/preupload/" in path:
            self._answer(200, {"files": [_mode(file["path"]) for file in json.loads(body)["files"]]})
        elif path.endswith("/info/lfs/objects/batch"):
            self._answer(200, {"objects": [self._upload(each) for each in json.loads(body)["objects"]]})
        elif "/commit/" in path and self.server.refuse is not None:
            self._answer(self.server.refuse, {"error": "not for you"})
        elif "/commit/" in path:
            self.server.commit([json.loads(line) for line in body.splitlines()])
            commit = path.removeprefix("/api").replace("/commit/main", f"/commit/{'1' * 40}")
            self._answer(200, {"commitUrl": f"{self.server.address}{commit}", "commitOid": "1" * 40, "success": True})
        else:
            self._answer(404, {"error": f"nothing at {path}"})

    def do_PUT(self) -> None:
        body = self._body()
        self.server.stored[sha256(body).hexdigest()] = body
        self._answer(200, {})

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _upload(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {**asked, "actions": {"upload": {"href": f"{self.server.address}/store/{asked['oid']}"}}}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _answer(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _mode(path: str) -> dict[str, Any]:
    return {"path": path, "uploadMode": "lfs" if path.endswith(".parquet") else "regular", "shouldIgnore": False}


@contextmanager
def serving() -> Iterator[Hub]:
    with Hub() as hub:
        thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
