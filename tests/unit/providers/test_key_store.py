"""The operating system's keyring, by its own library, over a keyring in memory."""

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from parley_providers.errors import AuthenticationError
from parley_providers.key_store import KeyringStore


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


class LockedKeyring(MemoryKeyring):
    def get_password(self, service, username):
        raise KeyringLocked("locked")


@pytest.fixture
def use():
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def test_a_key_is_kept_for_its_provider_and_origin_only(use):
    """Another origin has none."""
    use(MemoryKeyring())
    store = KeyringStore()
    store.set("work", "https://a", "secret")
    assert (store.get("work", "https://a"), store.get("work", "https://b"), store.get("play", "https://a")) == (
        "secret",
        None,
        None,
    )


def test_deleting_tells_whether_there_was_one(use):
    """A second time there is none."""
    use(MemoryKeyring())
    store = KeyringStore()
    store.set("work", "https://a", "secret")
    assert (store.delete("work", "https://a"), store.delete("work", "https://a")) == (True, False)


def test_a_machine_without_a_keyring_says_what_to_do_instead(use):
    """Such as a server without a desktop."""
    use(NoKeyring())
    with pytest.raises(AuthenticationError, match=r"has no keyring .* environment variable"):
        KeyringStore().set("work", "https://a", "secret")


def test_a_locked_keyring_says_so(use):
    """The person can unlock it."""
    use(LockedKeyring())
    with pytest.raises(AuthenticationError, match=r"refused \(KeyringLocked\)\. Unlock it"):
        KeyringStore().get("work", "https://a")


class PlaintextKeyring(MemoryKeyring):
    """Named as the one of `keyrings.alt` is, which writes keys into a file as they are."""


class ForgetfulKeyring(MemoryKeyring):
    """As keyring's own "null" backend, which takes everything and keeps nothing."""

    def set_password(self, service, username, password):
        pass


class Chain(MemoryKeyring):
    """As keyring's own chainer, which asks several."""

    def __init__(self, *backends):
        super().__init__()
        self.backends = backends


@pytest.mark.parametrize("backend", [PlaintextKeyring(), Chain(PlaintextKeyring(), MemoryKeyring())])
def test_no_key_is_written_into_an_open_file(use, backend):
    """A key rests in a keyring or not at all."""
    use(backend)
    with pytest.raises(AuthenticationError, match="PlaintextKeyring"):
        KeyringStore().set("work", "https://a", "secret")
    assert backend.kept == {}


def test_a_key_that_is_not_kept_is_not_called_kept(use):
    """It is read back before anyone says so."""
    use(ForgetfulKeyring())
    with pytest.raises(AuthenticationError, match="does not give it back"):
        KeyringStore().set("work", "https://a", "secret")
