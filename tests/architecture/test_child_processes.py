"""How the product starts other programs: without a shell, and never with the present folder among Python's imports."""

import ast

from support.house import modules

SHELLS = {"system", "popen", "create_subprocess_shell", "getoutput", "getstatusoutput"}


def calls():
    """Every call in the product, with its module's name."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                yield module.name, node


def test_no_program_is_started_by_a_shell():
    """Words that mean something to a shell are plain arguments everywhere."""
    found = [
        f"{name}: {ast.unparse(call)}"
        for name, call in calls()
        if (isinstance(call.func, ast.Attribute) and call.func.attr in SHELLS)
        or any(each.arg == "shell" for each in call.keywords)
    ]
    assert found == []


def test_every_python_that_is_started_leaves_the_present_folder_out():
    """`python -m` would import from there first, so a repository could run as Parley; `-P` keeps it out."""
    commands = [
        [ast.unparse(each) for each in node.elts]
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Tuple | ast.List)
    ]
    ours = [words for words in commands if "sys.executable" in words]
    assert ours
    assert [words for words in ours if words[:3] != ["sys.executable", "'-P'", "'-m'"]] == []
