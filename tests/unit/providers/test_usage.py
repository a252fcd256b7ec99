"""Durations that were reported, and what follows from them."""

import pytest

from parley_providers.usage import Timings


def test_what_the_phases_leave_of_the_total_is_waiting_and_templating():
    """As in a request that waited 3.3 s of its 5.0 s for a slot."""
    queued = Timings(load_ns=7_337_552, prefill_ns=112_875_000, decode_ns=1_610_332_000, total_ns=4_994_390_400)
    assert queued.residual_ns == 3_263_845_848


@pytest.mark.parametrize("unknown", ["load_ns", "prefill_ns", "decode_ns", "total_ns"])
def test_an_unknown_phase_makes_the_rest_unknown(unknown):
    """A phase that was not reported is not zero."""
    known = {"load_ns": 1, "prefill_ns": 2, "decode_ns": 3, "total_ns": 10}
    assert Timings(**known).residual_ns == 4
    assert Timings(**{**known, unknown: None}).residual_ns is None
