"""The tests' own fence holds, in this process and in those it starts; the fixtures that all tests share do what they say."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody is there


def test_another_machine_is_refused(reached: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(RuntimeError, match="stay on this machine"):
        sock.connect((ELSEWHERE, 9))
    assert reached == [f"socket.connect {(ELSEWHERE, 9)}"]
    reached.clear()


def test_a_name_is_not_looked_up(reached: list[str]) -> None:
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.getaddrinfo("models.example", 443)
    assert reached
    reached.clear()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", ""])
def test_this_machine_is_reached(host: str) -> None:
    assert socket.getaddrinfo(host or None, 80)


def test_a_process_that_a_test_starts_is_fenced_too() -> None:
    program = f"import socket; socket.create_connection(('{ELSEWHERE}', 9))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "stay on this machine" in done.stderr


def test_no_model_key_is_at_hand() -> None:
    assert not [name for name in os.environ if name.endswith("_API_KEY")]


def test_a_small_disk_fills(tmpfs: Callable[[str], Path]) -> None:
    with pytest.raises(OSError, match="No space left") as full:
        (tmpfs("64k") / "file").write_bytes(bytes(1 << 20))
    assert full.value.errno == errno.ENOSPC
