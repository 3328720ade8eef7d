"""Every example runs as it stands, with Kakao's real host names, against the local Kakao."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kakao_session.emulator import KakaoEmulator

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(kakao: KakaoEmulator, folder: Path, name: str, *arguments: str) -> str:
    """Run an example in a folder with a tutorial's file. :returns: what it printed."""
    path = folder / "kakao_token.json"
    path.write_text(json.dumps({**kakao.login(), "app_key": kakao.app_key}))
    written = path.stat().st_mtime - 7 * 3600
    os.utime(path, (written, written))
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        cwd=folder,
        env={**os.environ, **kakao.environment()},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_renew_token(kakao: KakaoEmulator, tmp_path: Path) -> None:
    assert len((EXAMPLES / "renew_token.py").read_text(encoding="utf-8").splitlines()) <= 15
    assert "홍길동" in run(kakao, tmp_path, "renew_token.py")
    assert [record.host for record in kakao.requests] == ["kauth.kakao.com", "kapi.kakao.com"]
    stored = json.loads((tmp_path / "kakao_token.json").read_text(encoding="utf-8"))
    assert stored["app_key"] == kakao.app_key
    assert stored["access_token"] not in str(kakao.token_requests[0].form)


def test_send_to_me(kakao: KakaoEmulator, tmp_path: Path) -> None:
    assert run(kakao, tmp_path, "send_to_me.py", "안녕") == "sent\n"
    (field, template), *_ = kakao.requests[-1].form
    assert field == "template_object"
    assert json.loads(template)["text"] == "안녕"
