"""One transport for all adapters that speak HTTP: bounds of time and size, retries, every failure as one of our errors.

It is for adapters, ours and others'; the engine asks no system by itself (docs/adr/0019). An adapter makes one
:class:`Transport` per channel and asks it for :class:`Answer` values. What the systems have in common is here
and nowhere else:

- every attempt is announced to the budget before it goes out, and signed anew (:class:`Auth`);
- a call ends by its own deadline, however slowly the bytes arrive, and an answer has a largest size
  (a small compressed one can unfold to gigabytes): :class:`Patience`;
- nothing is followed: a redirect, or a next-link to another origin, is ContractBroken, since the
  headers that go along open the shop;
- the environment is not asked (``~/.netrc`` would replace our Authorization), no cookies are kept,
  each thread has a session of its own;
- numbers are exact: JSON is decoded to ``int`` and ``Decimal``, and a Decimal is sent as it is;
- a call that is safe to repeat is repeated a few times, with growing, jittered pauses that end when the
  daemon stops; a write never is, and one whose answer was lost is AmbiguousWrite;
- a refused answer is the error that the system's own words mean (:class:`Hooks`), else the one of its status;
- how far the server's clock is ahead of ours is measured with every answer;
- messages name the method, the path template and the status, never a query, a token or a value.

Pairs of tokens that rotate are kept by :mod:`connector.transport.tokens`, imported apart since it needs a library
of its own.

What is promised: the names in ``__all__``, here and there, with their parameters and what is said of them, are what
adapters outside this repository build on, as :mod:`connector.contract` is. They grow by parameters that have a
default. Any other change of them is told in CHANGELOG.md, with what to write instead. The modules below, and what is
not listed, may change with any version.
"""

from __future__ import annotations

from connector.transport.auth import Auth, Bearer, NoAuth
from connector.transport.call import Answer, Call, Patience, Query
from connector.transport.reading import decode, evidence, kind_of, retry_after
from connector.transport.web import Hooks, Transport

__all__ = [
    "Answer",
    "Auth",
    "Bearer",
    "Call",
    "Hooks",
    "NoAuth",
    "Patience",
    "Query",
    "Transport",
    "decode",
    "evidence",
    "kind_of",
    "retry_after",
]
