"""A proposal is shown as a diff that `patch` would apply."""

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.document import Document, NewFile, Span, TextEdit
from parley_server.diffs import proposal_diff

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\n"]), max_size=40).map("".join)


def whole(before, after, path="f.txt"):
    document = Document(uri="file:///f.txt", language="text", text=before, path=path)
    return proposal_diff(document, (TextEdit(span=Span(start=0, end=len(before)), new_text=after),), ())


def test_a_diff_has_three_lines_around_the_change_and_true_numbers():
    """As `git diff` shows it."""
    before = "".join(f"{number}\n" for number in range(1, 21))
    assert whole(before, before.replace("10\n", "ten\n")) == (
        "--- f.txt\n+++ f.txt\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_a_new_file_comes_from_nothing():
    """It has no old side."""
    document = Document(uri="file:///f.py", language="python", text="x\n", path="f.py")
    shown = proposal_diff(document, (), (NewFile(path="t.py", text="y\n"),))
    assert shown == "--- /dev/null\n+++ t.py\n@@ -0,0 +1 @@\n+y\n"


def test_a_missing_newline_at_the_end_is_told():
    """The last line without one is not shown as if it had it."""
    assert (
        whole("a", "b")
        == "--- f.txt\n+++ f.txt\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )


@settings(max_examples=40, deadline=None)
@given(before=LINES, after=LINES)
def test_the_diff_applied_to_the_old_text_gives_the_new(before, after, tmp_path_factory):
    """What is shown is what would change."""
    file = tmp_path_factory.mktemp("diff") / "f.txt"
    file.write_text(before)
    shown = whole(before, after, path=str(file))
    if shown:
        subprocess.run(["git", "apply", "--unsafe-paths", "-p0", "-"], input=shown, text=True, cwd="/", check=True)
    assert (file.read_text() if file.exists() else "") == after
