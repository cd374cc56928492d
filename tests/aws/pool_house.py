"""A data folder whose people are in a user pool, behind a proxy that counts and changes what is
asked of it. The rest of the data is in SQLite."""

import base64
import hmac
from contextlib import contextmanager

import http_faults
from backends import Cognito
from client import Client, Person
from forge import Rsa
from server import Server


class House:
    def __init__(self, folder, storage, proxy, **settings):
        self.folder, self.storage, self.proxy = folder, storage, proxy
        self.pool = Cognito(proxy.url, storage.folder, storage.environment())
        self.server = Server(folder / "data", {
            **self.pool.settings(folder.name), **settings}, env=storage.environment())
        self.server.code = lambda to: "123456"

    def person(self, name="Ada"):
        return Person(self.server, name).sign_up()

    def document(self):
        """As MiniStack serves it."""
        pool = self.server.settings["cognito.pool"]
        return Client(self.storage.url).get(f"/{pool}/.well-known/jwks.json", expect=200).json()

    def asked(self):
        """How often the document was asked for: all else is POST."""
        return sum(seen.operation == "GET" for seen in self.proxy.seen)

    def restart_without_keys(self, fault=None):
        """As on a new machine, where the document is what the fault gives."""
        self.server.stop()
        for file in (self.server.data / "keys").glob("jwks-*"):
            file.unlink()
        self.proxy.forget()
        self.proxy.set(fault, only=("GET",))
        self.server.check_log = lambda: None  # 503 is an error of the service's
        self.server.start()

    def key(self):
        return Rsa(self.pool.signing_key(self.server, None))

    def ask(self, token, target="/profile"):
        return Client(self.server.url).get(target, token=token, expect=(200, 401, 503)).status

    def secret_hash(self, username):
        settings = self.server.settings
        mac = hmac.digest(settings["cognito.client_secret"].encode(),
                          (username + settings["cognito.client_id"]).encode(), "sha256")
        return base64.b64encode(mac).decode()


@contextmanager
def running(folder, storage, **settings):
    with http_faults.Proxy(storage.url) as proxy:
        made = House(folder, storage, proxy, **settings)
        made.server.start()
        try:
            yield made
        finally:
            proxy.set(None)
            made.server.stop()
