"""Which model serves a request: what the request names, else what was chosen for the session or in the settings."""

from __future__ import annotations

import asyncio
import json

import pytest
from pygls.exceptions import JsonRpcException

from support.editor import PARLEY, editing, environment

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
AT = SOURCE.index("x =")
MODELS = ("small", "large", "huge")


def script():
    """Answers of models that say who they are."""
    lines = []
    for model in MODELS:
        lines += [
            {"model": model, "task_class": "rename", "json": {"x": f"by_{model}"}, "times": 9},
            {"model": model, "task_class": "explain", "text": f"by_{model}", "times": 9},
            {"model": model, "task_class": "ask", "text": f"by_{model}", "times": 9},
        ]
    return lines


def settings(tmp_path, text):
    """The person's own settings file."""
    folder = tmp_path / "home" / "config" / "parley"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


async def _answering(editor, tmp_path, **request):
    """Who renames, and who explains."""
    uri = editor.open(tmp_path / "a.py", SOURCE)
    await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename", wait=True, **request))
    explained = await editor.execute("parley.explain", editor.argument(uri, AT, AT, show=False, wait=True, **request))
    renamed = next(each for each in MODELS if f"by_{each}" in editor.buffers[uri].text)
    return renamed, explained["text"].strip().removeprefix("by_")


@pytest.mark.parametrize(
    ("switches", "request_model", "expected"),
    [
        ((), None, ("small", "small")),
        ((), "scripted/large", ("large", "large")),
        (({"use": "scripted/large"},), None, ("large", "large")),
        (({"use": "large"},), None, ("large", "large")),
        (({"use": "scripted/large", "task": "rename"},), None, ("large", "small")),
        (({"use": "large", "task": "explain"},), None, ("small", "large")),
        (({"use": "large", "task": "rename"}, {"use": "huge"}), None, ("large", "huge")),
        (({"use": "large", "task": "rename"}, {"use": "huge"}), "small", ("small", "small")),
        (({"use": "large", "task": "rename"}, {"use": "", "task": "rename"}), None, ("small", "small")),
        (({"use": "large", "task": "rename"}, {"use": "huge"}, {"use": ""}), None, ("small", "small")),
    ],
)
async def test_an_editor_switches_models(tmp_path, switches, request_model, expected):
    """For one request, for the session, or for one kind of work in it; what is nearer to the request goes first."""
    async with editing(tmp_path, script()) as editor:
        for switch in switches:
            await editor.execute("parley.models", switch)
        request = {} if request_model is None else {"model": request_model}
        assert await _answering(editor, tmp_path, **request) == expected


async def test_what_is_switched_to_is_told(tmp_path):
    """Beside what there is: for all, and for the kind of work that was named."""
    async with editing(tmp_path, script()) as editor:
        found = await editor.execute("parley.models", {"use": "large", "task": "rename"})
        assert (found["default"], found["why"]) == (
            "scripted/large",
            "you asked for large, which scripted has here.",
        )
        now = await editor.execute("parley.models")
        assert now["default"] == "scripted/small"
        assert [each["name"] for each in now["models"]] == list(MODELS)


async def test_a_model_that_is_not_there_is_not_switched_to(tmp_path):
    """The nearest one is named, and whoever answered goes on."""
    async with editing(tmp_path, script()) as editor:
        with pytest.raises(JsonRpcException, match="larg"):
            await editor.execute("parley.models", {"use": "larg"})
        assert await _answering(editor, tmp_path) == ("small", "small")


async def test_the_settings_name_models_for_kinds_of_work(tmp_path):
    """A session goes before them."""
    settings(tmp_path, "model: huge\nmodels: {rename: large}\n")
    async with editing(tmp_path, script()) as editor:
        assert await _answering(editor, tmp_path) == ("large", "huge")
        await editor.execute("parley.models", {"use": "small"})
        assert await _answering(editor, tmp_path) == ("small", "small")


@pytest.mark.parametrize(
    ("written", "variable", "option", "expected"),
    [
        ("", None, None, ("small", "small")),
        ("models: {rename: large}", None, None, ("large", "small")),
        ("models: {ask: large}", None, None, ("small", "large")),
        ("model: huge", "large", None, ("large", "large")),
        ("model: huge", "large", "small", ("small", "small")),
    ],
)
async def test_a_terminal_switches_models(tmp_path, written, variable, option, expected):
    """For one request by an option, for its session by a variable, always or for one kind of work by the settings."""
    settings(tmp_path, f"{written}\n")
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")
    answers = tmp_path / "script.jsonl"
    answers.write_text("".join(json.dumps(line) + "\n" for line in script()), encoding="utf-8")
    environ = environment(tmp_path) | ({"PARLEY_MODEL": variable} if variable else {})
    more = ["--scripted", str(answers), *(["--model", option] if option else [])]

    async def said(*arguments):
        process = await asyncio.create_subprocess_exec(
            PARLEY, *arguments, *more, cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        return next(each for each in MODELS if f"by_{each}" in out.decode())

    assert (await said("refactor", "a.py:2", "--as", "rename"), await said("ask", "Who?")) == expected
