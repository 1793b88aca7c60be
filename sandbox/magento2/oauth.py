"""OAuth 1.0a with HMAC-SHA256, the way the shop builds the text that is signed (M§8).

It differs from RFC 5849 in two things that break clients: parameters are sorted in natural order (index 10 after
9), and the path is normalised first, so that ``%2F``, ``%2B``, ``%26`` and ``%2C`` count decoded while other
escapes stay. A ``+`` in the query is a plus, not a blank.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cmp_to_key
from itertools import zip_longest
from urllib.parse import quote, unquote

from sandbox.magento2.errors import ApiError
from sandbox.magento2.state import Database, Integration

METHOD = "HMAC-SHA256"
REQUIRED = (
    "oauth_consumer_key",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_token",
)
PAIR = re.compile(r'(\w+)="([^"]*)"')
ALLOWED = "A-Za-z0-9_.~:@&=+$,/;%-"
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


def read_header(header: str) -> dict[str, str]:
    """The protocol parameters of an ``Authorization: OAuth …`` header."""
    return {name: unquote(value) for name, value in PAIR.findall(header)}


def encode(text: str) -> str:
    """RFC 3986: everything but letters, digits and ``-._~``."""
    return quote(text, safe="-._~")


def normal_path(path: str) -> str:
    """The path as it counts: escapes of characters that may stand in a path decoded, stray ones escaped."""
    keeps = re.compile(f"[{ALLOWED}]")

    def decode(found: re.Match[str]) -> str:
        character = chr(int(found.group(1), 16))
        return character if keeps.fullmatch(character) else found.group(0)

    decoded = ESCAPE.sub(decode, path)
    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", decoded)
    return re.sub(f"[^{ALLOWED}]", lambda found: quote(found.group(0), safe=""), escaped)


def _natural(left: str, right: str) -> int:
    """Compare with numbers as numbers."""
    parts = re.compile(r"\d+|\D+")
    for a, b in zip_longest(parts.findall(left), parts.findall(right), fillvalue=""):
        if a == b:
            continue
        if a.isdigit() and b.isdigit() and int(a) != int(b):
            return -1 if int(a) < int(b) else 1
        return -1 if a < b else 1
    return 0


def base_string(method: str, address: str, path: str, query: str, protocol: Mapping[str, str]) -> str:
    """The text that is signed; ``address`` is scheme, host and port."""
    given = [pair.split("=", 1) for pair in query.split("&") if "=" in pair]
    parameters = {encode(unquote(name)): encode(unquote(value)) for name, value in given}
    parameters |= {encode(k): encode(v) for k, v in protocol.items() if k not in ("oauth_signature", "realm")}
    ordered = sorted(parameters, key=cmp_to_key(_natural))
    text = "&".join(f"{name}={parameters[name]}" for name in ordered)
    return "&".join((method, encode(address + normal_path(path)), encode(text)))


def sign(text: str, consumer_secret: str, token_secret: str) -> str:
    """The signature of a base string."""
    key = f"{encode(consumer_secret)}&{encode(token_secret)}".encode()
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


def authenticate(db: Database, header: str, method: str, address: str, path: str, query: str) -> Integration:
    """The integration that signed; 400 or 401 with the reason. A nonce counts as used once it has been seen."""
    given = read_header(header)
    missing = [name for name in REQUIRED if not given.get(name)]
    if missing:
        text = 'The "%1" parameter is missing. Enter and try again.'
        raise ApiError(400, text, [missing[0]])
    found = next((one for one in db.integrations if one.consumer_key == given["oauth_consumer_key"]), None)
    if found is None:
        raise ApiError(401, "A consumer having the specified key does not exist")
    if found.token != given["oauth_token"]:
        raise ApiError(401, "Specified token does not exist")
    nonce = (found.id, given["oauth_nonce"], given["oauth_timestamp"])
    if nonce in db.nonces:
        raise ApiError(401, "The nonce is already being used by the consumer with ID %1", [str(found.id)])
    db.nonces.add(nonce)
    if given["oauth_signature_method"] != METHOD:
        raise ApiError(400, "Signature method %1 is not supported", [given["oauth_signature_method"]])
    expected = sign(base_string(method, address, path, query, given), found.consumer_secret, found.token_secret)
    if not hmac.compare_digest(expected.encode(), given["oauth_signature"].encode()):
        raise ApiError(401, "The signature is invalid. Verify and try again.")
    return found
