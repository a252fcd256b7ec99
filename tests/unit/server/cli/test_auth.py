"""`parley auth`: what a person sees, over a keyring in memory."""

import json

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from typer.testing import CliRunner

from parley_server.cli.root import app
from parley_server.config_file import READ_AT_START


class MemoryKeyring(KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def run(tmp_path):
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    environment = {"PARLEY_CONFIG": str(tmp_path / "config.yaml"), "ANTHROPIC_API_KEY": ""}

    def run_auth(*arguments, typed=None, **more):
        return CliRunner(env=environment | more).invoke(app, ["auth", *arguments], input=typed)

    run_auth.kept = memory.kept
    yield run_auth
    keyring.set_keyring(before)


def test_a_key_is_kept_seen_as_a_source_and_removed(run):
    """From standard input; its text is nowhere on the screen."""
    added = run("set", "box", "--kind", "llama-server", "--url", "https://box.example.com", typed="sk-1\n")
    seen, removed, after = run("status"), run("rm", "box"), run("status")
    assert [each.output for each in (added, seen, removed, after)] == [
        f"The key for box is in the keyring. It goes to https://box.example.com only. {READ_AT_START}\n",
        "box: key from the keyring, for https://box.example.com only\n",
        "The key for box is removed.\n",
        "box: no key\n",
    ]
    assert run.kept == {}


def test_another_key_for_a_provider_that_is_named_needs_no_new_start(run):
    """A server that runs asks for it when the old one is refused."""
    named = ("set", "box", "--kind", "llama-server", "--url", "https://box.example.com")
    run(*named, typed="sk-1\n")
    assert run("set", "box", typed="sk-2\n").output == (
        "The key for box is in the keyring. It goes to https://box.example.com only.\n"
    )


def test_a_key_in_the_environment_alone_is_told_as_unused(run):
    """As text and as JSON."""
    assert run("status", ANTHROPIC_API_KEY="sk-2").output == (
        "anthropic: ANTHROPIC_API_KEY is set, but anthropic is not named, so it is never asked.\n"
    )
    (found,) = json.loads(run("status", "--json", ANTHROPIC_API_KEY="sk-2").output)
    assert (found["provider"], found["named"], "sk-2" in str(found)) == ("anthropic", False, False)


def test_without_any_provider_the_way_to_one_is_told(run):
    """And that local models need none."""
    assert "parley auth set PROVIDER" in run("status").output


def test_an_empty_key_is_refused(run):
    """Nothing is kept."""
    result = run("set", "llama-server", typed="\n")
    assert (str(result.exception), run.kept) == ("No key was given, and nothing was changed.", {})


def test_a_machine_without_a_keyring_is_told_the_variable_and_the_line(run, tmp_path):
    """What would have been done is said so that it can be pasted."""
    keyring.set_keyring(NoKeyring())
    vendor = run("set", "anthropic", typed="sk-1\n")
    box = run("set", "my-box", "--kind", "openai-compatible", "--url", "https://box.example.com/v1", typed="sk-1\n")
    config = tmp_path / "config.yaml"
    assert str(vendor.exception).endswith(
        f"That is the variable ANTHROPIC_API_KEY, and in {config}: providers: {{anthropic: {{kind: anthropic}}}}"
    )
    line = '{my-box: {kind: openai-compatible, url: "https://box.example.com/v1", key_variable: MY_BOX_API_KEY}}'
    assert str(box.exception).endswith(f"That is the variable MY_BOX_API_KEY, and in {config}: providers: {line}")
    assert not config.exists()
