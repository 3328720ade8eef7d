"""Runs a Python block, and compares its results with the comments in it.

A comment at the end of an expression is its result: what it prints, or else its ``repr``. ``...``
stands for anything. All other comments are for the reader.
"""

import ast
import io
import re
import tokenize
from contextlib import redirect_stdout

_CHECK = "__check__"


def run(source, name, line, namespace):
    """Run a program.

    :param name: the name of the document, in which the program begins at *line*.
    :raises AssertionError: a result differs from its comment, or is never reached.
    """
    expected = _results(source)
    reached = set()

    def check(evaluate, at):
        with redirect_stdout(io.StringIO()) as printed:
            value = evaluate()
        given = printed.getvalue().rstrip("\n") or repr(value)
        assert matches(expected[at], given), f"{name}:{at + line - 1} gives {given!r}"
        reached.add(at)

    marker = _Marker(expected)
    program = ast.fix_missing_locations(marker.visit(ast.parse(source)))
    ast.increment_lineno(program, line - 1)
    namespace[_CHECK] = check
    exec(compile(program, name, "exec", dont_inherit=True), namespace)
    missed = {at + line - 1 for at in marker.marked - reached}
    assert not missed, f"{name}: the results in lines {missed} were never reached"


def matches(expected, given):
    """Whether *given* is *expected*, in which ``...`` stands for anything."""
    lines = (line.rstrip() for line in given.splitlines())
    pattern = ".*?".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, "\n".join(lines), re.DOTALL) is not None


def _results(source):
    """The comments after code, by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip()
    }


class _Marker(ast.NodeTransformer):
    """Puts a check around each expression that has a comment."""

    def __init__(self, expected):
        self.expected = expected
        self.marked = set()

    def visit_Expr(self, node):
        if node.end_lineno not in self.expected:
            return node
        self.marked.add(node.end_lineno)
        nothing = ast.arguments([], [], None, [], [], None, [])
        arguments = [ast.Lambda(nothing, node.value), ast.Constant(node.end_lineno)]
        call = ast.Call(ast.Name(_CHECK, ast.Load()), arguments, [])
        return ast.copy_location(ast.Expr(ast.copy_location(call, node)), node)
