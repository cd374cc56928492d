"""HTTP/1.1 as small as a driver of load needs it: one keep-alive connection, one request at a
time. What is not understood raises; nothing is sent again behind the caller's back."""

import asyncio
import json
from dataclasses import dataclass

HEAD_MAX = 64 * 1024


class Lost(Exception):
    """The connection ended, or stalled, before the whole answer was there."""


@dataclass
class Answer:
    status: int
    type: str
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem document; None where the answer is the web server's own."""
        return self.json()["code"] if self.type == "application/problem+json" else None


class Connection:
    def __init__(self, host, port, token, timeout_s=20):
        self.address = (host, port)
        self.head = f"Host: {host}\r\nAuthorization: Bearer {token}\r\n"
        self.timeout_s = timeout_s
        self.reader = self.writer = None

    async def ask(self, method, target, body=None):
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._ask(method, target, body)
        except (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Lost(f"{type(error).__name__}: {error}") from None
        except BaseException:
            self.close()
            raise

    async def _ask(self, method, target, body):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=HEAD_MAX)
        self.writer.write(self._request(method, target, body))
        status, headers = parse_head(await self.reader.readuntil(b"\r\n\r\n"))
        length = int(headers.get("content-length", 0))
        answer = Answer(status, headers.get("content-type", ""),
                        await self.reader.readexactly(length))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def _request(self, method, target, body):
        head = f"{method} {target} HTTP/1.1\r\n{self.head}"
        if body is None:
            return f"{head}\r\n".encode()
        data = json.dumps(body).encode()
        return (f"{head}Content-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n").encode() + data

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    fields = (line.split(":", 1) for line in lines[1:] if line)
    headers = {name.lower(): value.strip() for name, value in fields}
    assert "transfer-encoding" not in headers, lines
    return int(lines[0].split(" ", 2)[1]), headers
