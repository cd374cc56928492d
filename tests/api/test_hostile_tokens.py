"""A corpus of tokens that must not be taken, over HTTP, against the installed product.

Where a token is signed with the server's own key, only what it says is wrong: that what makes it
is right is shown by one that says nothing wrong and is accepted. After each token every worker must
be the process that it was, and the honest token still good."""

import hashlib
import json
import time
import uuid
import zlib

import pytest
from client import Client, Person, claims, new_client_id, token_header
from forge import Rsa, b64, dump, hmac_token, openssl, signing_input, unb64
from raw import describe, exchange, head, take_reply
from server import IDENTITY, Server

CORPUS_MIN = 300

# Each token is tried on all of them; none has an effect before the sign-in check.
ROUTES = (("GET", "/profile"), ("GET", "/chat/rooms"), ("DELETE", "/auth/sessions"),
          ("POST", "/auth/sign-out"), ("PUT", "/profile/photo"))


class House:
    """A server of which the attacker knows all that is public, and we the rest."""

    def __init__(self, folder):
        self.server = Server(folder / "data").start()
        self.folder = folder
        self.ada, self.bob = (Person(self.server, name).sign_up().sign_in()
                              for name in ("Ada", "Bob"))
        self.header, self.claims = token_header(self.ada.token), claims(self.ada.token)
        self.kid = self.header["kid"]
        self.key = Rsa(IDENTITY.signing_key(self.server, self.kid))
        self.foreign = Rsa.make(folder / "foreign.pem")
        self.jwks = Client(self.server.url).get("/.well-known/jwks.json").json()
        self.pids = self.workers()

    def workers(self):
        return {name: self.server.workers(name) for name in ("auth", "chat", "profile", "status")}

    def ask(self, method, target, *fields):
        data = head(method, target, *fields, *(["Content-Length: 0"] if method != "GET" else []))
        reply, rest = take_reply(exchange(self.server.port, data))
        assert rest == b""
        return reply

    def sign(self, header=None, payload=None):
        """With the server's key."""
        return self.key.token(self.header if header is None else header,
                              self.claims if payload is None else payload)

    def with_header(self, **members):
        return self.sign(header={**self.header, **members})

    def with_claims(self, **members):
        return self.sign(payload={**self.claims, **members})

    def without_claim(self, name):
        return self.sign(payload={k: v for k, v in self.claims.items() if k != name})

    def end(self):
        self.server.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("tokens"))
    yield made
    made.end()


def authorization(value):
    return f"Authorization: {value if isinstance(value, str) else value.decode('latin-1')}"


def refuse(house, what, value):
    """On every route, as the value of the header; then the honest token is still good."""
    for method, target in ROUTES:
        reply = house.ask(method, target, authorization(value))
        said = f"{what}: {method} {target}: {describe(reply)} {reply.body[:300]!r}"
        assert reply.status in (400, 401), said
        assert reply.get("content-type") == "application/problem+json", said
        if reply.status == 401:
            assert (reply.get("www-authenticate") or "").startswith("Bearer"), said
    assert house.workers() == house.pids, f"{what}: a worker has died"
    assert house.ask("GET", "/profile", f"Authorization: Bearer {house.ada.token}").status == 200


def refuse_tokens(house, tokens):
    for what, token in tokens.items():
        refuse(house, what, b"Bearer " + (token if isinstance(token, bytes) else token.encode()))


# --- the corpus: a function for each family, by name what is wrong --------------------------------


def algorithms(house):
    """The server's signature under another name, or none."""
    key, kid = house.key, house.kid
    rest = {k: v for k, v in house.header.items() if k != "alg"}
    unsigned = {f"{alg!r}, no signature": signing_input({**rest, "alg": alg}, house.claims) + "."
                for alg in ("none", "None", "NONE", "nOnE", "none ", "", "RS256")}
    named = {f"named {alg!r}": key.token({**rest, "alg": alg}, house.claims) for alg in (
        "none", "rs256", "RS256 ", "RS384", "PS256", "ES256", "EdDSA", "HS256", "RSA-SHA256",
        "RS256\0", ["RS256"], ["none", "RS256"], 256, None, True, {"alg": "RS256"})}
    digests = {f"RS{digest[3:]}": key.token({**rest, "alg": f"RS{digest[3:]}"}, house.claims,
                                            digest) for digest in ("sha384", "sha512")}
    return {**unsigned, **named, **digests,
            "no alg": key.token(rest, house.claims),
            "no header": key.token({}, house.claims),
            "SHA-1 by the name of RS256": key.token(house.header, house.claims, "sha1"),
            "SHA-512 by the name of RS256": key.token(house.header, house.claims, "sha512"),
            "two algs": key.token(f'{{"alg":"RS256","alg":"none","kid":"{kid}"}}', house.claims),
            "two algs, escaped": key.token(f'{{"alg":"RS256","\\u0061lg":"none","kid":"{kid}"}}',
                                           house.claims)}


