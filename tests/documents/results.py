"""Runs Python, and holds what it gives against the comments that tell it.

The comment at the end of an expression is its result: what it prints, or else its ``repr``, with
``...`` for whatever differs from run to run. Comments anywhere else are for the reader.
"""

import ast
import io
import re
import tokenize
from contextlib import redirect_stdout

_CHECK = "__check__"


def run(source, name, line, namespace):
    """Run a program.

    :param name: of the file that it stands in, at *line*.
    :raises AssertionError: a comment tells something else, or is never reached.
    """
    told = _told(source)
    reached = set()

    def check(evaluate, at):
        with redirect_stdout(io.StringIO()) as printed:
            value = evaluate()
        given = printed.getvalue().rstrip("\n") or repr(value)
        assert matches(told[at], given), f"{name}:{at + line - 1} gives {given!r}"
        reached.add(at)

    marker = _Marker(told)
    program = ast.fix_missing_locations(marker.visit(ast.parse(source)))
    ast.increment_lineno(program, line - 1)
    namespace[_CHECK] = check
    exec(compile(program, name, "exec", dont_inherit=True), namespace)
    missed = {at + line - 1 for at in marker.marked - reached}
    assert not missed, f"{name}: the results in lines {missed} were never reached"


def matches(told, given):
    """Whether *given* is what is *told*, in which ``...`` stands for anything."""
    lines = (line.rstrip() for line in given.splitlines())
    pattern = ".*?".join(re.escape(part) for part in told.split("..."))
    return re.fullmatch(pattern, "\n".join(lines), re.DOTALL) is not None


def _told(source):
    """The comments that stand behind code, by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip()
    }


class _Marker(ast.NodeTransformer):
    """Puts the check around each expression that has a comment."""

    def __init__(self, told):
        self.told = told
        self.marked = set()

    def visit_Expr(self, node):
        assert node.end_lineno is not None
        if node.end_lineno not in self.told:
            return node
        self.marked.add(node.end_lineno)
        nothing = ast.arguments([], [], None, [], [], None, [])
        arguments = [
            ast.Lambda(nothing, node.value),
            ast.Constant(node.end_lineno),
        ]
        call = ast.Call(ast.Name(_CHECK, ast.Load()), arguments, [])
        return ast.copy_location(ast.Expr(ast.copy_location(call, node)), node)
