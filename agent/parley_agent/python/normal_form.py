"""A normal form of function bodies: what has the same one does the same, whatever its values are and do.

Each step keeps which expressions are evaluated and which truths are asked, how often and in what order. Only the
shape of branches, negations in tests, and names for what is returned at once are brought into one form; nothing is
assumed of operators, calls or types.
"""

from __future__ import annotations

import ast
from copy import deepcopy

_JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OPPOSITES: tuple[tuple[type[ast.cmpop], type[ast.cmpop]], ...] = ((ast.Is, ast.IsNot), (ast.In, ast.NotIn))
# With these a function can see its own names.
_LOOKS_AT_ITSELF = frozenset({"locals", "vars", "dir", "eval", "exec", "globals", "_getframe", "currentframe", "stack"})


def same_normal_form(before: str, after: str) -> bool:
    """Whether two whole texts are one program but for the shape of their functions' bodies; False if in doubt."""
    try:
        trees = [normalised(ast.parse(text.removeprefix("\ufeff"))) for text in (before, after)]
        return ast.dump(trees[0]) == ast.dump(trees[1])
    except (SyntaxError, ValueError, RecursionError):
        return False


def normalised(tree: ast.Module) -> ast.Module:
    """A copy of `tree` whose functions have their bodies in normal form."""
    copied = deepcopy(tree)
    for node in ast.walk(copied):
        if isinstance(node, _FUNCTIONS):
            has_docstring = ast.get_docstring(node, clean=False) is not None
            head, rest = node.body[:1], node.body[1:]
            if not has_docstring and not isinstance(head[0], ast.Pass):
                head, rest = [], node.body
            node.body = [*head, *_block([*rest, ast.Return(value=None)], _single_names(node))]
    return copied


def _single_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """The names that the function writes down exactly twice, in no other place than the two."""
    counts: dict[str, int] = {}
    for inner in ast.walk(node):
        for _, value in ast.iter_fields(inner):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str):
                    counts[each] = counts.get(each, 0) + 1
    if _LOOKS_AT_ITSELF & counts.keys():
        return frozenset()
    return frozenset(name for name, count in counts.items() if count == 2)


def _block(statements: list[ast.stmt], names: frozenset[str]) -> list[ast.stmt]:
    done: list[ast.stmt] = []
    for at, statement in enumerate(statements):
        tail = statements[at + 1 :]
        match statement:
            case ast.Pass():
                continue
            case ast.Return() if tail and all(_is_bare_return(each) for each in tail):
                return [*done, *_block([_returned(statement)], names)]
            case ast.Return(value=ast.IfExp(test=test, body=one, orelse=other)):
                done += _branch(test, [ast.Return(value=one)], [ast.Return(value=other)], names)
            case ast.Return():
                done.append(_returned(statement))
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                name in names and tail and _returns_name(tail[0], name)
            ):
                return [*done, *_block([ast.Return(value=value), *tail[1:]], names)]
            case ast.If():
                merged = _merged(statement)
                if tail and _always_jumps(merged.body):
                    return [*done, *_branch(merged.test, merged.body, [*merged.orelse, *tail], names)]
                if tail and _always_jumps(merged.orelse):
                    return [*done, *_branch(merged.test, [*merged.body, *tail], merged.orelse, names)]
                done += _branch(merged.test, merged.body, merged.orelse, names)
            case _:
                done.append(_inside(statement, names))
    return done


def _is_bare_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and _is_none(statement.value)


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _returned(statement: ast.Return) -> ast.Return:
    return ast.Return(value=statement.value or ast.Constant(value=None))


def _returns_name(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name) and statement.value.id == name


def _merged(statement: ast.If) -> ast.If:
    """Two tests, one directly inside of the other and neither with an `else`, as one."""
    while not statement.orelse:
        match statement.body:
            case [ast.If(test=test, body=body, orelse=[])]:
                both = ast.BoolOp(op=ast.And(), values=[statement.test, test])
                statement = ast.If(test=both, body=body, orelse=[])
            case _:
                break
    return statement


def _always_jumps(statements: list[ast.stmt]) -> bool:
    match statements:
        case [*_, ast.If(body=body, orelse=orelse)]:
            return _always_jumps(body) and _always_jumps(orelse)
        case [*_, last]:
            return isinstance(last, _JUMPS)
        case _:
            return False


def _branch(test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], names: frozenset[str]) -> list[ast.stmt]:
    """An `if` whose test is no negation, as long as there is something to do otherwise."""
    test = _truth(test)
    yes, no = _block(body, names), _block(orelse, names)
    if (no or not yes) and (positive := _unnegated(test)) is not None:
        test, yes, no = positive, no, yes
    if not yes and no:
        test, yes, no = _truth(ast.UnaryOp(op=ast.Not(), operand=test)), no, []
    match yes, no:
        case [ast.Return(value=one)], [ast.Return(value=other)] if one and other:
            return [ast.Return(value=_chosen(test, one, other))]
        case _:
            return [ast.If(test=test, body=yes or [ast.Pass()], orelse=no)]


def _chosen(test: ast.expr, one: ast.expr, other: ast.expr) -> ast.expr:
    """`one if test else other`; where both are plain truths and the test is one, the test itself."""
    if _is_truth(test) and isinstance(one, ast.Constant) and isinstance(other, ast.Constant):
        if one.value is True and other.value is False:
            return test
        if one.value is False and other.value is True and isinstance(test, ast.Compare):
            return _truth(ast.UnaryOp(op=ast.Not(), operand=test))
    return ast.IfExp(test=test, body=one, orelse=other)


def _is_truth(test: ast.expr) -> bool:
    """Whether the value is True or False itself."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()]):
            return True
        case _:
            return False


def _truth(test: ast.expr) -> ast.expr:
    """A test of which only the truth counts: double negations gone, `not` drawn inward, like operators in one."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.UnaryOp(op=ast.Not(), operand=inner)):
            return _truth(inner)
        case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=op, values=values)):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            return _truth(ast.BoolOp(op=other, values=[ast.UnaryOp(op=ast.Not(), operand=each) for each in values]))
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[op]) as compared):
            for one, other_kind in (*_OPPOSITES, *((b, a) for a, b in _OPPOSITES)):
                if isinstance(op, one):
                    return ast.Compare(left=compared.left, ops=[other_kind()], comparators=compared.comparators)
            return test
        case ast.BoolOp(op=op, values=values):
            flat: list[ast.expr] = []
            for each in map(_truth, values):
                is_same = isinstance(each, ast.BoolOp) and type(each.op) is type(op)
                flat += each.values if isinstance(each, ast.BoolOp) and is_same else [each]
            return ast.BoolOp(op=op, values=flat)
        case _:
            return test


def _unnegated(test: ast.expr) -> ast.expr | None:
    """What `test` negates; None if it negates nothing."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return inner
        case ast.Compare(ops=[ast.IsNot()]):
            return ast.Compare(left=test.left, ops=[ast.Is()], comparators=test.comparators)
        case ast.Compare(ops=[ast.NotIn()]):
            return ast.Compare(left=test.left, ops=[ast.In()], comparators=test.comparators)
        case _:
            return None


def _inside(statement: ast.stmt, names: frozenset[str]) -> ast.stmt:
    """A statement with the blocks inside of it in normal form; functions and classes are left to themselves."""
    if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
        return statement
    if isinstance(statement, ast.While):
        statement.test = _truth(statement.test)
    for part in (statement, *getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        for field in ("body", "orelse", "finalbody"):
            if held := getattr(part, field, None):
                setattr(part, field, _block(held, names) or ([ast.Pass()] if field != "orelse" else []))
    return statement