def public_key_as_secret(house):
    """RFC 8725 2.1."""
    jwk = house.jwks["keys"][0]
    pem = house.key.public("PEM")
    secrets = {
        "PEM": pem, "PEM without its last line feed": pem.rstrip(), "PEM, CRLF":
        pem.replace(b"\n", b"\r\n"), "PEM without armour": b"".join(pem.splitlines()[1:-1]),
        "DER": house.key.public("DER"), "PKCS #1": house.key.public("pkcs1"),
        "JWK": dump(jwk).encode(), "JWKS": dump(house.jwks).encode(), "n": jwk["n"].encode(),
        "n as bytes": unb64(jwk["n"]), "kid": house.kid.encode(), "nothing": b"", "NUL": b"\0",
        "the word secret": b"secret"}
    header = {**house.header, "alg": "HS256"}
    return {**{f"HS256 with {name}": hmac_token(header, house.claims, secret)
               for name, secret in secrets.items()},
            "HS256 by the name of RS256": hmac_token(house.header, house.claims, pem),
            "HS512 with PEM": hmac_token({**header, "alg": "HS512"}, house.claims, pem, "sha512")}


def keys(house):
    """Other keys: with our kid, with their own, weak ones, of other kinds."""
    made = {"another": house.foreign, "small": Rsa.make(house.folder / "small.pem", 1024),
            "e = 3": Rsa.make(house.folder / "three.pem", exponent=3)}
    tokens = {f"{name} key, our kid": key.token(house.header, house.claims)
              for name, key in made.items()}
    data = signing_input(house.header, house.claims).encode()
    curve, edwards = house.folder / "ec.pem", house.folder / "ed.pem"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", curve)
    openssl("genpkey", "-algorithm", "ed25519", "-out", edwards)
    (house.folder / "input").write_bytes(data)
    signatures = {
        "ES256, DER": openssl("dgst", "-sha256", "-sign", curve, data=data),
        "r and s": hashlib.sha512(data).digest(),
        "Ed25519": openssl("pkeyutl", "-sign", "-rawin", "-inkey", edwards, "-in",
                           house.folder / "input"),
        "PSS of our key": house.key.sign_pss(data),
        "loose padding of our key": house.key.sign_loosely(data),
        "no padding of our key": house.key.raw(hashlib.sha256(data).digest())}
    by_name = {"ES256": "ES256, DER", "PS256": "PSS of our key", "EdDSA": "Ed25519"}
    for alg, name in by_name.items():
        tokens[f"{name}, named {alg}"] = signing_input(
            {**house.header, "alg": alg}, house.claims) + "." + b64(signatures[name])
    return {**tokens, **{name: f"{data.decode()}.{b64(signature)}"
                         for name, signature in signatures.items()}}


def kids(house):
    kid = house.kid
    values = ("", "1790000000000-unknown", f"../keys/{kid}", "../../../../dev/null", f"./{kid}",
              f"{kid}.pem", "secret", "/proc/self/environ", "x' OR '1'='1", f"{kid}' --",
              "https://evil.example/jwks.json", "a" * 65, "a" * 2000, f"{kid}\0", f"\0{kid}",
              f"{kid}\n", f" {kid}", kid.swapcase(), ".", "..", 0, 1790000000000, None, True, [kid],
              {"kid": kid})
    return {**{f"kid {value!r:.60}": house.with_header(kid=value) for value in values},
            "no kid": house.sign(header={"alg": "RS256"}),
            "two kids": house.sign(header=f'{{"alg":"RS256","kid":"x","kid":"{kid}"}}'),
            "two kids, the last another":
                house.sign(header=f'{{"alg":"RS256","kid":"{kid}","kid":"x"}}')}


