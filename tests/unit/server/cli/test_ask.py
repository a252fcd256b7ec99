"""`parley ask`: what a person and a script see."""

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import app


@pytest.fixture
def run(tmp_path):
    def run_ask(*arguments, script="", typed=None, **more):
        path = tmp_path / "script.jsonl"
        path.write_text(script, encoding="utf-8")
        environment = {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_CONFIG": str(tmp_path / "config.yaml")} | more
        return CliRunner(env=environment).invoke(app, ["ask", *arguments, "--scripted", str(path)], input=typed)

    return run_ask


def test_the_answer_alone_goes_to_standard_output(run):
    """So that it can be piped; what the model thought is no answer."""
    script = json.dumps({"pieces": [{"text": "hm", "kind": "reasoning"}, "It is ", "four."]})
    result = run("2+2?", script=script)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "It is four.\n", "")


def test_explaining_tells_the_route_the_use_and_the_cost(run):
    """On standard error."""
    script = json.dumps({"text": "four", "usage": {"prompt_tokens": 5, "output_tokens": 1}})
    result = run("2+2?", "--explain", script=script)
    assert result.stdout == "four\n"
    first, last = result.stderr.splitlines()
    assert first.startswith("Asking scripted/script: Answers come from")
    assert last == "Answered: 5 prompt tokens, 1 output tokens. Cost: $0.0000."


def test_json_is_one_object(run):
    """With the route, the use and what it cost."""
    script = json.dumps({"text": "four", "usage": {"prompt_tokens": 5, "output_tokens": 1}})
    found = json.loads(run("-", "--json", script=script, typed="2+2?").stdout)
    assert (found["answer"], found["finish"], found["route"]["model"], found["usage"]["output_tokens"]) == (
        "four",
        "stop",
        "script",
        1,
    )


def test_what_was_streamed_before_a_restart_is_not_printed(run):
    """Only the whole answer is; the reader is told why it took another start."""
    half = {"text": "half", "error": {"kind": "truncated", "message": "It broke off.", "after_pieces": 1}, "times": 1}
    result = run("2+2?", script="\n".join([json.dumps(half), json.dumps({"text": "four"})]))
    assert result.stdout == "four\n"
    assert "Starting again with scripted/script: It broke off." in result.stderr


def test_an_answer_that_ended_early_says_so(run):
    """It is shown, and its end is not passed over."""
    result = run("2+2?", script=json.dumps({"text": "fo", "finish": "length"}))
    assert (result.stdout, result.stderr) == ("fo\n", "The answer ended early: length.\n")
    unheard = run("2+2?", script=json.dumps({"text": "fo", "finish": "unknown"}))
    assert unheard.stdout == "fo\n"
    assert unheard.stderr.startswith("The answer ended for a reason that Parley does not know (")


def test_an_empty_answer_says_so(run):
    """A script gets nothing, and a person knows that nothing is missing."""
    result = run("2+2?", script=json.dumps({"text": ""}))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "The answer is empty. Ask again in other words, or another model.\n"


def test_what_failed_on_the_way_is_in_the_cost(run):
    """As it is in the budget and in the totals of the day."""
    half = {"text": "half", "error": {"kind": "truncated", "message": "It broke off.", "after_pieces": 1}, "times": 1}
    four = {"text": "four", "usage": {"prompt_tokens": 5, "output_tokens": 1}}
    result = run("2+2?", "--explain", script="\n".join([json.dumps(half), json.dumps(four)]))
    assert result.stderr.splitlines()[-1].endswith("Cost: $0.0000, with 1 that failed.")


def test_a_failure_is_one_message(run):
    """The provider's own."""
    script = json.dumps({"text": "", "error": {"kind": "auth", "message": "The key is refused."}})
    assert str(run("2+2?", script=script).exception) == "The key is refused."


def test_a_question_may_be_about_a_file_or_what_is_piped_in(run, tmp_path):
    """What it is about stands below it; two of them from one pipe are wrong usage, and so is what is no text."""
    (tmp_path / "app.py").write_text("def area(): ...\n", encoding="utf-8")
    (tmp_path / "app.bin").write_bytes(b"\xff\xfe\x00")
    script = json.dumps({"contains": "What is this?\n\ndef area(): ...\n", "text": "A function."})
    file = run("What is this?", "--about", str(tmp_path / "app.py"), script=script)
    piped = run("What is this?", "--about", "-", script=script, typed="def area(): ...\n")
    both, binary = run("-", "--about", "-", typed="x"), run("What?", "--about", str(tmp_path / "app.bin"))
    assert (file.stdout, piped.stdout) == ("A function.\n", "A function.\n")
    assert (both.exit_code, "not both" in both.output) == (2, True)
    assert (binary.exit_code, "is no text" in binary.output) == (2, True)


def test_an_empty_question_is_wrong_usage(run):
    """With an example of a right one."""
    result = run("-", typed=" \n")
    assert (result.exit_code, "ask something" in result.output) == (2, True)


def test_a_question_with_a_secret_never_leaves_this_machine(tmp_path):
    """Not even to a named provider; the reason is told."""
    config = tmp_path / "config.yaml"
    config.write_text("providers: {away: {kind: ollama, url: 'http://ollama.invalid:1'}}\n", encoding="utf-8")
    environment = {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_CONFIG": str(config)}
    secret = "ghp_" + "a1B2" * 9
    result = CliRunner(env=environment).invoke(app, ["ask", f"What is {secret}?", "--model", "away/m"])
    assert "Nothing was sent" in str(result.exception)


def test_ctrl_c_is_130(tmp_path):
    """In mid-stream, with nothing but one word about it."""
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"text": "on and on ", "ending": "stalled"}), encoding="utf-8")
    command = [sys.executable, "-m", "parley_server.cli", "ask", "hi", "--explain", "--scripted", str(script)]
    environment = os.environ | {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_CONFIG": str(tmp_path / "config.yaml")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stderr.readline().startswith("Asking scripted/script")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=60)
    assert (child.returncode, told) == (130, "\nCancelled.\n")
