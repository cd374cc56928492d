"""Small images, real ones."""

import base64
import struct
import zlib


def png(width, height):
    """A black one."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# 16 x 8, red
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////"
    "////////////////////////////////wAALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEA"
    "AAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AJD/2Q==")
WEBP = base64.b64decode(
    "UklGRjIAAABXRUJQVlA4ICYAAABwAQCdASoQAAgAB0CWJaACdAFAAAD+5AFjCaSdH8zfhR8nUAAAAA==")
WEBP_LOSSLESS = base64.b64decode(
    "UklGRh4AAABXRUJQVlA4TBEAAAAvD8ABAAdQjyLXo/+BiOh/AAA=")
GIF = base64.b64decode(
    "R0lGODdhEAAIAIEAAMgeHgAAAAAAAAAAACwAAAAAEAAIAAAIFQABCBxIsKDBgwgTKlzIsKHDhwgDAgA7")
