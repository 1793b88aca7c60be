"""Calls with the host's habits in one place: budgets, both list shapes, pages to their end, row versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.exact_online.errors import COUNTED, FilterWanted, complaint, unreadable
from adapters.exact_online.limits import limits
from adapters.exact_online.odata import Listed, unfold
from adapters.exact_online.options import Options
from connector.contract import Limit, Opening, RowResult, Write
from connector.errors import AmbiguousWrite, AuthFailed, ConnectorError, ContractBroken, RateLimited, Transient
from connector.transport import Answer, Call, Hooks, Patience, Query, Transport, evidence
from connector.transport.tokens import RotatingTokens

API: Final = "/api/v1/{division}/"
#: A call ends within this; ``lands_within_s`` of the capabilities leaves room for a whole batch.
CALL_S: Final = 60.0
#: The limit of a minute is waited for inside a call: nothing else could be asked meanwhile.
_MINUTE_S: Final = 61.0
#: A condition that always holds, for endpoints that want one on this property (fact 37).
_ANY_TIME: Final = "Modified gt datetime'1990-01-01T00:00:00'"
_TOKEN: Final = re.compile(r"[?&](?:\$|%24)skiptoken=(\d+)L", re.IGNORECASE)
_PLAIN_LISTS: Final[Query] = [("$inlinecount", "allpages")]


@dataclass(frozen=True)
class Synced:
    """One page of a sync endpoint: rows with ``Timestamp`` as a number, and the highest one seen so far."""

    rows: Sequence[dict[str, Any]]
    began_at: datetime
    reached: int
    last: bool


class Api:
    """The calls of one division."""

    def __init__(self, opening: Opening, tokens: RotatingTokens) -> None:
        options: Options = opening.options
        self._budget = opening.budget
        self._tokens = tokens
        self._division = str(options.division)
        self._wants_modified: set[str] = set()
        #: The budgets as the host stated them last, by name.
        self.stated: dict[str, Limit] = {}
        self.transport = Transport(
            opening,
            options.base_url,
            auth=tokens,
            hooks=Hooks(limits=self._hear, complaint=complaint, unreadable=unreadable),
            patience=Patience(read_s=CALL_S, total_s=CALL_S, reset_s=_MINUTE_S),
            proxies=options.proxies,
        )

    def close(self) -> None:
        """Let go of connections."""
        self.transport.close()
        self._tokens.close()

    def me(self, select: Sequence[str], purpose: str) -> tuple[Mapping[str, Any], Answer]:
        """The user, and the answer with its Date header; the one address without a division (fact 3)."""
        answer = self._send(Call("GET", "/api/v1/current/Me", purpose, query=_select(select), safe=True))
        rows = unfold(answer).rows
        if not rows:
            raise ContractBroken(f"{answer.call}: answered no user", evidence=evidence(answer))
        return rows[0], answer

    def listing(self, entity: str, select: Sequence[str], purpose: str, where: str = "") -> list[dict[str, Any]]:
        """All rows that meet a filter, in the single form with its derived values.

        Counted against the server's total: a page that lost its end is ContractBroken, never an absence.
        """
        try:
            return self._list(entity, select, purpose, where)
        except FilterWanted as wanted:
            if entity in self._wants_modified or "Modified" not in wanted.fields:
                raise
            self._wants_modified.add(entity)
        return self._list(entity, select, purpose, where)

    def synced(self, entity: str, select: Sequence[str], after: int, purpose: str) -> Iterator[Synced]:
        """Pages of what changed behind a row version, in the order of the row versions, up to the last link.

        A page without a newer row, a link twice, or a link that skips rows of its page is ContractBroken.
        """
        query = [*_select(["Timestamp", *select]), ("$filter", f"Timestamp gt {max(after, 1)}L")]
        answer, reached, links = self._get(entity, query, purpose), after, set[str]()
        while True:
            listed = unfold(answer)
            rows = [{**row, "Timestamp": _version(row, answer)} for row in listed.rows]
            versions = [row["Timestamp"] for row in rows]
            _check_order(answer, listed, versions, reached, links)
            reached = max([reached, *versions])
            yield Synced(rows, answer.began_at, reached, last=listed.next is None)
            if listed.next is None:
                return
            answer = self._follow(listed.next, entity, purpose)

    def create(self, entity: str, body: Mapping[str, Any], purpose: str, key: str = "ID") -> str:
        """Make a record; its key. Raises AmbiguousWrite where the answer bears none."""
        call = self._call("POST", entity, purpose, body=body, headers={"Prefer": "return=representation"})
        answer = self._send(call)
        made = answer.data.get("d") if isinstance(answer.data, dict) else None
        id_ = made.get(key) if isinstance(made, dict) else None
        if not isinstance(id_, str) or not id_:
            raise AmbiguousWrite(f"{call}: answered {answer.status} without a key", status=answer.status)
        return id_.lower()

    def change(self, entity: str, id_: str, body: Mapping[str, Any], purpose: str) -> None:
        """Change these properties of a record, and no others."""
        self._send(self._call("PUT", entity, purpose, id_=id_, body=body, expects_json=False))

    def remove(self, entity: str, id_: str, purpose: str) -> None:
        """Delete a record."""
        self._send(self._call("DELETE", entity, purpose, id_=id_, expects_json=False))

    def _call(self, method: str, entity: str, purpose: str, *, id_: str = "", **more: Any) -> Call:
        template = f"{API}{entity}" + ("(guid'{id}')" if id_ else "")
        return Call(method, template, purpose, at={"division": self._division, "id": id_}, **more)

    def _get(self, entity: str, query: Query, purpose: str) -> Answer:
        return self._send(self._call("GET", entity, purpose, query=query, safe=True))

    def _list(self, entity: str, select: Sequence[str], purpose: str, where: str) -> list[dict[str, Any]]:
        conditions = [f"({where})"] if where and entity in self._wants_modified else [where] if where else []
        conditions += [_ANY_TIME] if entity in self._wants_modified else []
        filters = [("$filter", " and ".join(conditions))] if conditions else []
        answer = self._get(entity, [*_select(select), *filters, *_PLAIN_LISTS], purpose)
        rows: list[dict[str, Any]] = []
        links: set[str] = set()
        while True:
            listed = unfold(answer)
            rows += listed.rows
            if listed.next is None:
                return _complete(answer, listed, rows)
            if listed.next in links:
                raise _broken(answer, "a page was repeated")
            links.add(listed.next)
            answer = self._follow(listed.next, entity, purpose)

    def _follow(self, link: str, entity: str, purpose: str) -> Answer:
        template = f"{API}{entity}"
        self._may_err(template)
        return self.transport.follow(link, template, purpose=purpose)

    def _send(self, call: Call) -> Answer:
        self._may_err(call.template)
        return self.transport.send(call)

    def _may_err(self, template: str) -> None:
        """Whether one more error of this endpoint could be afforded; RateLimited where not (fact 38)."""
        self._budget.spend(_errors(template), 0)

    def _hear(self, answer: Answer) -> Sequence[Limit]:
        """What any answer says about the budgets; an error that counts is spent here, also one that is mended."""
        if answer.status in COUNTED:
            self._budget.spend(_errors(answer.call.template))
        told = limits(answer)
        self.stated |= {limit.name: limit for limit in told}
        return told


def one_by_one(writes: Sequence[Write], carry_out: Callable[[Write], RowResult]) -> list[RowResult]:
    """Carry out writes in their order; one that fails is that row's error.

    Without budget, access or connection the rest is not tried; raises if nothing was sent before.
    """
    results: list[RowResult] = []
    for write in writes:
        try:
            results.append(carry_out(write))
        except (RateLimited, AuthFailed, Transient) as stop:
            if not results:
                raise
            return results + [failed(left, stop) for left in writes[len(results) :]]
        except ConnectorError as wrong:
            results.append(failed(write, wrong))
    return results


def failed(write: Write, wrong: ConnectorError) -> RowResult:
    """A write that came to nothing, or may have."""
    return RowResult(write.token, write.external_id, error=wrong)


def _errors(template: str) -> str:
    """The budget of errors of one endpoint, named without division and key."""
    return "errors:/" + template.removeprefix(API).removeprefix("/api/v1/").partition("(")[0]


def _select(names: Sequence[str]) -> list[tuple[str, str]]:
    return [("$select", ",".join(dict.fromkeys(names)))]


def _version(row: Mapping[str, Any], answer: Answer) -> int:
    """A row version: a text of digits, or a number (fact 55)."""
    try:
        return int(row["Timestamp"])
    except (KeyError, TypeError, ValueError):
        raise _broken(answer, "a row without a row version") from None


def _check_order(answer: Answer, listed: Listed, versions: Sequence[int], reached: int, links: set[str]) -> None:
    """Each page must lead on: newer rows, a new link, and a link that goes on where the page ends."""
    if listed.next is None:
        if versions and max(versions) <= reached:
            raise _broken(answer, "a page was repeated")
        return
    if listed.next in links or not versions or max(versions) <= reached:
        raise _broken(answer, "a page was repeated")
    links.add(listed.next)
    token = _TOKEN.search(listed.next)
    if token and int(token[1]) > max(versions):
        raise _broken(answer, "a page lacks its end")


def _complete(answer: Answer, listed: Listed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if listed.total is not None and len(rows) != listed.total:
        raise _broken(answer, f"{len(rows)} rows where the server counts {listed.total}")
    return rows


def _broken(answer: Answer, what: str) -> ContractBroken:
    return ContractBroken(f"{answer.call}: {what}", evidence=evidence(answer))
