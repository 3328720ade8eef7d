"""What it costs to import each, in a fresh interpreter."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile

from benchmarks.contenders import AUTH, BARE, PARENT, PEERS, SESSION, installed
from benchmarks.table import Table, spread
from benchmarks.turns import Samples

_WITH_STORE = "from kakao_session import KakaoSession; KakaoSession('key', token_store='x.json')"
_TIMED = "import time; t = time.process_time(); {}; print(time.process_time() - t)"


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    statements = {
        contender.name: contender.statement for contender in installed(BARE, SESSION, AUTH, *PEERS)
    }
    statements["KakaoSession, and one made with token_store=path"] = _WITH_STORE
    samples: Samples = {name: [] for name in statements}
    turns = list(statements.items())
    with tempfile.TemporaryDirectory() as folder:
        for _, statement in turns:
            _seconds(statement, folder)  # leaves the bytecode there
        for number in range(2 if quick else 25):
            random.Random(number).shuffle(turns)
            for name, statement in turns:
                samples[name].append(_seconds(statement, folder))
    note = (
        "CPU time of the import statement in a new interpreter. The bytecode is already compiled. "
        "Aim: `KakaoSession` at most 1.10 of requests-oauthlib."
    )
    return [spread("Import", note, "ms", samples, PARENT.name)]


def _seconds(statement: str, bytecode: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
