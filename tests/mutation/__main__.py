"""Mutation testing of the core: mutmut, which passes decorated functions by, taught to enter some.

Run as ``python tests/mutation run``; ``table``, ``results`` and ``show NAME`` tell what came of
it. All that it writes is in ``mutants/``. ``again`` tries what has not been caught once more,
without mutmut's own frames on the stack, which mislead some tests.
"""

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from libcst.matchers import (
    Call,
    Decorator,
    Expr,
    FunctionDef,
    Name,
    SimpleStatementLine,
    SimpleString,
    findall,
    matches,
)
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import (
    read_functions_from_index,
    read_mutant_function,
    read_mutants_module,
    read_orig_module,
    read_original_function,
)
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.runners.harness import PytestRunner
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import change_cwd, walk_mutatable_files

CACHED = Decorator(decorator=Call(func=Name("lru_cache")))
ENTERED = FunctionDef(
    decorators=[Decorator(decorator=Name("property") | Name("contextmanager")) | CACHED]
)

CAUGHT = ("killed", "timeout")

_passes_by = MutationVisitor._skip_node_and_children
_arranged = file_mutation.function_trampoline_arrangement


def _passes_by_fewer(self, node):
    return not matches(node, ENTERED) and _passes_by(self, node)


def _arranged_undecorated(function, mutants, class_name):
    """Leave the decorator to the trampoline, which calls the original or a mutant."""
    declared, (trampoline, *copies), assigned, names = _arranged(function, mutants, class_name)
    if matches(function, ENTERED):
        copies = [twin.with_changes(decorators=[]) for twin in copies]
        if matches(function, FunctionDef(decorators=[CACHED])):
            # From a cache, a test would get what an earlier one has made of the original.
            trampoline = trampoline.with_changes(decorators=trampoline.decorators[1:])
    return declared, [trampoline, *copies], assigned, names


class _FreshIds:
    def pytest_collection_finish(self, session):
        # An id that is kept is escaped once more when another process collects the tests again.
        for item in session.items:
            for mark in item.iter_markers("parametrize"):
                if mark._param_ids_from:
                    object.__setattr__(mark._param_ids_from, "_param_ids_generated", None)


def _warm_up(self):
    with change_cwd("mutants"):
        selection = self._pytest_add_cli_args_test_selection
        self.execute_pytest(["--collect-only", "-qqq", *selection], plugins=[_FreshIds()])
    gc.freeze()  # pytest collects garbage twice for each mutant


@cli.command()
def table():
    """What came of the mutants of each module."""
    counts = {}
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        counts[str(path)] = Counter(map(_status, data.exit_code_by_key.values()))
    counts["all"] = sum(counts.values(), Counter())
    kinds = sorted(counts["all"])
    click.echo(" | ".join(["module", "mutants", *kinds, "score"]))
    for module, count in counts.items():
        caught = sum(count[kind] for kind in CAUGHT) / max(1, count.total())
        numbers = [count.total(), *(count[kind] for kind in kinds)]
        click.echo(" | ".join([module, *map(str, numbers), f"{caught:.1%}"]))


@cli.command()
@click.argument("pattern")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--max-children", default=2)
@click.option("--seconds", default=300.0, help="The longest time for one mutant.")
def again(pattern, pytest_arguments, max_children, seconds):
    """Try mutants whose name matches PATTERN, and that have not been caught, with these tests.

    Each is written into the source of a copy of the project, so no frame of mutmut is on the stack.
    """
    every = []
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        every += [
            (data, name)
            for name, code in data.exit_code_by_key.items()
            if _status(code) not in CAUGHT and re.search(pattern, name)
        ]

    def tried(mutant):
        data, name = mutant
        with tempfile.TemporaryDirectory() as folder:
            copy = _copy(Path(folder, "project"))
            source = _mutated(data.path, name)
            if source is None:
                return None
            (copy / data.path).write_text(source, encoding="utf-8")
            return _tested(copy, pytest_arguments, seconds)

    with ThreadPoolExecutor(max_children) as pool:
        for (data, name), code in zip(every, pool.map(tried, every), strict=True):
            click.echo(f"{_status(code)} {name}")
            data.exit_code_by_key[name] = code
            data.save()


def _copy(folder):
    left_out = shutil.ignore_patterns("mutants", ".git", ".venv", "__pycache__", ".*_cache")
    return shutil.copytree(Path.cwd(), folder, ignore=left_out, symlinks=True)


def _mutated(path, name):
    """The source of a module with this mutant; ``None`` if the original has changed since."""
    functions = read_functions_from_index(name, path)
    if functions is None:
        mutants = read_mutants_module(path)
        functions = read_original_function(mutants, name), read_mutant_function(mutants, name)
    original, mutant = functions
    module = read_orig_module(path)
    same = [
        each for each in findall(module, FunctionDef()) if _bare(each).deep_equals(_bare(original))
    ]
    if not same:
        return None
    place = same[0]
    mutant = mutant.with_changes(decorators=place.decorators, leading_lines=place.leading_lines)
    return module.deep_replace(place, mutant).code


def _bare(function):
    """A function without what may have been edited since the mutants were made."""
    first, *others = function.body.body
    documented = matches(first, SimpleStatementLine(body=[Expr(value=SimpleString())]))
    body = function.body.with_changes(body=others if documented and others else [first, *others])
    return function.with_changes(
        decorators=[], leading_lines=[], lines_after_decorators=[], body=body
    )


def _tested(copy, pytest_arguments, seconds):
    """The exit code of the tests in a copy of the project."""
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        return subprocess.run(
            [*pytest, *pytest_arguments],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            stdout=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return 36


def _status(exit_code):
    # What mutmut takes for a time-out, too: pytest did not run.
    return "broken" if exit_code == 255 else status_by_exit_code[exit_code]


if __name__ == "__main__":
    MutationVisitor._skip_node_and_children = _passes_by_fewer
    file_mutation.function_trampoline_arrangement = _arranged_undecorated
    PytestRunner.warm_up = _warm_up
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    cli()