def headers(house):
    """Members that lead to a key of the attacker's, or that must be understood."""
    jwk = house.foreign.jwk(house.kid)
    theirs = {"jwk": jwk, "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/c",
              "x5c": [b64(house.foreign.public("DER"))], "x5t": "AAAA", "x5t#S256": "AAAA"}
    ours = {"crit": ["exp"], "crit empty": [], "b64": False, "zip": "DEF", "enc": "A128GCM",
            "cty": "JWT", "epk": {}, "nonce": "x", "url": "https://evil.example", "": "x"}
    types = ("JWE", "at+jwt", "dpop+jwt", "jwt", "", 1, None, ["JWT"])
    tokens = {f"{name} and their key": house.foreign.token({**house.header, name: value},
                                                           house.claims)
              for name, value in theirs.items()}
    tokens |= {f"{name}, though signed by us": house.with_header(**{name: value})
               for name, value in theirs.items()}
    tokens |= {name: house.with_header(**{name.split()[0] if name else "": value})
               for name, value in ours.items()}
    tokens |= {f"typ {value!r}": house.with_header(typ=value) for value in types}
    forms = {"a list": '["RS256"]', "a string": '"RS256"', "null": "null", "no JSON": "alg=RS256",
             "cut off": dump(house.header)[:-1], "two objects": dump(house.header) + "{}",
             "a comment": dump(house.header)[:-1] + "/**/}", "not UTF-8": dump(
                 house.header).encode()[:-1] + b',"typ":"\xff"}', "a byte order mark":
             "\ufeff" + dump(house.header), "deep": '{"alg":' + "[" * 500 + "]" * 500 + "}"}
    return tokens | {f"header: {name}": house.sign(header=form) for name, form in forms.items()}


def claim_values(house):
    """Signed by us, and wrong."""
    now = int(time.time())
    # of a pool's token it is the pool's own name, and may be any
    subs = (house.bob.id, house.ada.id.upper()) if IDENTITY.name == "local" else ()
    wrong = {
        "iss": ("https://evil.example", house.claims["iss"] + "/", "", None, 1,
                [house.claims["iss"]]),
        "client_id": ("other", "", None, 1, ["cloud-chat"]),
        "token_use": ("id", "refresh", "Access", "", None, ["access"]),
        "exp": (now - 1, 0, -1, 1, None, "", str(now + 900), now + 900.5, True, 1e300, [now + 900],
                -(2**63)),
        "nbf": (now + 3600, 2**62, "0", now + 0.5, True),
        "iat": (now + 3600, 0, -1, 2**63 - 1, None, str(now), now - 0.5),
        "auth_time": (now + 3600, 0, -1, None, "1"),
        "sub": ("", *subs, house.ada.id + "#", "..", "a" * 65, 1, None, [house.ada.id],
                "U#" + house.ada.id),
        "username": (house.bob.id, house.ada.id.upper(), house.ada.number, "", 1, None, "+",
                     house.ada.id + "#", [house.ada.id], "U#" + house.ada.id),
        "origin_jti": ("", house.bob.session, str(uuid.uuid4()), "..", "#", None, 1,
                       [house.ada.session]),
        "jti": ("", None, 1, "a b")}
    tokens = {f"{name} {value!r:.50}": house.with_claims(**{name: value})
              for name, values in wrong.items() for value in values}
    needed = ("iss", "client_id", "token_use", "exp", "iat", "auth_time", "sub", "username",
              "origin_jti", "jti")
    return tokens | {f"no {name}": house.without_claim(name) for name in needed}


def claim_forms(house):
    body = dump(house.claims)
    inner = body[1:-1]
    nobody = str(uuid.uuid4())
    forms = {
        "exp twice": f'{{"exp":1,{inner}}}', "exp twice, escaped": f'{{{inner},"\\u0065xp":99}}',
        "sub twice": f'{{"sub":"{house.bob.id}",{inner}}}', "username twice":
        f'{{"username":"{house.bob.id}",{inner}}}', "a list": f"[{body}]",
        "a string": dump(house.kid), "null": "null", "nothing": "{}", "no JSON": "sub=ada",
        "two objects": body + body, "cut off": body[:-1], "deep":
        '{"x":' + "[" * 200 + "]" * 200 + f",{inner}}}", "not UTF-8": body.encode()[:-1]
        + b',"x":"\xff"}', "half a surrogate pair": body[:-1] + ',"x":"\\ud800"}', "NUL in a claim":
        body[:-1] + ',"x":"\\u0000"}', "a number beyond 64 bits":
        body[:-1] + ',"x":99999999999999999999}', "a trailing comma": body[:-1] + ",}", "NaN":
        body[:-1] + ',"x":NaN}'}
    tokens = {f"payload: {name}": house.sign(payload=form) for name, form in forms.items()}
    return tokens | {
        "deflated": house.sign(header={**house.header, "zip": "DEF"},
                               payload=zlib.compress(body.encode())[2:-4]),
        "deflated in silence": house.sign(payload=zlib.compress(body.encode())[2:-4]),
        "nobody": house.with_claims(sub=nobody, username=nobody),
        "the session of another": house.with_claims(origin_jti=house.bob.session),
        "another user in our session": house.with_claims(sub=house.bob.id,
                                                         username=house.bob.id)}


