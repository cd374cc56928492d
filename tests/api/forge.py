"""JSON Web Tokens as an attacker would make them, and as the server does: with whatever header,
claims, key and signature. RSA is a page of arithmetic here, so that nothing checks what is asked
for; keys of other kinds are openssl's."""

import base64
import hashlib
import hmac
import json
import re
import subprocess


def b64(data):
    data = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def dump(value):
    """JSON of a value; text and bytes are taken for what they are."""
    return value if isinstance(value, (str, bytes)) else json.dumps(value, separators=(",", ":"))


def signing_input(header, payload):
    return f"{b64(dump(header))}.{b64(dump(payload))}"


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True,
                          check=True, timeout=60).stdout


class Rsa:
    """A private key, from a PEM file."""

    DIGEST_INFO = {  # RFC 8017 9.2, note 1
        "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
        "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
        "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
        "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
    }

    def __init__(self, path):
        self.path = path
        text = openssl("pkey", "-in", path, "-noout", "-text").decode()
        self.n, self.p, self.q, self.dp, self.dq, self.qi = (
            self._number(text, name) for name in ("modulus", "prime1", "prime2", "exponent1",
                                                  "exponent2", "coefficient"))
        self.e = int(re.search(r"publicExponent: (\d+)", text)[1])
        self.size = (self.n.bit_length() + 7) // 8

    @classmethod
    def make(cls, path, bits=2048, exponent=65537):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-pkeyopt",
                f"rsa_keygen_pubexp:{exponent}", "-out", path)
        return cls(path)

    @staticmethod
    def _number(text, name):
        digits = re.search(name + r":\s+((?:[0-9a-f]{2}[:\s]+)+)", text)[1]
        return int(re.sub(r"[:\s]", "", digits), 16)

    def raw(self, block):
        """RFC 8017 5.1.2, by the remainders."""
        m = int.from_bytes(block)
        m1, m2 = pow(m, self.dp, self.p), pow(m, self.dq, self.q)
        return (m2 + self.q * ((m1 - m2) * self.qi % self.p)).to_bytes(self.size)

    def sign(self, data, digest="sha256"):
        """RFC 8017 8.2.1: RSASSA-PKCS1-v1_5."""
        end = self.DIGEST_INFO[digest] + hashlib.new(digest, data).digest()
        return self.raw(b"\0\1" + b"\xff" * (self.size - len(end) - 3) + b"\0" + end)

    def sign_loosely(self, data):
        """The padding of RFC 8017, but short, and with rubbish behind the digest."""
        end = self.DIGEST_INFO["sha256"] + hashlib.sha256(data).digest()
        block = b"\0\1" + b"\xff" * 8 + b"\0" + end
        return self.raw(block + b"\0" * (self.size - len(block)))

    def sign_pss(self, data):
        return openssl("dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sign", self.path,
                       data=data)

    def public(self, form):
        """SubjectPublicKeyInfo in PEM or DER, or PKCS #1."""
        if form == "pkcs1":
            return openssl("rsa", "-in", self.path, "-RSAPublicKey_out")
        return openssl("pkey", "-in", self.path, "-pubout", "-outform", form)

    def jwk(self, kid):
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
                "n": b64(self.n.to_bytes(self.size)), "e": b64(self.e.to_bytes(3))}

    def token(self, header, payload, digest="sha256"):
        data = signing_input(header, payload)
        return f"{data}.{b64(self.sign(data.encode(), digest))}"


def hmac_token(header, payload, secret, digest="sha256"):
    data = signing_input(header, payload)
    return f"{data}.{b64(hmac.new(secret, data.encode(), digest).digest())}"
