"""The one session of requests that the transport uses."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter


class Session(requests.Session):
    """A session that keeps nothing and follows nothing."""

    def __init__(self, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.proxies.update(proxies)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=2))

    def get_redirect_target(self, resp: requests.Response) -> None:
        # requests reads the whole body of a redirect, unbounded, even where it is told not to follow.
        return None
