"""Definitions and imports that are known from an older tree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.syntax import carry_over, definitions, imports, language_of
from parley_agent.syntax.definitions import definitions_within, imports_within
from support.language_samples import SAMPLES
from support.parsed import parsed

PIECES = st.text(alphabet="a(){};:\n é😀#/", max_size=5) | st.sampled_from(
    ["def f(x):\n    return x\n", "// remark\n", "# remark\n", "import os\n", "@a\n", "\n\n", "function g() {}\n", "x"]
)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_what_is_carried_over_is_what_is_there(name, data):
    """Whatever is typed, deleted or doubled, in every language: the same as looking at all of the text."""
    language, text = language_of(name, None), SAMPLES[name]
    text = text + "\n" + text if data.draw(st.booleans()) else text
    before = parsed(text, language)
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 30)))
    changed = text[:start] + data.draw(PIECES | st.just(text[start : end + 20])) + text[end:]
    after = parsed(changed, language, like=before)
    carry_over(before, after)
    assert (definitions(after), imports(after)) == (definitions_within(after), imports_within(after))


def test_a_long_text_is_not_looked_at_again():
    """Only the definition that changed is looked for anew; those behind it have moved."""
    text = "".join(f"def f{number}(a):\n    return a\n\n\n" for number in range(20))
    language = language_of("python", None)
    before = parsed(text, language)
    after = parsed(text.replace("f7(a):\n", "f7(a):\n    # as it is\n"), language, like=before)
    carry_over(before, after)
    assert after.kept("definitions", tuple)[8:] != ()
    assert [each.name for each in definitions(after)] == [f"f{number}" for number in range(20)]
    assert definitions(after) == definitions_within(after)
