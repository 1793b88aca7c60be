"""Who asks: integration tokens, signatures, administrators' tokens; and what they may (M§8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.magento2 import oauth
from sandbox.magento2.call import Call, User
from sandbox.magento2.errors import ApiError, unauthorized
from sandbox.magento2.state import Admin, Database
from sandbox.numbers import read_json, write_json

SIGN_IN = "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later."
ANONYMOUS = "anonymous"
INTEGRATION, ADMIN = 1, 2


@dataclass(frozen=True)
class Request:
    """What of a request counts for its signature: the raw path and query, and the address the shop is called by."""

    method: str
    address: str
    path: str
    query: str
    authorization: str


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _signature(db: Database, text: str) -> str:
    return _to_text(hmac.new(db.token_key, text.encode(), hashlib.sha256).digest())


def make_admin_token(db: Database, admin: Admin, now: datetime) -> str:
    """A JSON web token with ``uid``, ``utypid``, ``iat`` and ``exp``."""
    issued = int(now.timestamp())
    claims = {"uid": admin.id, "utypid": ADMIN, "iat": issued, "exp": issued + db.settings.admin_token_s}
    head = write_json({"kid": "1", "alg": "HS256"})
    text = f"{_to_text(head.encode())}.{_to_text(write_json(claims).encode())}"
    return f"{text}.{_signature(db, text)}"


def read_admin_token(db: Database, token: str, now: datetime) -> User | None:
    """The administrator of a token; None for a bad signature or one that has expired."""
    text, _, signature = token.rpartition(".")
    if text.count(".") != 1 or not hmac.compare_digest(_signature(db, text).encode(), signature.encode()):
        return None
    try:
        claims = read_json(_from_text(text.split(".")[1]))
    except (ValueError, binascii.Error):
        return None
    return User(ADMIN, claims["uid"]) if claims["exp"] > now.timestamp() else None


def expire_admin_tokens(db: Database) -> None:
    """Make every administrator's token that was given out worthless; integrations' tokens do not expire."""
    db.token_key = hashlib.sha256(db.token_key).digest()


def authorize(db: Database, request: Request, resource: str, now: datetime) -> User:
    """Who asks; 401 that names the resource for everybody who may not (M§8)."""
    if resource == ANONYMOUS:
        return User()
    may, user = _identify(db, request, now)
    if user is None or not may(resource):
        raise unauthorized(resource)
    return user


def _identify(db: Database, request: Request, now: datetime) -> tuple[Callable[[str], bool], User | None]:
    scheme, _, rest = request.authorization.partition(" ")
    if scheme.lower() == "oauth":
        signer = oauth.authenticate(db, rest, request.method, request.address, request.path, request.query)
        return signer.may, User(INTEGRATION, signer.id)
    if scheme.lower() != "bearer":
        return bool, None
    if db.settings.integration_as_bearer:
        for one in db.integrations:
            if hmac.compare_digest(one.token.encode(), rest.strip().encode()):
                return one.may, User(INTEGRATION, one.id)
    return (lambda _resource: True), read_admin_token(db, rest.strip(), now)


def post_admin_token(call: Call) -> Any:
    """A token for user name and password. Six wrong passwords in a row lock the user, with the same answer (M§8)."""
    db, settings = call.db, call.db.settings
    if settings.two_factor:
        raise ApiError(400, "Please ask an administrator with sufficient access to configure 2FA first")
    admin = db.admins.get(call.given["username"])
    if admin is None:
        raise ApiError(401, SIGN_IN)
    if admin.locked_until is not None and admin.locked_until > call.now:
        raise ApiError(401, SIGN_IN)
    if not hmac.compare_digest(admin.password.encode(), call.given["password"].encode()):
        _count_failure(admin, call.now, settings.lock_after, settings.lock_s)
        raise ApiError(401, SIGN_IN)
    admin.failures, admin.locked_until = 0, None
    return make_admin_token(db, admin, call.now)


def _count_failure(admin: Admin, now: datetime, lock_after: int, lock_s: int) -> None:
    admin.failures += 1
    if admin.failures >= lock_after:
        admin.failures, admin.locked_until = 0, now + timedelta(seconds=lock_s)
