"""The code of an authenticator app, and how somebody comes to need one."""

import base64
import hmac
import struct
import time


def totp(secret, ahead=0):
    """RFC 6238, with its defaults."""
    step = struct.pack(">Q", int(time.time()) // 30 + ahead)
    mac = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), step, "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4]) & 0x7fffffff) % 10**6:06d}"


def wrong_totp(secret):
    """A code that is none of those which are good now."""
    near = {totp(secret, ahead) for ahead in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555")
                if code not in near)


def take_second_step(cognito, access_token):
    """At the pool: there is no route of ours for it yet. Gives the secret of the app."""
    secret = cognito.associate_software_token(AccessToken=access_token)["SecretCode"]
    cognito.verify_software_token(AccessToken=access_token, UserCode=totp(secret))
    cognito.set_user_mfa_preference(AccessToken=access_token, SoftwareTokenMfaSettings={
        "Enabled": True, "PreferredMfa": True})
    return secret
