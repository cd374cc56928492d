"""A proxy in front of a counterpart, for faults that need to know what a request is, and that
toxiproxy therefore cannot make: answers that AWS gives when it is busy, a connection that ends
after the request was carried out, answers of a wrong length, a certificate that nobody signed, a
reader who sees half of a transaction. What a network does by itself is toxiproxy's (toxiproxy.py).

Requests and answers pass byte for byte, so that signatures stay good; one request at a time on a
connection. It runs on a thread of its own; a fault is set, changed and taken away meanwhile."""

import asyncio
import json
import random
import ssl
import struct
import subprocess
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import urlsplit

HEAD_MAX = 64 * 1024


@dataclass
class Message:
    """A request or an answer. `head` is what was sent, up to the empty line."""
    head: bytes
    body: bytes = field(repr=False)

    @property
    def first(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def get(self, name):
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None

    @property
    def operation(self):
        """TransactWriteItems; of S3 the method."""
        target = self.get("x-amz-target")
        return target.rsplit(".", 1)[1] if target else self.first.split(" ", 1)[0]

    def json(self):
        return json.loads(self.content())

    def content(self):
        """The body without the sizes of its chunks."""
        if not self.get("transfer-encoding"):
            return self.body
        taken, rest = b"", self.body
        while size := int(rest.split(b"\r\n", 1)[0].split(b";")[0], 16):
            rest = rest.split(b"\r\n", 1)[1]
            taken, rest = taken + rest[:size], rest[size + 2:]
        return taken

    def bytes(self):
        return self.head + self.body


def answer(status, error, message="made by the tests"):
    """An error as DynamoDB tells it."""
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error}",
                       "message": message}).encode()
    return answer_with(status, body)


def answer_with(status, body, length=None):
    head = (f"HTTP/1.1 {status} Made\r\ncontent-type: application/x-amz-json-1.0\r\n"
            f"x-amz-crc32: {zlib.crc32(body)}\r\n"
            f"content-length: {len(body) if length is None else length}\r\n\r\n").encode()
    return Message(head, body)


def with_length(got, length=None):
    """The same answer with that Content-Length, or with its own, and in one piece."""
    lines = [line for line in got.head.split(b"\r\n")[:-2]
             if not line.lower().startswith((b"content-length:", b"transfer-encoding:"))]
    lines.append(b"content-length: %d" % (len(got.body) if length is None else length))
    return Message(b"\r\n".join(lines) + b"\r\n\r\n", got.body)


# --- reading and writing --------------------------------------------------------------------------


async def read_message(reader):
    """None: the other side has closed between two messages."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    message = Message(head, b"")
    if message.get("transfer-encoding"):
        message.body = await read_chunks(reader)
    else:
        message.body = await reader.readexactly(int(message.get("content-length") or 0))
    return message


async def read_chunks(reader):
    """As they were sent, their sizes included."""
    taken = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        taken += line + await reader.readexactly(size + 2)
        if size == 0:
            return taken


async def send_to(writer, message):
    """`Expect: 100-continue` was answered by us."""
    head = message.head.replace(b"Expect: 100-continue\r\n", b"")
    writer.write(head + message.body)
    await writer.drain()


def reset(writer):
    """RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Ended(Exception):
    """The fault has ended the connection."""


@dataclass
class Exchange:
    """One request on its way. A fault asks `forward` for the answer, or does not, and gives what
    the client is to get: an answer, or none where it has seen to that itself."""
    proxy: "Proxy"
    request: Message
    writer: object
    upstream: object  # a Line

    async def forward(self):
        self.proxy.forwarded[self.request.operation] += 1
        return await self.upstream.ask(self.request)

    def reset(self):
        reset(self.writer)
        raise Ended

    async def end_after(self, data):
        """The last that the client gets on this connection."""
        self.writer.write(data)
        await self.writer.drain()
        self.writer.close()
        raise Ended


class Line:
    """To the counterpart, opened when it is needed."""

    def __init__(self, address):
        self.address, self.reader, self.writer = address, None, None

    async def ask(self, request):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=HEAD_MAX)
        await send_to(self.writer, request)
        got = await read_message(self.reader)
        assert got is not None, "the counterpart has closed the connection"
        if (got.get("connection") or "").lower() == "close":
            self.close()
        return got

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def self_signed(folder):
    """A certificate for 127.0.0.1 and its key; nobody trusts it unasked."""
    folder.mkdir(exist_ok=True)
    made = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=x",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", made[0], "-keyout", made[1]],
                   check=True, capture_output=True)
    return made


