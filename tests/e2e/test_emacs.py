"""A real Emacs, configured as docs/editors.md says, with a real server process: what a person has in the end."""

from __future__ import annotations

import sys

import pytest

from support.house import ROOT
from support.local_models import SMALL, obtain
from support.real_editors import README, blocks, desk, emacs, literal

ON_DISK = "# old\n" * 3
SOURCE = 'def area(w, h):\n    """Área."""\n    x = w * h  # 😋\n    return x\n'
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
REWRITTEN = SOURCE.replace("    x = w * h  # 😋\n    return x\n", "    return w * h\n")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
REWRITE = {"task_class": "custom", "text": f"```python\n{REWRITTEN}```\n"}
EXPLAIN = {"task_class": "explain", "text": "It multiplies.\n"}
ENDLESS = {
    "task_class": "rename",
    "pieces": [{"text": "{", "delay_ms": 20}, {"text": " ", "delay_ms": 20}],
    "ending": "endless",
}
FILE = 0


def opened(work, text=SOURCE):
    """Steps that open a file with `text` on disk, and connect."""
    path = work.file("area.py", text)
    return f"(find-file {literal(str(path))}) (call-interactively #'eglot) (goto-char (point-min)) (forward-line 2)\n"


def act(kind="refactor.rewrite.parley.rename"):
    """Steps that run the one code action of a kind at point."""
    return f"""
    (let* ((action (car (eglot-code-actions (point) (point) "{kind}"))) (command (plist-get action :command)))
      (eglot-execute-command (eglot-current-server) (intern (plist-get command :command))
                             (plist-get command :arguments)))
    """


def test_the_guide_shows_the_file_as_it_is():
    """What a person pastes is what the repository keeps and checks."""
    assert blocks("elisp")[FILE] == (ROOT / "editors" / "emacs" / "parley.el").read_text(encoding="utf-8")


def test_code_actions_are_offered_without_a_model(tmp_path):
    """Eglot lists them at once."""
    work = desk(tmp_path, [])
    steps = f"""{opened(work)}
    (mapcar (lambda (action) (plist-get action :kind)) (eglot-code-actions (point) (point)))
    """
    assert {"refactor.rewrite.parley.rename", "parley.explain"} <= set(emacs(work, steps, block=FILE))


def test_a_code_action_changes_the_text_once_and_one_undo_brings_it_back(tmp_path):
    """The unsaved text is what is refactored; eglot asks once; the file on disk is not touched."""
    work = desk(tmp_path, [RENAME])
    steps = f"""{opened(work, ON_DISK)}
    (driver-write {literal(SOURCE)})
    (driver-at "x = w")
    {act()}
    (driver-wait-told "(type=3)")
    (let ((after (driver-text)))
      `((after . ,after) (asked . ,(length driver-asked)) (undone . ,(driver-undone)) (told . ,(car driver-told))))
    """
    found = emacs(work, steps, block=FILE)
    assert (found["after"], found["asked"], found["undone"]) == (RENAMED, 1, SOURCE)
    assert (work.folder / "area.py").read_text(encoding="utf-8") == ON_DISK


def test_the_two_lines_of_the_readme_are_enough(tmp_path):
    """Eglot lists Parley's code actions, and makes the edit after its question."""
    work = desk(tmp_path, [RENAME])
    steps = f"""{opened(work)}
    {act()}
    (driver-wait "the edit" (lambda () (not (equal (driver-text) {literal(SOURCE)}))))
    (driver-text)
    """
    assert emacs(work, steps, guide=README) == RENAMED


def test_an_edit_that_the_person_declines_is_not_made(tmp_path):
    """Eglot asks, the person says no."""
    work = desk(tmp_path, [RENAME])
    steps = f"""{opened(work)}
    (setq driver-answer nil)
    {act()}
    (driver-wait-told "did not apply")
    (driver-text)
    """
    assert emacs(work, steps, block=FILE) == SOURCE


def test_cancel_stops_a_request_and_leaves_the_text(tmp_path):
    """`parley-cancel` ends a model that would never end; Emacs was never blocked."""
    work = desk(tmp_path, [ENDLESS])
    steps = f"""{opened(work)}
    {act()}
    (driver-wait-told "reads")
    (parley-cancel)
    (driver-wait-told "cancelled")
    (driver-wait "the request's end" (lambda () (parley-cancel) (driver-told-p "nothing is running")))
    (list (driver-text) (if (buffer-modified-p) "modified" "unmodified"))
    """
    assert emacs(work, steps, block=FILE) == [SOURCE, "unmodified"]


def test_a_refused_result_leaves_the_text(tmp_path):
    """What fails its checks is told and never applied."""
    work = desk(tmp_path, [{"task_class": "rename", "json": {"x": "h"}}])
    steps = f"""{opened(work)}
    {act()}
    (driver-wait-told "Server reports")
    (list (driver-text) (if (buffer-modified-p) "modified" "unmodified"))
    """
    assert emacs(work, steps, block=FILE) == [SOURCE, "unmodified"]


@pytest.mark.parametrize(
    ("answer", "text", "told"), [("Apply", REWRITTEN, "Not proved: [^?]*$"), ("Discard", SOURCE, "Discarded")]
)
def test_a_change_in_words_is_made_after_a_yes(tmp_path, answer, text, told):
    """`parley-refactor` does what the person says, asking first where nothing proves the result."""
    work = desk(tmp_path, [REWRITE])
    steps = f"""{opened(work)}
    (setq driver-choice {literal(answer)})
    (parley-refactor "use no intermediate name")
    (driver-wait-told {literal(told)})
    (list (driver-text) driver-choices)
    """
    assert emacs(work, steps, block=FILE) == [text, ["Show diff", "Apply", "Discard"]]


