"""OAuth 2 as the host does it (section 2): a window for refreshing, and refresh tokens that work once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote

from adapters.exact_online.options import Options
from connector.contract import Credentials, Opening
from connector.transport import Answer
from connector.transport.tokens import RotatingTokens, TokenRules

#: A new pair may be asked for from now on, and is (facts 15, 27).
_WINDOW: Final = timedelta(seconds=570)
#: The access token ends at 600 s, and must be good until the host has finished (fact 24).
_USABLE: Final = timedelta(seconds=595)
#: A token from the configuration was obtained long ago: it is exchanged when first needed.
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def tokens(opening: Opening) -> RotatingTokens:
    """The keeper of one channel's pair; the configured first token is put into an empty store."""
    options: Options = opening.options
    if options.refresh_token is not None:
        _seed(opening, options.refresh_token.get_secret_value())
    rules = TokenRules(
        base_url=options.base_url,
        token_path="/api/oauth2/token",  # noqa: S106 a path
        consent_url=f"{options.base_url}/api/oauth2/auth",
        client_id=options.client_id,
        client_secret=options.client_secret.get_secret_value(),
        redirect_uri=options.redirect_uri,
        due=_WINDOW,
        max_age=_USABLE,
        earliest=_WINDOW,
        too_early=is_too_early,
        wrong_client=("invalid_client",),  # a used token is refused under other names (fact 21)
    )
    return RotatingTokens(opening, rules, proxies=options.proxies)


def is_too_early(answer: Answer) -> bool:
    """A refusal that only came too soon; sources disagree on its status and text (fact 16)."""
    text = answer.body.decode(errors="replace").casefold()
    return answer.headers.get("Reason", "").startswith("TooEarlyToRefreshTokens") or "token not expired" in text


def once_decoded(code: str) -> str:
    """A code as it stands in an address bar, decoded once (fact 10); one that is decoded already stays."""
    return unquote(code.strip())


def _seed(opening: Opening, token: str) -> None:
    if opening.tokens.load() is not None:
        return
    with opening.tokens.exclusive():
        if opening.tokens.load() is None:
            opening.tokens.save(Credentials({"access_token": "", "refresh_token": token}, _LONG_AGO))
