"""When garbage is looked for."""

import pytest

from parley_server.lsp.garbage import QUIET_S, TOO_MUCH, WORTHWHILE, Garbage


@pytest.mark.parametrize(
    ("gathered", "quiet_s", "looks"),
    [
        (WORTHWHILE - 1, QUIET_S, False),
        (WORTHWHILE, QUIET_S - 0.1, False),
        (WORTHWHILE, QUIET_S, True),
        (TOO_MUCH, 0.0, True),
    ],
)
def test_all_is_looked_at_in_a_pause_or_when_much_has_gathered(gathered, quiet_s, looks):
    """Not while messages come and go, and not for nothing."""
    looked = []
    garbage = Garbage(lambda: gathered, lambda: looked.append(True))
    garbage.talked(100.0)
    garbage.look(100.0 + quiet_s)
    assert bool(looked) is looks