def test_enter_without_a_look_applies_nothing_and_loses_nothing(tmp_path):
    """What Emacs offers first shows the change, then keeps it."""
    work = desk(tmp_path, [REWRITE])
    steps = f"""{opened(work)}
    (parley-refactor "use no intermediate name")
    (driver-wait-told "kept among the code actions")
    (list (driver-text) driver-choices)
    """
    assert emacs(work, steps, block=FILE) == [SOURCE, ["Keep for later", "Apply", "Discard"]]


def test_an_explanation_opens_in_a_buffer_of_its_own(tmp_path):
    """The code stays as it is."""
    work = desk(tmp_path, [EXPLAIN])
    steps = f"""{opened(work)}
    (parley-explain)
    (driver-wait "the explanation" (lambda () (get-buffer "*parley*")))
    (list (driver-text) (with-current-buffer "*parley*" (driver-text)))
    """
    code, explanation = emacs(work, steps, block=FILE)
    assert code == SOURCE
    assert "It multiplies." in explanation


def test_a_session_a_kind_of_work_and_a_request_can_have_their_own_model(tmp_path):
    """`parley-model` shows what there is; with a prefix argument it is for one kind of work."""
    models = ("small", "large", "huge")
    work = desk(tmp_path, [{"model": name, "task_class": "explain", "text": name, "times": 9} for name in models])
    steps = f"""{opened(work)}
    (let (offered explained)
      (cl-flet ((explain (&rest arguments)
                  (when (get-buffer "*parley*") (kill-buffer "*parley*"))
                  (apply #'parley-explain arguments)
                  (driver-wait "an explanation" (lambda () (get-buffer "*parley*")))
                  (push (with-current-buffer "*parley*" (string-trim (buffer-string))) explained)))
        (explain)
        (setq driver-choice "scripted/large")
        (call-interactively #'parley-model)
        (driver-wait-told "scripted/large answers\\. ")
        (setq offered driver-choices)
        (explain)
        (explain "what is it?" "scripted/huge")
        (parley-model "small" "explain")
        (driver-wait-told "scripted/small answers for explain")
        (explain)
        (vector (vconcat offered) (vconcat (nreverse explained)))))
    """
    assert emacs(work, steps, block=FILE) == [
        ["auto", "scripted/small", "scripted/large", "scripted/huge"],
        ["small", "large", "huge", "small"],
    ]


OTHER_SERVER = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer

other = LanguageServer("other", "1")


@other.feature(types.TEXT_DOCUMENT_CODE_ACTION)
def actions(params):
    return [types.CodeAction(title="Sort imports", kind="source.organizeImports")]


other.start_io()
"""


def test_lsp_mode_has_it_beside_another_server(tmp_path):
    """The pasted block registers Parley as an add-on; both servers' code actions are offered, and Parley's is made."""
    work = desk(tmp_path, [RENAME])
    path, other = work.file("area.py", SOURCE), work.file("other.py", OTHER_SERVER)
    steps = f"""
    (setq lsp-auto-guess-root t lsp-enable-file-watchers nil lsp-session-file (expand-file-name "~/session"))
    (require 'lsp-mode)
    (lsp-register-client
     (make-lsp-client :new-connection (lsp-stdio-connection (list {literal(sys.executable)} {literal(str(other))}))
                      :major-modes '(python-mode) :server-id 'other))
    (find-file {literal(str(path))})
    (lsp-workspace-folders-add {literal(str(work.folder))})
    (lsp)
    (driver-wait "the servers" (lambda () (= 2 (cl-count 'initialized (lsp-workspaces) :key #'lsp--workspace-status))))
    (goto-char (point-min))
    (forward-line 2)
    (let ((offered (append (lsp-code-actions-at-point) nil)))
      (cl-flet ((named (kind) (cl-find kind offered :key (lambda (each) (lsp-get each :kind)) :test #'equal)))
        (lsp-execute-code-action (named "refactor.rewrite.parley.rename"))
        (driver-wait "the edit" (lambda () (not (equal (driver-text) {literal(SOURCE)}))))
        (list (lsp-get (named "source.organizeImports") :title) (driver-text))))
    """
    assert emacs(work, steps, block=1) == ["Sort imports", RENAMED]


@pytest.mark.model
def test_a_real_model_documents_a_function(tmp_path):
    """The smallest model writes the docstring; nothing else changes, and one undo brings the old text back."""
    source = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
    obtain(SMALL)
    work = desk(tmp_path, PARLEY_MODEL=f"embedded/{SMALL}")
    steps = f"""{opened(work, source)}
    {act("refactor.rewrite.parley.docstring")}
    (driver-wait-told "Server reports")
    (let ((after (driver-text)))
      `((after . ,after) (undone . ,(driver-undone)) (told . ,driver-told)))
    """
    found = emacs(work, steps, block=FILE)
    namespace = {}
    exec(compile(found["after"], "<text>", "exec"), namespace)  # noqa: S102 - the point of the test
    assert len(namespace["mean"].__doc__.split()) >= 3, found["told"]
    assert namespace["mean"]([1, 2, 6]) == 3
    assert found["undone"] == source
