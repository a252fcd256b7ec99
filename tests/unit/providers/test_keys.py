"""Where keys come from, where they may go, and that none is shown."""

from dataclasses import replace

import pytest

from parley_providers.errors import AuthenticationError
from parley_providers.keys import VENDORS, Key, KeyWish, checked_key, find_key
from parley_providers.origins import origin_of
from support.keys import KeptKeys

SECRET = "sk-do-not-show"
WISH = KeyWish(provider="work", url="https://api.example.com/v1", variable="WORK_KEY", in_keyring=True)


def test_a_key_is_no_part_of_its_repr():
    """Neither of its str."""
    key = Key(origin="https://api.example.com", source="WORK_KEY", text=SECRET)
    assert [shown for shown in (repr(key), str(key), f"{key}") if SECRET in shown] == []


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1/x", "https://API.example.com:443", "https://u:p@api.example.com/"]
)
def test_a_key_goes_to_its_own_origin(url):
    """However that is spelt."""
    key = Key(origin="https://api.example.com", source="WORK_KEY", text=SECRET)
    assert key.text_for(url) == SECRET


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "https://api.example.com:8443", "https://example.com", "https://api.example.com.x"],
)
def test_a_key_goes_nowhere_else(url):
    """The refusal names both places and not the key."""
    key = Key(origin="https://api.example.com", source="WORK_KEY", text=SECRET)
    with pytest.raises(AuthenticationError, match=r"belongs to https://api\.example\.com and is not sent to") as caught:
        key.text_for(url)
    assert SECRET not in str(caught.value)


def test_the_keyring_goes_before_the_environment():
    """Where the person put a key into it."""
    kept = KeptKeys({("work", "https://api.example.com"): SECRET})
    assert find_key(WISH, {"WORK_KEY": "other"}, kept) == Key(
        origin="https://api.example.com", source="the keyring", text=SECRET
    )


def test_the_environment_serves_where_the_keyring_has_none():
    """Blanks around it are no part of a key."""
    found = find_key(WISH, {"WORK_KEY": f" {SECRET}\n"}, KeptKeys())
    assert found == Key(origin="https://api.example.com", source="WORK_KEY", text=SECRET)


def test_the_keyring_is_not_asked_where_the_settings_do_not_say_so():
    """A key that is there for the same name and address enables nothing by itself."""
    keys = KeptKeys()
    keys.set(WISH.provider, "https://api.example.com", SECRET)
    assert find_key(replace(WISH, in_keyring=False), {}, keys) is None


@pytest.mark.parametrize("environment", [{}, {"WORK_KEY": ""}, {"OPENAI_API_KEY": SECRET}])
def test_another_variable_is_not_looked_at(environment):
    """Only the one that belongs to the provider."""
    assert find_key(WISH, environment, KeptKeys()) is None


def test_a_key_for_another_address_of_the_same_provider_is_not_found():
    """Who changes the address in a file does not get the key sent there."""
    kept = KeptKeys({("work", "https://api.example.com"): SECRET})
    moved = KeyWish(provider="work", url="https://evil.example.com", in_keyring=True)
    assert find_key(moved, {}, kept) is None


@pytest.mark.parametrize("text", ["", "  \n", "two words", "line\nbreak", "schlüssel", "bell\x07"])
def test_what_is_no_key_is_refused_unseen(text):
    """The message never repeats it."""
    with pytest.raises(AuthenticationError) as caught:
        checked_key(text)
    assert not text.strip() or text not in str(caught.value)


def test_a_pasted_key_loses_the_blanks_around_it():
    """A final newline comes along with every paste."""
    assert checked_key(f" {SECRET}\n") == SECRET


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Api.Example.com:443/v1", "https://api.example.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://a:b@host", "https://host"),
    ],
)
def test_an_origin_has_one_spelling(url, origin):
    """Scheme, host and port, and nothing else."""
    assert origin_of(url) == origin


def test_every_vendor_is_reached_by_tls():
    """A key never travels in the clear to a vendor."""
    assert [name for name, vendor in VENDORS.items() if not vendor.url.startswith("https://")] == []
