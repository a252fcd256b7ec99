"""Code that is only to be compared can neither run, nor reach anything, nor take the machine's time or memory."""

import pytest

from parley_agent.python.interpreted import counterexample

HOSTILE = {
    "runs a program": "__import__('os').system('touch {mark}')",
    "opens a file": "open('{mark}', 'w').write('x')",
    "evaluates": 'eval(\'open("{mark}", "w")\')',
    "climbs to every class": "().__class__.__mro__[1].__subclasses__()",
    "looks by a format": "'{{0.__class__}}'.format(n)",
    "a tower of powers": "9**9**9**9",
    "a huge list": "[0] * (10**12)",
    "a huge number": "1 << 10**10",
    "a huge width": "'%1000000000d' % 5",
    "a huge field": "f'{{5:1000000000d}}'",
    "a long range": "list(range(10**11))",
    "a long sum": "sum(range(10**11))",
    "a long search": "-1.5 in range(10**11)",
    "a huge string": "'x'.join(['ab' * 1000] * 10**8)",
    "a number of many digits": "int('9' * 10**7)",
    "no end": "[n for n in iter(int, 1)]",
    "itself": "f(n)",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_code_is_given_up(what, tmp_path):
    """Nothing is found out about it, and nothing happens."""
    mark = tmp_path / "it-ran"
    code = HOSTILE[what].format(mark=mark)
    before, after = f"def f(n):\n    return {code}\n", f"def f(n):\n    found = {code}\n    return found\n"
    assert counterexample(before, after, "f") == (None, 0)
    assert not mark.exists()


@pytest.mark.parametrize("loop", ["while True:\n        n = n", "for _ in range(80):\n        s = s + s"])
def test_a_loop_that_grows_or_never_ends_is_given_up(loop):
    """In steps as in size."""
    before = f"def f(n):\n    s = 'ab'\n    {loop}\n    return s\n"
    assert counterexample(before, before.replace("return s", "return s + ''"), "f") == (None, 0)