# --- the proxy ------------------------------------------------------------------------------------


@dataclass
class Seen:
    """A request that came in."""
    at: float  # CLOCK_MONOTONIC
    operation: str
    token: str | None  # ClientRequestToken
    body: bytes
    faulty: bool


class Proxy:
    """proxy.fault = f, for which `async def f(exchange)` gives the answer; None: no fault.

    share: of the requests that it strikes; only: operations, or all. first: only the first of
    requests that are the same to the byte, so that whoever tries again succeeds."""

    def __init__(self, url, certificate=None):
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.tls = None
        if certificate is not None:  # (file of it, file of its key)
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.show(certificate)
        self.set(None)
        self.random = random.Random(1)
        self.seen, self.forwarded, self.struck = [], Counter(), Counter()
        self.connections = 0
        self.said = []  # of itself: nothing is the wish
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.server = self._call(asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=HEAD_MAX, ssl=self.tls))
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        return self

    def __exit__(self, *_):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.said, self.said[:5]

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def show(self, certificate):
        """Another certificate, to whoever connects from now on."""
        self.tls.load_cert_chain(*certificate)

    def set(self, fault, share=1.0, only=None, first=False):
        self.fault, self.share, self.only, self.first = fault, share, only, first
        self.known = set()

    def forget(self):
        """What was seen so far."""
        self.seen, self.forwarded, self.struck = [], Counter(), Counter()

    # --- on its own thread -----------------------------------------------------------------------

    async def _serve(self, reader, writer):
        self.connections += 1
        upstream = Line(self.address)
        try:
            while (request := await read_message(reader)) is not None:
                if request.get("expect"):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await self._exchange(request, writer, upstream)
        except (Ended, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or we end
        except Exception as error:
            self.said.append(repr(error))
            raise
        finally:
            writer.close()
            upstream.close()

    async def _exchange(self, request, writer, upstream):
        exchange = Exchange(self, request, writer, upstream)
        fault = self._choose(request)
        self._note(request, fault)
        got = await (fault or Exchange.forward)(exchange)
        writer.write(got.bytes())
        await writer.drain()

    def _choose(self, request):
        if self.fault is None or (self.only and request.operation not in self.only):
            return None
        if self.first and self._is_known(request):
            return None
        return self.fault if self.random.random() < self.share else None

    def _is_known(self, request):
        """By what it asks for; the date and the signature are other ones each time."""
        name = request.first, request.body
        known = name in self.known
        self.known.add(name)
        return known

    def _note(self, request, fault):
        token = None
        if request.operation == "TransactWriteItems":
            token = request.json().get("ClientRequestToken")
        self.seen.append(Seen(time.monotonic(), request.operation, token, request.body,
                              fault is not None))
        if fault is not None:
            self.struck[request.operation] += 1


# --- the faults -----------------------------------------------------------------------------------


async def throttled(exchange):
    """DynamoDB has two names for it."""
    name = exchange.proxy.random.choice(("ProvisionedThroughputExceededException",
                                         "ThrottlingException"))
    return answer(400, name)


async def slow_down(exchange):
    """S3's way to say it."""
    body = b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>no</Message></Error>"
    return answer_with(503, body)


async def conflict(exchange):
    """Another transaction has one of the items in its hands."""
    if exchange.request.operation != "TransactWriteItems":
        return answer(400, "TransactionConflictException")
    count = len(exchange.request.json()["TransactItems"])
    return cancelled(["TransactionConflict"] + ["None"] * (count - 1))


def cancelled(codes):
    """As DynamoDB tells it, by one reason for each item."""
    reasons = [{"Code": code} if code == "None" else {"Code": code, "Message": "made by the tests"}
               for code in codes]
    told = ", ".join(reason["Code"] for reason in reasons)
    body = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific "
                       f"reasons [{told}]", "CancellationReasons": reasons}
    return answer_with(400, json.dumps(body).encode())


async def broken_before(exchange):
    """500, and nothing was done."""
    return answer(500, "InternalServerError")


async def broken_after(exchange):
    """500, and it was done: the two look the same."""
    await exchange.forward()
    return answer(500, "InternalServerError")


async def reset_before(exchange):
    exchange.reset()