def bent(house):
    """The honest token, nearly."""
    good = house.ada.token
    header, payload, signature = good.split(".")
    raw = unb64(signature)
    bobs = house.bob.token.split(".")

    def signed(data):
        return f"{header}.{payload}.{b64(data)}"

    def flipped(at):
        return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]

    tokens = {f"bit {at} of the signature": signed(flipped(at)) for at in (0, 1, 100, 128, -2)}
    tokens["bit -1 of the signature"] = signed(raw[:-1] + bytes([raw[-1] ^ 1]))
    tokens |= {f"{name} signature": signed(data) for name, data in {
        "an empty": b"", "half a": raw[:128], "a shorter": raw[:-1], "a front cut off": raw[1:],
        "zero before": b"\0" + raw, "zero behind": raw + b"\0", "doubled": raw + raw, "reversed":
        raw[::-1], "all zero": bytes(256), "all ones": b"\xff" * 256, "one": bytes(255) + b"\1",
        "n as": house.key.n.to_bytes(256)}.items()}
    tokens |= {
        "the signature of another token": f"{header}.{payload}.{bobs[2]}",
        "the payload of another token": f"{header}.{bobs[1]}.{signature}",
        "header and payload swapped": f"{payload}.{header}.{signature}",
        "parts in reverse": f"{signature}.{payload}.{header}",
        "no signature": f"{header}.{payload}", "no signature but a dot": f"{header}.{payload}.",
        "header alone": header, "payload alone": payload, "no header": f".{payload}.{signature}",
        "no payload": f"{header}..{signature}", "dots": "..", "a dot": ".", "four parts":
        good + ".x", "five parts": good + ".x.y", "a dot before": "." + good, "a dot behind":
        good + ".", "twice": f"{good}.{good}", "joined": good + good, "padding": good + "==",
        "padding in the header": f"{header}=.{payload}.{signature}", "a bit that means nothing":
        good[:-1] + chr(ord(good[-1]) + 1), "plus for minus": standard_base64(good),
        "percent": good.replace(".", "%2E"), "upper case": good.upper(), "a plus behind":
        good + "+", "a slash behind": good + "/", "a tilde": good.replace(".", "~"),
        "a letter less": good[:-1], "a letter more": good + "A"}
    return tokens


def standard_base64(token):
    """With + and /. A token that has neither - nor _ is spelt alike, so one is put in."""
    other = token.replace("-", "+").replace("_", "/")
    return other if other != token else token[:-2] + "+/"


def other_kinds(house):
    """Tokens that are good for something else, or were."""
    gone = house.ada.again()
    gone.post("/auth/sign-out", expect=204)
    id_claims = {k: v for k, v in house.claims.items() if k != "client_id"}
    id_claims |= {"token_use": "id", "aud": house.claims["client_id"]}
    return {"an id token": house.sign(payload=id_claims),
            "a refresh token": house.ada.refresh_token,
            "a session that ended": gone.token,
            "a refresh token of a session that ended": gone.refresh_token,
            "a session id": house.ada.session, "a user id": house.ada.id, "a kid": house.kid,
            "a nested token": house.sign(payload=house.ada.token),
            "a nested token with cty": house.sign(header={**house.header, "cty": "JWT"},
                                                  payload=house.ada.token),
            "the word null": "null", "the word undefined": "undefined",
            "five parts as of JWE": ".".join([b64('{"alg":"dir","enc":"A128GCM"}'), "", "AAAA",
                                              "AAAA", "AAAA"]),
            "a hundred dots": "." * 100, "a thousand letters": "a" * 1000,
            "as long as a header may be": "a" * 7000,
            "a long payload": house.with_claims(x="y" * 3500),
            "a long header": house.with_header(x="y" * 5000),
            "a long list of claims": house.with_claims(x=[0] * 1500)}


FAMILIES = (algorithms, public_key_as_secret, keys, kids, headers, claim_values, claim_forms, bent,
            other_kinds)


