"""Doc comments: each language's way, cleaned text, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_agent.python.errors import EditRefusedError
from parley_agent.syntax import definitions, has_doc_comment, language_of, parse, set_doc_comment


def check(language_id: str, text: str, doc: str, *, at: int = 0, replace: bool = False) -> str:
    tree = parse(text, language_of(language_id, None))
    return set_doc_comment(tree, definitions(tree)[at], doc, replace=replace)


@pytest.mark.parametrize(
    ("language_id", "before", "at", "doc", "after"),
    [
        ("javascript", "function f() {}\n", 0, "Does it.", "/** Does it. */\nfunction f() {}\n"),
        (
            "typescript",
            "class A {\n  @dec()\n  m() {}\n}\n",
            1,
            "Does it.\n\n@returns nothing",
            "class A {\n  /**\n   * Does it.\n   *\n   * @returns nothing\n   */\n  @dec()\n  m() {}\n}\n",
        ),
        ("go", "package p\n\nfunc F() {}\n", 0, "F does\nit.", "package p\n\n// F does\n// it.\nfunc F() {}\n"),
        ("rust", "#[inline]\nfn f() {}\n", 0, "Does it.", "/// Does it.\n#[inline]\nfn f() {}\n"),
        (
            "java",
            "class A {\n    @Override int f() {}\n}\n",
            1,
            "It.",
            "class A {\n    /** It. */\n    @Override int f() {}\n}\n",
        ),
        ("cpp", "template <class T>\nT f() {}\n", 0, "It.", "/** It. */\ntemplate <class T>\nT f() {}\n"),
        ("ruby", "class A\n  def f\n  end\nend\n", 1, "It.", "class A\n  # It.\n  def f\n  end\nend\n"),
        (
            "csharp",
            "class A {\n    [Obsolete]\n    void F() {}\n}\n",
            1,
            "a < b",
            "class A {\n    /// <summary>\n    /// a &lt; b\n    /// </summary>\n    [Obsolete]\n    void F() {}\n}\n",
        ),
        ("lua", "local function f() end\n", 0, "It.", "--- It.\nlocal function f() end\n"),
        ("go", "package p\r\n\r\nfunc F() {}\r\n", 0, "F a.\nb", "package p\r\n\r\n// F a.\r\n// b\r\nfunc F() {}\r\n"),
    ],
)
def test_each_language_writes_doc_comments_its_way(language_id, before, at, doc, after):
    """Above decorators and attributes, indented as the definition, with the file's line ends."""
    assert check(language_id, before, doc, at=at) == after


@pytest.mark.parametrize(
    ("doc", "lines"),
    [
        ("/** Does it. */", ["/** Does it. */"]),
        ("/**\n * Does it.\n * @param a one\n */", ["/**", " * Does it.", " * @param a one", " */"]),
        ("```js\nDoes it.\n```", ["/** Does it. */"]),
        ("Ends */ here", ["/** Ends * / here */"]),
        ("Reads \\users", ["/** Reads \\\\users */"]),
        ("Bell\x07 and\u202e x.", ["/** Bell and x. */"]),
    ],
)
def test_a_models_text_is_cleaned(doc, lines):
    """Comment markers, fences, ends of comments and unprintable characters do not get through."""
    assert check("javascript", "function f() {}\n", doc).split("\n") == [*lines, "function f() {}", ""]


def test_an_existing_doc_comment_is_replaced_only_when_asked():
    """It is refused otherwise."""
    text = "package p\n\n// F is old.\n// Very.\nfunc F() {}\n"
    with pytest.raises(EditRefusedError, match="already"):
        check("go", text, "F is new.")
    assert check("go", text, "F is new.", replace=True) == "package p\n\n// F is new.\nfunc F() {}\n"


@pytest.mark.parametrize(
    ("language_id", "text", "doc", "reason"),
    [
        ("javascript", "function f() {}\n", " \n```\n", "empty"),
        ("javascript", "x(); function f() {}\n", "It.", "begin its line"),
        ("python", "def f(): pass\n", "It.", "Python"),
        ("ruby", "def f\nend\n", "frozen_string_literal: true", "without changing the code"),
    ],
)
def test_what_cannot_be_documented_is_refused(language_id, text, doc, reason):
    """With the reason, and without an edit."""
    with pytest.raises(EditRefusedError, match=reason):
        check(language_id, text, doc)


def test_a_comment_apart_from_the_definition_documents_nothing():
    """A blank line, or another kind of comment, is no documentation."""
    text = "/** A file. */\n\nfunction f() {}\n// note\nfunction g() {}\n"
    tree = parse(text, language_of("javascript", None))
    assert [has_doc_comment(tree, each) for each in definitions(tree)] == [False, False]


@given(
    st.text(max_size=80), st.sampled_from(["javascript", "go", "rust", "csharp", "ruby", "lua", "php", "shellscript"])
)
def test_no_text_breaks_out_of_its_comment(doc, language_id):
    """Whatever a model says, the code stays as it is, or the edit is refused."""
    texts = {
        "javascript": "function f() {}\n",
        "go": "package p\n\nfunc f() {}\n",
        "rust": "fn f() {}\n",
        "csharp": "class A {}\n",
        "ruby": "def f\nend\n",
        "lua": "local function f() end\n",
        "php": "<?php\n\nfunction f() {}\n",
        "shellscript": "f() { true; }\n",
    }
    before = texts[language_id]
    try:
        after = check(language_id, before, doc)
    except EditRefusedError:
        after = before
    assert after.endswith(before.splitlines()[-1] + "\n")
    assert not parse(after, language_of(language_id, None)).errors()
