"""What is wrong with an answer that should be of a schema."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.schema_check import is_schema, problem_of, value_in

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"n": 1}', None),
        ('{"n": 0}', "at $.n: 0 is less than the minimum of 1"),
        ("{}", "at $: 'n' is a required property"),
        ("null", "at $: None is not of type 'object'"),
        ('{"n": 1', "it is not one JSON value"),
        ('{"n": NaN}', "it is not one JSON value"),
        ("[" * 100_000, "it is not one JSON value"),
        ("", "it is not one JSON value"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, problem):
    """So that a model can mend it; NaN is no JSON."""
    assert problem_of(text, SCHEMA) == problem


def test_nothing_is_fetched_for_a_reference_elsewhere():
    """By what is not in the schema nothing is wrong."""
    assert problem_of("1", {"$ref": "http://127.0.0.1:1/schema.json"}) is None
    assert problem_of("1", {"type": "strange"}) is None


@pytest.mark.parametrize(("schema", "one"), [(SCHEMA, True), ({}, True), ({"type": "strange"}, False)])
def test_a_schema_is_told_from_what_is_none(schema, one):
    """By the draft that it names, or the newest."""
    assert is_schema(schema) is one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (' {"n": 1}\n', '{"n": 1}'),
        ('Sure:\n```json\n{"n": 1}\n```\nDone.', '{"n": 1}'),
        ("```\n[1]\n```", "[1]"),
        ('It is {"n": "}"}, I think.', '{"n": "}"}'),
        ("It is [1, 2].", "[1, 2]"),
        ("no value", "no value"),
        ('cut {"n": ', 'cut {"n": '),
        ("7", "7"),
    ],
)
def test_a_value_is_found_within_words(text, value):
    """Fenced or bare; what holds none is as it was."""
    assert value_in(text) == value


@given(VALUES.filter(lambda value: isinstance(value, dict | list)))
def test_every_object_is_found_within_a_fence(value):
    """Whatever stands in its strings."""
    text = json.dumps(value, indent=1)
    if "```" not in text:
        assert json.loads(value_in(f"Here:\n```json\n{text}\n```\nDone.")) == value