def header_values(house):
    """What stands around a token that is good."""
    good = house.ada.token
    return {
        "no scheme": good, "Basic": f"Basic {good}", "Token": f"Token {good}", "DPoP":
        f"DPoP {good}", "JWT": f"JWT {good}", "Bearer twice": f"Bearer Bearer {good}",
        "a colon": f"Bearer: {good}", "nothing": "Bearer", "a blank": "Bearer ", "glued":
        f"Bearer{good}", "quoted": f'Bearer "{good}"', "in angle brackets": f"Bearer <{good}>",
        "a name": f"Bearer token={good}", "a list": f"Bearer {good},{good}", "two schemes":
        f"Bearer {good}, Bearer {good}", "Basic first": f"Basic x, Bearer {good}",
        "a comma before": f", Bearer {good}", "a semicolon": f"Bearer {good};", "a blank inside":
        f"Bearer {good[:20]} {good[20:]}", "a tab inside": f"Bearer {good[:20]}\t{good[20:]}",
        "two tokens": f"Bearer {good} {house.bob.token}", "a NUL behind": f"Bearer {good}\0",
        "a NUL inside": f"Bearer {good[:20]}\0{good[20:]}", "a letter that is no ASCII":
        f"Bearer {good}\xe9", "a folded line": f"Bearer\r\n {good[:20]}\r\n {good[20:]}",
        "a line feed": f"Bearer {good[:20]}\n{good[20:]}"}


# --- the tests ------------------------------------------------------------------------------------


def test_a_token_that_says_nothing_wrong_is_accepted_from_our_own_forge(house):
    for token in (house.sign(), house.with_header(typ="JWT"), house.with_claims(nbf=1, more=[1]),
                  house.sign(payload=json.dumps(house.claims, indent=1))):
        for method, target in (("GET", "/profile"), ("GET", "/chat/rooms")):
            reply = house.ask(method, target, f"Authorization: Bearer {token}")
            assert reply.status == 200, (token_header(token), reply)


def test_the_scheme_is_read_as_http_says(house):
    good = house.ada.token
    for value in (f"bearer {good}", f"BEARER  {good}", f"Bearer {good} "):
        assert house.ask("GET", "/profile", f"Authorization: {value}").status == 200, value


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_hostile_token_is_accepted(house, family):
    refuse_tokens(house, family(house))


def test_nothing_around_a_good_token_is_guessed_at(house):
    for what, value in header_values(house).items():
        refuse(house, what, value)


def test_a_token_stands_nowhere_but_in_its_header(house):
    good = house.ada.token
    for target, field in ((f"/profile?access_token={good}", "X-None: 1"),
                          ("/profile", f"Cookie: access_token={good}; Authorization=Bearer {good}"),
                          ("/profile", f"X-Authorization: Bearer {good}"),
                          ("/profile", f"Proxy-Authorization: Bearer {good}")):
        assert house.ask("GET", target, field).status == 401, field[:20]


def test_the_corpus_is_as_large_as_it_says(house):
    names = [what for family in (*FAMILIES, header_values) for what in family(house)]
    print(f"{len(names)} hostile tokens")
    assert len(names) >= CORPUS_MIN


# --- the others that a client hands back ----------------------------------------------------------


def bent_refresh_tokens(token, other):
    parts = bent_parts if IDENTITY.name == "local" else bent_parts_of_pool
    return ["", ".", "...", token[:-1], token + "A", token + ".", "." + token, token + "=",
            token.upper(), "a" * 5000, token[:-1] + chr(ord(token[-1]) + 1),
            *parts(token, other)]


def bent_parts(token, other):
    user, session, n, mac = token.split(".")
    their_user, their_session, their_n, their_mac = other.split(".")
    return [f"{user}.{session}.{mac}", f"{user}.{session}.{int(n) + 1}.{mac}",
            f"{user}.{session}.0{n}.{mac}", f"{user}.{session}.-{n}.{mac}",
            f"{user}.{session}.+{n}.{mac}", f"{user}.{session}.{n}.",
            f"{user}.{session}.{2**63 - 1}.{mac}", f"{user}.{session}.{2**64 + int(n)}.{mac}",
            f"{their_user}.{session}.{n}.{mac}", f"{user}.{their_session}.{n}.{mac}",
            f"{user}.{session}.{their_n}.{their_mac}", f"{session}.{user}.{n}.{mac}",
            f"..{session}.{n}.{mac}", f"{user}#.{session}.{n}.{mac}", mac,
            f"{user}.{session}.{n}.{'A' * 43}"]


