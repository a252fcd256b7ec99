"""Keys of named providers: kept, found, removed; and what a key alone does not do."""

import pytest

from parley_providers.errors import AuthenticationError
from parley_providers.keys import Key
from parley_server.access import Access, KeyStatus, unnamed_vendors
from parley_server.checkup.findings import Area, Finding, Verdict
from parley_server.checkup.models import unused_keys
from parley_server.config import Sources, settings_from
from parley_server.config_file import ConfigError
from parley_server.settings import ProviderSettings, Settings
from support.keys import KeptKeys

HOME = "https://box.example.com"


class LockedKeys(KeptKeys):
    def get(self, provider, origin):
        raise AuthenticationError("The keyring is locked.")


@pytest.fixture
def opened(tmp_path):
    """Access by the settings file as it is now."""

    def build(store=None, environment=None):
        path = tmp_path / "config.yaml"
        settings = settings_from(Sources(path=path, environment={}, command_line={}))
        return Access(settings=settings, path=path, environment=environment or {}, store=store or KeptKeys())

    return build


def test_keeping_a_key_names_the_provider(opened):
    """From then on it may be asked, with that key, and no file holds the key."""
    store = KeptKeys()
    opened(store).keep("box", "sk-1\n", kind="llama-server", url=HOME)
    after = opened(store)
    assert after.settings.providers == {"box": ProviderSettings(kind="llama-server", url=HOME, keyring=True)}
    assert after.key("box") == Key(origin=HOME, source="the keyring", text="sk-1")
    assert "sk-1" not in after.path.read_text(encoding="utf-8")


def test_a_changed_address_does_not_get_the_key(opened):
    """The key stays bound to the origin that it was set for."""
    store = KeptKeys()
    opened(store).keep("box", "sk-1", kind="llama-server", url=HOME)
    path = opened(store).path
    path.write_text(path.read_text(encoding="utf-8").replace("box.example.com", "evil.example.com"), encoding="utf-8")
    assert opened(store).key("box") is None


def test_forgetting_leaves_neither_key_nor_permission(opened):
    """What `keep` wrote is gone; what the person wrote beside it stays."""
    store = KeptKeys()
    path = opened().path
    path.write_text("# mine\nstrategy: local_first\n", encoding="utf-8")
    opened(store).keep("llama-server", "sk-1")
    assert opened(store).forget("llama-server")
    assert (store.kept, path.read_text(encoding="utf-8")) == ({}, "# mine\nstrategy: local_first\n")


def test_forgetting_keeps_a_provider_that_the_person_described(opened):
    """Its address is theirs."""
    store = KeptKeys()
    opened(store).keep("box", "sk-1", kind="llama-server", url=HOME)
    opened(store).forget("box")
    assert opened(store).settings.providers == {"box": ProviderSettings(kind="llama-server", url=HOME)}


def test_forgetting_tells_when_there_was_no_key(opened):
    """And when there is no such provider, which there are."""
    opened().path.write_text("providers: {box: {kind: ollama}}\n", encoding="utf-8")
    assert not opened().forget("box")
    with pytest.raises(ConfigError, match=r"No provider is called 'bocks'\. There are: box\."):
        opened().forget("bocks")


@pytest.mark.parametrize(
    ("name", "kind", "url", "message"),
    [
        ("nobody", None, None, r"What does nobody speak\? 'nobody' is none of ollama, .*--kind openai-compatible"),
        ("box", "llama-server", "box.example.com", "write it like http://"),
        ("there", "ollama", None, "is named already, otherwise"),
    ],
)
def test_a_provider_that_cannot_be_is_told_before_a_key_is_kept(opened, name, kind, url, message):
    """Nothing is written then."""
    store = KeptKeys()
    opened().path.write_text("providers: {there: {kind: llama-server}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        opened(store).keep(name, "sk-1", kind=kind, url=url)
    assert store.kept == {}


def test_a_locked_keyring_keeps_nobody_else_from_answering(opened, caplog):
    """The provider has no key then, and the log says why."""
    opened().path.write_text("providers: {box: {kind: llama-server, keyring: true}}\n", encoding="utf-8")
    access = opened(LockedKeys())
    assert (access.key("box"), access.statuses()[0].problem) == (None, "The keyring is locked.")
    assert "box: The keyring is locked." in caplog.text


@pytest.mark.parametrize(
    ("url", "told"), [("http://box.example.com", True), ("https://box.example.com", False), ("http://127.0.0.1", False)]
)
def test_a_key_that_would_travel_unencrypted_is_told(opened, caplog, url, told):
    """On a network of one's own that may be meant; on this machine and under TLS there is nothing to tell."""
    text = f"providers: {{box: {{kind: llama-server, url: '{url}', key_variable: BOX_KEY}}}}\n"
    opened().path.write_text(text, encoding="utf-8")
    key = opened(environment={"BOX_KEY": "sk-1"}).key("box")
    assert (key is not None, "unencrypted; use https" in caplog.text) == (True, told)


def test_statuses_tell_whence_keys_come_and_which_are_not_used(opened):
    """A key in the environment alone enables nothing."""
    opened().path.write_text("providers: {box: {kind: llama-server, key_variable: BOX}}\n", encoding="utf-8")
    found = opened(environment={"BOX": "sk-1", "ANTHROPIC_API_KEY": "sk-2", "OPENAI_API_KEY": ""}).statuses()
    assert found == (
        KeyStatus(provider="box", origin="http://127.0.0.1:8080", source="BOX"),
        KeyStatus(provider="anthropic", origin="https://api.anthropic.com", source="ANTHROPIC_API_KEY", named=False),
    )
    assert unused_keys(found) == (
        Finding(
            area=Area.MODELS,
            name="Anthropic",
            verdict=Verdict.ABSENT,
            found="ANTHROPIC_API_KEY is set, but anthropic is not named in the settings, so it is never asked",
            fix="To use it, name it under `providers` in the settings, or: parley auth set anthropic",
        ),
    )


def test_an_empty_variable_is_no_key():
    """Nor is that of another tool."""
    assert unnamed_vendors(Settings(), {"GEMINI_API_KEY": "", "OTHER": "x"}) == ()
