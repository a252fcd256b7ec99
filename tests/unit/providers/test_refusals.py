"""What a status alone says, and how long a server asks to wait."""

import pytest

from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    RateLimitedError,
    ServerError,
)
from parley_providers.refusals import Refusal, error_of_status, retry_after_s


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, BadRequestError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, ModelNotFoundError),
        (408, DeadlineExceededError),
        (422, BadRequestError),
        (429, RateLimitedError),
        (499, ServerError),
        (500, ServerError),
        (501, ServerError),
        (503, OverloadedError),
        (529, OverloadedError),
    ],
)
def test_a_status_makes_an_error(status, kind):
    """4xx is the request's fault, 5xx the server's."""
    error = error_of_status(Refusal(status=status), "", provider="p", model="m")
    assert (type(error), error.status, error.provider, error.model) == (kind, status, "p", "m")
    assert "it gave no reason" in str(error)


def test_a_refusal_keeps_what_the_headers_tell():
    """How long to wait, and the id for the vendor's support."""
    refusal = Refusal.of(429, b"slow down", {"retry-after": "7", "x-request-id": "r1"})
    error = error_of_status(refusal, refusal.text, provider="p", model="m")
    assert (error.retry_after_s, error.request_id) == (7.0, "r1")
    assert str(error) == "p refused the request (HTTP 429): slow down. Wait 7 s, or choose another model."


def test_an_error_within_an_answer_has_no_status():
    """It began with 200, which says nothing about the failure."""
    error = error_of_status(Refusal(status=200), "it fell over", provider="p", model="m")
    assert (type(error), error.status, str(error)) == (
        ServerError,
        None,
        "p failed in the middle of its answer: it fell over. Try again. If it stays so, its own log says why.",
    )


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        (None, None, None),
        ("0", None, 0.0),
        ("2.5", None, 2.5),
        ("-3", None, 0.0),
        ("inf", None, None),
        ("nan", None, None),
        ("soon", None, None),
        ("Sat, 21 Nov 2026 10:00:30 GMT", "Sat, 21 Nov 2026 10:00:00 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", "Sat, 21 Nov 2026 10:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 10:00:30 GMT", None, None),
        ("Sat, 21 Nov 2026 10:00:30 GMT", "Sat, 21 Nov 2026 10:00:00 -0000", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_against_the_servers_own(value, date, seconds):
    """Never our clock against theirs; nonsense is unknown."""
    assert retry_after_s(value, date) == seconds


def test_a_body_of_any_bytes_is_text():
    """What is not UTF-8 is still shown."""
    assert Refusal(status=500, body=b"\xff oh ").text == "\N{REPLACEMENT CHARACTER} oh"
