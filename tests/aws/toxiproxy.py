"""toxiproxy: what a network does by itself. https://github.com/Shopify/toxiproxy

The Makefile installs it and says where it is: TOXIPROXY."""

import os
from contextlib import contextmanager
from urllib.parse import urlsplit

import counterparts
import requests
from server import free_port


class Proxy:
    """One way to a counterpart; a fault is a list of toxics, as toxiproxy names them."""

    def __init__(self, api, name, url):
        self.api = f"{api}/proxies/{name}/toxics"
        listen = f"127.0.0.1:{free_port()}"
        upstream = urlsplit(url).netloc
        self.url = f"http://{listen}"
        tell("post", f"{api}/proxies", {"name": name, "listen": listen, "upstream": upstream})

    def add(self, type, stream="downstream", share=1.0, **attributes):
        """share: of the connections."""
        tell("post", self.api, {"type": type, "stream": stream, "toxicity": share,
                                "name": f"{type}_{stream}", "attributes": attributes})

    def clear(self):
        for toxic in requests.get(self.api, timeout=5).json():
            tell("delete", f"{self.api}/{toxic['name']}")


def tell(method, url, json=None):
    reply = requests.request(method, url, json=json, timeout=5)
    assert reply.ok, reply.text


@contextmanager
def running(folder):
    """Gives a function that makes a Proxy in front of a URL."""
    port = free_port()
    api = f"http://127.0.0.1:{port}"
    process, log = counterparts.launch(
        folder, [os.environ["TOXIPROXY"], "-host", "127.0.0.1", "-port", str(port)], {})
    with counterparts.stopped(process):
        counterparts.wait_until_up(process, log, lambda: tell("get", f"{api}/version"))
        yield lambda name, url: Proxy(api, name, url)