async def reset_after(exchange):
    """It was carried out, and nobody is told."""
    await exchange.forward()
    exchange.reset()


async def silent_after(exchange):
    """The same, and the connection stays."""
    await exchange.forward()
    await asyncio.sleep(60)
    raise Ended


async def truncated(exchange):
    """Carried out; the answer ends in the middle of its body."""
    got = await exchange.forward()
    await exchange.end_after(got.head + got.body[:len(got.body) // 2])


async def too_long(exchange):
    """Carried out; the answer is larger than anybody asked for, and true to its length."""
    await exchange.forward()
    return answer_with(200, b'{"Item": {"pk": {"S": "' + b"x" * (64 << 20) + b'"}}}')


async def says_more(exchange):
    """Content-Length beyond the body."""
    got = await exchange.forward()
    await exchange.end_after(with_length(got, len(got.body) + 10).bytes())


async def says_less(exchange):
    """Content-Length short of the body: the rest would be the beginning of the next answer."""
    got = with_length(await exchange.forward())
    got.body += b'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'
    return got


async def no_http(exchange):
    await exchange.forward()
    await exchange.end_after(b"SSH-2.0-OpenSSH_9.2\r\n")


class HalfSeen:
    """While a transaction is under way, a reader outside of it may see its HEAD written and the
    rows that it inserts not yet. Here the writer gets his answer later, and until then what he has
    inserted is kept from everybody who does not read in a transaction himself; who does is told that
    there is one under way. After the answer everybody sees everything, as DynamoDB promises.

    kept: which of it, by its sort key; all, if it is not said. blind: what is put without looking
    whether it is there counts as inserted."""

    def __init__(self, window_s=0.02, kept=lambda sk: True, blind=False):
        self.window_s, self.kept, self.blind = window_s, kept, blind
        self.hidden = Counter()  # (pk, sk): transactions under way
        self.busy = Counter()  # the same, of all that they touch
        self.conflicts = 0
        self.kept_back = 0

    async def __call__(self, exchange):
        operation = exchange.request.operation
        if operation == "TransactWriteItems":
            return await self.write(exchange)
        if operation == "TransactGetItems":
            keys = [key_of(each["Get"]["Key"]) for each in exchange.request.json()["TransactItems"]]
            if any(key in self.busy for key in keys):
                self.conflicts += 1
                return cancelled("TransactionConflict" if key in self.busy else "None"
                                 for key in keys)
        got = await exchange.forward()
        if operation in ("Query", "GetItem", "BatchGetItem") and self.hidden:
            return self.without(operation, got)
        return got

    async def write(self, exchange):
        transaction = exchange.request.json()
        keys = [key for key in inserted(transaction, self.blind) if self.kept(key[1])]
        touched = list(touched_by(transaction))
        self.hidden.update(keys)
        self.busy.update(touched)
        try:
            got = await exchange.forward()
            await asyncio.sleep(self.window_s)
            return got
        finally:
            self.hidden.subtract(keys)
            self.busy.subtract(touched)
            self.hidden, self.busy = +self.hidden, +self.busy

    def without(self, operation, got):
        told = got.json()
        if operation == "GetItem":
            if "Item" in told and self.hides(told["Item"]):
                del told["Item"]
        elif operation == "Query":
            told["Items"] = [item for item in told.get("Items", []) if not self.hides(item)]
            told["Count"] = len(told["Items"])
        else:
            for table, items in told.get("Responses", {}).items():
                told["Responses"][table] = [item for item in items if not self.hides(item)]
        return answer_with(200, json.dumps(told).encode())

    def hides(self, item):
        key = key_of(item)
        self.kept_back += key in self.hidden
        return key in self.hidden


def key_of(item):
    return item.get("pk", {}).get("S"), item.get("sk", {}).get("S")


def touched_by(transaction):
    """Keys of all that a transaction writes or checks."""
    for each in transaction["TransactItems"]:
        for action in each.values():
            yield key_of(action.get("Item") or action["Key"])


def inserted(transaction, blind):
    """Keys that a transaction writes for the first time: what must not be there."""
    puts = [each["Put"] for each in transaction["TransactItems"] if "Put" in each]
    return [key_of(put["Item"]) for put in puts
            if "attribute_not_exists" in put.get("ConditionExpression", "")
            or (blind and "ConditionExpression" not in put)]
