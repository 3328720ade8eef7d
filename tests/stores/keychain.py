"""A keychain for tests."""

import time

from keyring.backend import KeyringBackend


class Keychain(KeyringBackend):
    """A keychain in memory.

    :ivar refusals: the errors that it raises, by ``get``, ``set`` and ``delete``.
    """

    priority = 1

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.refusals = {}
        self.longest = 10**9
        self.inside = self.most_inside = 0

    def get_password(self, service, username):
        self.refuse("get")
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.refuse("set")
        if len(password) > self.longest:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        self.entries[service, username] = password

    def delete_password(self, service, username):
        self.refuse("delete")
        del self.entries[service, username]

    def refuse(self, act):
        self.enter()
        if act in self.refusals:
            raise self.refusals[act]

    def enter(self):
        """Count how many threads are inside."""
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        time.sleep(0.001)
        self.inside -= 1
