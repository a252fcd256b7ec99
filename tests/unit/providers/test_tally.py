"""What requests and the session used and cost while a process runs."""

from dataclasses import replace

import pytest

from parley_providers.tally import Spent, Tally
from parley_providers.usage import Usage
from support.records import WARM

REMOTE = replace(
    WARM,
    origin="https://api.example.com",
    correlation_id="far",
    usage=Usage(prompt_tokens=1240, output_tokens=210),
    cost_usd=0.0031,
)


def spent_of(*records, request="far"):
    tally = Tally()
    for record in records:
        tally.add(record)
    return tally.spent(request)


def test_every_call_of_a_request_counts_and_the_session_has_all():
    """A repair and a failure cost, too; another request's calls are the session's alone."""
    other = replace(REMOTE, correlation_id="other", cost_usd=0.0089)
    assert spent_of(REMOTE, other, replace(REMOTE, outcome="server")) == Spent(
        calls=2, prompt_tokens=2480, output_tokens=420, cost_usd=0.0062, remote=True, session_usd=pytest.approx(0.0151)
    )


def test_a_request_without_calls_used_nothing_that_is_known():
    """None, not zero."""
    assert spent_of(request="none") is None


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ((REMOTE,), "1,240 in / 210 out, $0.0031, session $0.0031"),
        ((replace(WARM, correlation_id="far", cost_usd=0.0),), "600 in / 40 out, free, 12 s"),
        ((replace(REMOTE, cost_usd=None),), "1,240 in / 210 out, cost unknown"),
        (
            (REMOTE, replace(REMOTE, cost_usd=None)),
            "2,480 in / 420 out, $0.0031 and what is unknown, session $0.0031 and what is unknown",
        ),
        ((REMOTE, replace(REMOTE, usage=Usage())), "1,240+ in / 210+ out, $0.0062, session $0.0062"),
        ((replace(WARM, correlation_id="far", usage=Usage()),), "tokens unknown, free, 12 s"),
    ],
)
def test_it_is_told_in_one_line(records, sentence):
    """Unknown is told as unknown, and what stays on this machine as free."""
    assert spent_of(*records).sentence(12.2) == sentence


def test_a_call_reaches_the_other_observer_too():
    """The tally stands before the records, not in their place."""

    class Kept(list):
        def observe(self, record):
            self.append(record)

    kept, tally = Kept(), Tally()
    tally.before(kept).observe(REMOTE)
    assert (kept, tally.spent("far").calls) == ([REMOTE], 1)


def test_only_the_latest_requests_are_remembered():
    """A server may run for weeks."""
    tally = Tally()
    for number in range(300):
        tally.add(replace(REMOTE, correlation_id=str(number)))
    assert (tally.spent("0"), tally.spent("299").session_usd) == (None, pytest.approx(300 * 0.0031))
