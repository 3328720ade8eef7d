"""What a save to the file store costs, fsync included, and its lock when nobody else wants it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.contenders import some_login
from benchmarks.table import Table, spread
from benchmarks.turns import take_turns
from kakao_session import FileTokenStore, Token

_BARE = "write, fsync, rename"


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    token = Token(some_login().token)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = FileTokenStore(folder / "token.json")
        store.save(token)
        content = store.path.read_bytes()
        calls: dict[str, Callable[[], object]] = {
            _BARE: partial(_write, folder / "bare.json", content, False),
            "write, fsync, rename, fsync of the folder": partial(
                _write, folder / "bare.json", content, True
            ),
            "FileTokenStore.save": partial(store.save, token),
            "FileTokenStore.lock": partial(_lock, store),
            "FileTokenStore.load": store.load,
        }
        samples = take_turns(
            calls, rounds=10 if quick else 400, clock=time.perf_counter_ns, repeat=1
        )
    note = (
        "Elapsed time. It depends on the disk, here the one with the folder for temporary files "
        "(set `TMPDIR` for another). A save also locks the file and syncs the folder. A lock "
        "writes a file in the same folder, to make sure that the file can be replaced."
    )
    return [spread("A save", note, "us", samples, _BARE)]


def _write(path: Path, content: bytes, folder_too: bool) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if folder_too:
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _lock(store: FileTokenStore) -> None:
    with store.lock():
        pass
