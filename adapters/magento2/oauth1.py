"""OAuth 1.0a as this shop checks it: HMAC-SHA256 over a base string that is not quite the RFC's.

Two differences (magento2/NOTES.md section 8, recording auth_5_oauth_signing_rules): parameters are
sorted in natural order, so that index 10 comes after 9, and of the path's percent-encodings
``%2F %2B %26 %2C`` are decoded while all others stay. Everything else is oauthlib's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client
from oauthlib.oauth1.rfc5849 import signature, utils

_DECODED_IN_PATH: Final = {"%2F": "/", "%2B": "+", "%26": "&", "%2C": ","}
_NUMBERS: Final = re.compile(r"(\d+)")
_SIGN: Final[Callable[[str, Client], str]] = cast(Any, signature).sign_hmac_sha256_with_client  # not in the stubs

# It writes base strings and signatures at DEBUG.
logging.getLogger("oauthlib").setLevel(logging.WARNING)


class _Signer(Client):
    """oauthlib's client with this shop's base string."""

    _render: Callable[..., tuple[str, dict[str, str], Any]]

    def get_oauth_signature(self, request: Any) -> str:
        uri, headers, _ = self._render(request)
        parameters = signature.collect_parameters(uri_query=urlsplit(uri).query, headers=headers)
        text = signature.signature_base_string(request.http_method, base_uri(uri), normalized(parameters))
        return _SIGN(text, self)


class OAuth1:
    """Signs each attempt anew: a nonce is taken once. An :class:`connector.transport.Auth`."""

    def __init__(self, consumer_key: str, consumer_secret: str, access_token: str, access_token_secret: str) -> None:
        self._client = _Signer(
            consumer_key,
            client_secret=consumer_secret,
            resource_owner_key=access_token,
            resource_owner_secret=access_token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
        )

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the signature on; a JSON body is no part of it."""
        method = cast(Any, request.method)  # the stubs want a literal
        _, headers, _ = self._client.sign(str(request.url), http_method=method, headers={})
        request.headers["Authorization"] = headers["Authorization"]

    def renew(self, request: requests.PreparedRequest) -> bool:
        """There are no other credentials."""
        return False


def base_uri(uri: str) -> str:
    """Scheme, host and path as they go into the base string."""
    text = str(signature.base_string_uri(uri))
    for encoded, plain in _DECODED_IN_PATH.items():
        text = text.replace(encoded, plain)
    return text


def normalized(parameters: list[tuple[str, str]]) -> str:
    """The parameters in natural order of their encoded names, joined."""
    encoded = [(utils.escape(name), utils.escape(value)) for name, value in parameters]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded, key=natural))


def natural(pair: tuple[str, str]) -> list[tuple[int, int, str]]:
    """A sort key that compares runs of digits as numbers."""
    runs = _NUMBERS.split(pair[0])
    return [(0, int(run), "") if run.isdigit() else (1, 0, run) for run in runs if run] + [(1, 0, pair[1])]
