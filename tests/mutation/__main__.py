"""Mutation testing of the core: mutmut, which passes decorated functions by, taught to enter some.

Run as ``python tests/mutation run``; ``table``, ``results`` and ``show NAME`` tell what came of
it. All that it writes is in ``mutants/``.
"""

import gc
import os
from collections import Counter

import click
from libcst.matchers import Call, Decorator, FunctionDef, Name, matches
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.runners.harness import PytestRunner
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import change_cwd, walk_mutatable_files

CACHED = Decorator(decorator=Call(func=Name("lru_cache")))
ENTERED = FunctionDef(
    decorators=[Decorator(decorator=Name("property") | Name("contextmanager")) | CACHED]
)

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
        caught = (count["killed"] + count["timeout"]) / max(1, count.total())
        numbers = [count.total(), *(count[kind] for kind in kinds)]
        click.echo(" | ".join([module, *map(str, numbers), f"{caught:.1%}"]))


def _status(exit_code):
    # What mutmut takes for a time-out, too: pytest did not run.
    return "broken" if exit_code == 255 else status_by_exit_code[exit_code]


if __name__ == "__main__":
    MutationVisitor._skip_node_and_children = _passes_by_fewer
    file_mutation.function_trampoline_arrangement = _arranged_undecorated
    PytestRunner.warm_up = _warm_up
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    cli()
