"""Every language: its sample parses, its definitions are found, and the edits made by its grammar are proved."""

import pytest

from parley_agent.document import Span
from parley_agent.python.errors import EditRefusedError
from parley_agent.syntax import (
    LANGUAGES,
    comments,
    definitions,
    equal_up_to_local_renaming,
    equal_without_comments,
    has_doc_comment,
    identifiers,
    imports,
    parse,
    rename_locals,
    renameable_locals,
    set_doc_comment,
)
from parley_agent.syntax.tree import _queries
from support.language_samples import DEFINED, SAMPLES

each_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.id)


@each_language
def test_a_valid_sample_parses_without_errors(language):
    """The grammar's wheel works with this tree-sitter, and knows the language."""
    assert parse(SAMPLES[language.id], language).errors() == ()


@each_language
def test_queries_fit_the_grammar(language):
    """Every query compiles against the installed grammar."""
    queries = language.queries
    for query in (queries.structure, queries.names, queries.locals, queries.opaque):
        assert bool(_queries(language, query)) == bool(query)


@each_language
def test_definitions_of_the_sample_are_found(language):
    """Kinds, qualified names and parameters."""
    found = definitions(parse(SAMPLES[language.id], language))
    assert tuple(f"{d.kind} {d.qualified_name}({', '.join(d.parameters)})" for d in found) == DEFINED[language.id]


@each_language
def test_definitions_nest_and_hold_their_parts(language):
    """Two definitions are apart or one is inside the other; signature and body lie within."""
    found = definitions(parse(SAMPLES[language.id], language))
    for each in found:
        assert each.span.contains(each.signature)
        assert each.span.contains(each.body)
        for other in found:
            apart = each.span.end <= other.span.start or other.span.end <= each.span.start
            assert apart or each.span.contains(other.span) or other.span.contains(each.span)


@each_language
def test_names_stand_where_they_are_said_to(language):
    """Slices match names; comments and imports begin as such."""
    text = SAMPLES[language.id]
    tree = parse(text, language)
    assert all(text[each.span.start : each.span.end] == each.name for each in identifiers(tree))
    assert all(text[each.start] in "#/-" for each in comments(tree))
    assert all(text[each.start] not in " \n" for each in imports(tree))


@each_language
def test_any_part_of_a_sample_parses_without_failing(language):
    """Half a file has errors, not exceptions, and whatever is found lies within it."""
    text = SAMPLES[language.id]
    for end in range(0, len(text), max(1, len(text) // 12)):
        half = text[:end]
        whole = Span(start=0, end=end)
        tree = parse(half, language)
        assert all(whole.contains(each.span) for each in (*definitions(tree), *identifiers(tree)))


@each_language
def test_taking_out_comments_leaves_an_equal_text(language):
    """Comments are no part of the code, wherever they stand; directives are."""
    text = SAMPLES[language.id]
    tree = parse(text, language)
    bare = text
    for span in reversed(comments(tree)):
        if not text[span.start :].startswith("#!"):
            bare = bare[: span.start] + bare[span.end :]
    assert bare != text or not comments(tree)
    assert equal_without_comments(tree, parse(bare, language))


@each_language
def test_every_renameable_local_can_be_renamed(language):
    """What is offered works, and is proved; leaving one use out is noticed, and so is a new name in use."""
    text = SAMPLES[language.id]
    tree = parse(text, language)
    sigil = "$" if language.id == "php" else ""
    for definition in definitions(tree):
        for local in renameable_locals(tree, definition):
            new = f"{sigil}renamed_thing"
            after = rename_locals(tree, definition, {local.name: new})
            assert equal_up_to_local_renaming(tree, parse(after, language), {local.name: new})
            if after.count(new) > 1:
                partly = after[: after.rindex(new)] + local.name + after[after.rindex(new) + len(new) :]
                assert not equal_up_to_local_renaming(tree, parse(partly, language), {local.name: new})


@each_language
def test_a_doc_comment_is_set_as_the_language_writes_it(language):
    """It stands directly above, is found again, and changes nothing but comments; else it is refused."""
    text = SAMPLES[language.id]
    tree = parse(text, language)
    for definition in definitions(tree):
        if language.doc_style is None or text[: definition.span.start].split("\n")[-1].strip():
            with pytest.raises(EditRefusedError):
                set_doc_comment(tree, definition, "Does it.")
            continue
        after = parse(set_doc_comment(tree, definition, "Does it.\n\nAnd more.", replace=True), language)
        (same,) = [
            d for d in definitions(after) if d.signature.end - len(after.text) == definition.signature.end - len(text)
        ]
        above = after.text[same.span.start : same.signature.start]
        assert has_doc_comment(after, same)
        assert ("Does it." in above, "And more." in above) == (True, True)
        assert equal_without_comments(tree, after)
