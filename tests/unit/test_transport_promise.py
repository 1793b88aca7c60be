"""The transport as adapters outside this repository know it: the names, and how they are called."""

from __future__ import annotations

import inspect
from operator import attrgetter

import pytest

from connector import transport
from connector.transport import tokens

#: What adapters outside this repository build on (docs/adr/0019). A line that changes is told in CHANGELOG.md.
PROMISED = {
    "Answer": "call status headers body began_at server_at data",
    "Auth.renew": "self request",
    "Auth.sign": "self request",
    "Bearer": "token",
    "Call": "method template purpose at query body content_type headers safe expects_json",
    "Hooks": "limits complaint unreadable",
    "NoAuth": "",
    "Patience": "connect_s read_s total_s attempts pause_s longest_pause_s reset_s max_bytes",
    "Transport": "opening base_url auth hooks patience headers proxies",
    "Transport.close": "self",
    "Transport.follow": "self link template purpose",
    "Transport.get": "self template purpose at query headers expects_json",
    "Transport.pause": "self what seconds",
    "Transport.send": "self call",
    "decode": "body",
    "evidence": "answer",
    "kind_of": "answer",
    "retry_after": "answer now",
    "RotatingTokens": "opening rules patience proxies",
    "RotatingTokens.authorize": "self code",
    "RotatingTokens.close": "self",
    "RotatingTokens.consent_page": "self state",
    "RotatingTokens.pair": "self",
    "TokenRules": "base_url token_path consent_url client_id client_secret redirect_uri due max_age earliest too_early "
    "scope kept wrong_client",
}


@pytest.mark.parametrize("name", PROMISED)
def test_what_outsiders_build_on_has_the_parameters_that_it_had(name: str) -> None:
    """No parameter that an adapter may name goes away, or changes its place."""
    head = name.partition(".")[0]
    module = tokens if head in tokens.__all__ else transport
    parameters = list(inspect.signature(attrgetter(name)(module)).parameters)
    promised = PROMISED[name].split()
    assert promised == parameters[: len(promised)]


def test_everything_public_is_promised() -> None:
    """A new name, or method, of the transport is promised to outsiders, too."""
    public = {
        f"{name}.{method}"
        for name, module in [(name, module) for module in (transport, tokens) for name in module.__all__]
        if name in ("Transport", "RotatingTokens")
        for method, _ in inspect.getmembers(getattr(module, name), inspect.isfunction)
        if not method.startswith("_") and method not in ("sign", "renew")
    }
    assert public | {*transport.__all__, *tokens.__all__} - {"Auth", "Query"} == {
        name for name in PROMISED if not name.startswith("Auth")
    }