def bent_parts_of_pool(token, other):
    """Whose last part, which has dots, is the pool's."""
    user, session, mac, pools = token.split(".", 3)
    their_user, their_session, their_mac, their_pools = other.split(".", 3)
    return [pools, mac, f"{user}.{session}.{mac}", f"{user}.{session}.{mac}.",
            f"{user}.{session}.{pools}", f"{user}.{session}..{pools}", f"..{mac}.{pools}",
            f"{their_user}.{session}.{mac}.{pools}", f"{user}.{their_session}.{mac}.{pools}",
            f"{user}.{session}.{their_mac}.{pools}", f"{user}.{session}.{mac}.{their_pools}",
            f"{user}.{session}.{their_mac}.{their_pools}",
            f"{their_user}.{their_session}.{mac}.{pools}", f"{session}.{user}.{mac}.{pools}",
            f"{user}#.{session}.{mac}.{pools}", f"{user}.{session}.{'A' * 43}.{pools}"]


def test_no_bent_refresh_token_is_accepted_and_none_ends_the_session(house):
    anybody = Client(house.server.url)
    tokens = bent_refresh_tokens(house.ada.refresh_token, house.bob.refresh_token)
    tokens += [house.ada.token, house.sign(), house.ada.session]
    for token in tokens:
        reply = anybody.post("/auth/refresh-token", {"refresh_token": token}, expect=(401, 422))
        assert "access_token" not in reply.json(), token
    for token in tokens:
        reply = house.ask("POST", "/auth/refresh-token", f"Cookie: cc_refresh={token}",
                          "Content-Type: application/json")
        assert reply.status in (400, 401, 422), (token, reply)
    assert anybody.post("/auth/refresh-token", {"refresh_token": house.ada.refresh_token},
                        expect=200).json()["access_token"]
    assert house.ada.get("/profile", expect=200)


def test_no_bent_cursor_of_a_list_is_accepted(house):
    ada = Person(house.server, "Ada").sign_up().sign_in()
    others = [Person(house.server, f"Other {i}").sign_up().sign_in() for i in range(2)]
    for other in others:
        ada.room_with(other)
        house.bob.room_with(other)
    cursor = ada.get("/chat/rooms", query={"limit": 1}, expect=200).json()["next"]
    assert cursor
    bad = ["x", ".", "A" * 22, cursor[:-1], cursor + "A", cursor + "=", cursor.swapcase(),
           cursor[1:], "%2e", cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:],
           cursor + cursor, "a" * 1024, b64(unb64(cursor)[16:]),
           b64(bytes(16) + unb64(cursor)[16:]), "../", "' OR 1=1 --", "-1", "0"]
    for value in bad:
        reply = ada.get("/chat/rooms", query={"limit": 1, "cursor": value}, expect=(400, 422))
        assert reply.status == 400 or reply.pointers == ["/cursor"], value
    house.bob.get("/chat/rooms", query={"limit": 1, "cursor": cursor}, expect=(400, 422))
    page = ada.get("/chat/rooms", query={"limit": 1, "cursor": cursor}, expect=200).json()
    assert len(page["items"]) == 1


def test_no_bent_sync_token_gives_anything_away(house):
    room = house.ada.room_with(house.bob)
    house.bob.say(room, "Hello", new_client_id())
    path = f"/chat/rooms/{room['id']}/changes"
    sync = house.ada.changes(room)["sync"]
    epoch, rev, seq = sync.split(".")
    for value in ("x", ".", "..", f"{epoch}.{rev}", f"{epoch}..{seq}", f"{epoch}.0{rev}.{seq}",
                  f"{epoch}.-1.{seq}", f"{epoch}.{rev}.-1", f"{epoch}.{rev}.{2**63}",
                  f"{epoch}.{rev}.{seq}.0", f"{epoch}.+1.1", f"{epoch}. 1.1", f"{epoch}.1e3.1",
                  f".{rev}.{seq}", f"{sync} ", f"{epoch}.0x1.1"):
        house.ada.get(path, query={"since": value}, expect=(400, 422))
    for value in (f"other.{rev}.{seq}", f"{epoch}.{int(rev) + 1}.{seq}",
                  f"{epoch}.{rev}.{2**63 - 1}", f"{epoch.upper()}x.0.0"):
        reset = house.ada.changes(room, since=value)
        assert reset["reset"] is True and not reset["messages"], value
    assert house.ada.changes(room, since=sync)["sync"] == sync
