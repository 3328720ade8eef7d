"""What a test needs and a machine may lack."""

import os
import shutil
import sys
from importlib import import_module

import pytest

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can do this"
)
on_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has nothing like it")


def program(name):
    """:returns: the program's path; where it is missing, the test is skipped, or fails in CI."""
    return shutil.which(name) or missing(f"no {name} on this machine")


def package(name):
    """:returns: the package; where it is missing, the test is skipped, or fails in CI."""
    try:
        return import_module(name)
    except ImportError:
        if sys.version_info >= (3, 14):
            pytest.skip(f"no {name} here: not every package runs on this Python yet")
        missing(f"no {name} in this environment")


def missing(reason):
    """Skip the test, or fail it where ``KAKAO_SESSION_NO_SKIP=1`` says that nothing may lack."""
    if os.environ.get("KAKAO_SESSION_NO_SKIP") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
