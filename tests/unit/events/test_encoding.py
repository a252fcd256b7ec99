"""JSON text of events' data: the same with the standard library's encoder in C and without it."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_events.encoding import encoder

IN_C = encoder(json.encoder.c_make_encoder)
WITHOUT_C = encoder(None)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_both_encoders_write_the_same_compact_text(value):
    """It is what `json.dumps` writes without blanks and escapes, and it reads back as the value."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert (IN_C(value), WITHOUT_C(value), json.loads(text)) == (text, text, value)


@pytest.mark.parametrize("encode", [IN_C, WITHOUT_C])
@pytest.mark.parametrize(
    ("value", "error"), [(math.nan, ValueError), ({"a": math.inf}, ValueError), ([{1}], TypeError)]
)
def test_what_json_does_not_know_is_refused(encode, value, error):
    """Neither NaN nor sets become something else."""
    with pytest.raises(error):
        encode(value)


@pytest.mark.parametrize("encode", [IN_C, WITHOUT_C])
def test_a_circle_ends_in_an_error(encode):
    """It is not followed for ever."""
    circle = []
    circle.append(circle)
    with pytest.raises(RecursionError):
        encode(circle)
