"""Parsing: errors, languages, and offsets in code points."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.document import Span
from parley_agent.syntax import LANGUAGES, comments, definitions, identifiers, imports, language_of, parse
from parley_agent.syntax.offsets import Offsets
from parley_agent.syntax.tree import query_of
from support.language_samples import SAMPLES


@pytest.mark.parametrize(
    ("language_id", "path", "expected"),
    [
        ("python", None, "python"),
        ("typescriptreact", None, "typescriptreact"),
        ("", "/a/b.TS", "typescript"),
        ("plaintext", "/a/b.go", "go"),
        ("", "/a/b", None),
        ("cobol", None, None),
    ],
)
def test_a_language_is_known_by_id_or_by_extension(language_id, path, expected):
    """The editor's language id counts first, then the path's extension."""
    found = language_of(language_id, path)
    assert (found and found.id) == expected


def test_no_two_languages_share_an_id_or_an_extension():
    """Which language a document is in does not depend on the order of a table."""
    for keys in ([i for each in LANGUAGES for i in each.lsp_ids], [e for each in LANGUAGES for e in each.extensions]):
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("language_id", "text", "expected"),
    [
        ("python", "def f(:\n    pass\n", True),
        ("go", "package a\nfunc f( {}\n", True),
        ("javascript", "const a = ;\n", True),
        ("typescript", "let a: = 1;\n", True),
        ("python", "def f(): pass\n", False),
        ("typescript", "let a: number = 1;\n", False),
    ],
)
def test_errors_are_told(language_id, text, expected):
    """A text that does not parse has errors, all within the text; one that does has none."""
    found = parse(text, language_of(language_id, None)).errors()
    assert bool(found) == expected
    assert all(span.end <= len(text) for span in found)


@given(st.text())
def test_offsets_convert_both_ways(text):
    """Every code point's byte offset leads back to it, whatever the text, lone surrogates included."""
    offsets = Offsets(text)
    places = range(len(text) + 1)
    assert [offsets.to_code_point(offsets.to_byte(at)) for at in places] == list(places)
    assert offsets.slice(0, len(offsets.data)) == text


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("filler", ["x", "é", "漢", "😀", "\t"])
def test_spans_are_code_points(filler, newline):
    """A definition behind characters of any width, and after any line end, is found where the text has it."""
    text = newline.join([f"s = '{filler * 3}'", f"def f(a):  # {filler}", f"    return '{filler}' + a", ""])
    tree = parse(text, language_of("python", None))
    (found,) = definitions(tree)
    assert text[found.span.start : found.span.end] == text[text.index("def") :].rstrip()
    assert [text[span.start : span.end] for span in comments(tree)] == [f"# {filler}"]
    assert [text[each.span.start : each.span.end] for each in identifiers(tree)] == ["s", "f", "a", "a"]


@given(
    st.sampled_from(LANGUAGES),
    st.text(alphabet=st.sampled_from("ab1 \n\r\t(){}[]:;,.=<>+\"'/*#@`$é😀def"), max_size=60),
)
@settings(deadline=None)
def test_any_text_parses_into_spans_within_it(language, text):
    """No text fails; whatever is found lies within the text, and names are what stands at their spans."""
    tree = parse(text, language)
    whole = Span(start=0, end=len(text))
    found = definitions(tree)
    assert all(whole.contains(span) for span in tree.errors())
    assert all(whole.contains(span) for each in found for span in (each.span, each.body, each.signature))
    assert all(text[each.span.start : each.span.end] == each.name for each in identifiers(tree))


@pytest.mark.parametrize("name", [each.id for each in LANGUAGES])
def test_what_is_found_in_a_long_text_is_what_is_found_in_its_parts(name):
    """Long texts are searched in pieces; nothing is lost between them, or found twice."""
    language, sample = language_of(name, None), SAMPLES[name]
    copies = 40_000 // len(sample)
    long, two = parse(sample * copies, language), parse(sample * 2, language)
    for question in (comments, imports, lambda tree: [each.span for each in identifiers(tree)]):
        assert list(question(long)) == repeated(question(two), len(sample), copies)
    assert [each.name for each in definitions(long)] == [
        each.name for each in definitions(parse(sample, language))
    ] * copies


def repeated(spans, length, copies):
    """The spans in a text of many copies, from those in one of two."""
    last = [span for span in spans if span.start >= length]
    more = [
        Span(start=span.start + length * each, end=span.end + length * each)
        for each in range(1, copies - 1)
        for span in last
    ]
    return [*spans, *more]


def test_a_large_file_takes_linear_work():
    """50,000 lines are read with a number of Python calls that grows as the text does, not as its square."""
    text = "".join(f"# about {i}\ndef f{i}(a):\n    b = a\n    return b\n\n" for i in range(10_000))
    small, large = calls_for(text[: len(text) // 10]), calls_for(text)
    assert large < 15 * small


def calls_for(text: str) -> int:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        tree = parse(text, language_of("python", None))
        definitions(tree)
        identifiers(tree)
    finally:
        sys.setprofile(None)
    return calls


def test_a_query_that_several_threads_need_is_read_once():
    """Reading one stops every thread until it is done: for each that reads it again, the loop waits once more."""
    language = language_of("typescript", None)
    for number in range(5):
        text = f"{language.queries.names}; {number} of several threads"
        together = Barrier(3)

        def read(text=text, together=together):
            together.wait()
            return query_of(language, text)

        with ThreadPoolExecutor(3) as threads:
            found = [each.result() for each in [threads.submit(read) for _ in range(3)]]
        assert found[1:] == [found[0], found[0]]
