"""Lists: the query options and paging (E43 to E54)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any
from urllib.parse import quote

from sandbox.exact_online import schema
from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import NO_SELECT, BadQueryError
from sandbox.exact_online.literals import read_literals, write_literal
from sandbox.exact_online.query import Filter, Order, Parser, parse_order
from sandbox.exact_online.store import INDEXES, Row
from sandbox.exact_online.views import INVOICE_ROWS, View

OPTIONS = (
    "$select", "$filter", "$orderby", "$skip", "$top", "$skiptoken", "$inlinecount", "$expand", "$count",
)  # fmt: skip
WIDE = {tables.ITEMS, tables.ACCOUNTS}  # E49: "some wide entities"
PLAIN_IN_NEXT = "$',()*!-._~=:"  # E47: plain $ and %20
NOT_SUPPORTED = "This $filter parameter is not supported for this resource."


@dataclass
class Wanted:
    """What a query asks for."""

    names: set[str] | None = None
    expand: dict[str, set[str] | None] = field(default_factory=dict)
    filter: Filter | None = None
    orders: list[Order] = field(default_factory=list)
    skip: int = 0
    top: int | None = None
    token: list[Any] | None = None
    has_token: bool = False
    count: bool = False


@dataclass
class Page:
    """One page: its rows, how many there are in all, and where it goes on."""

    rows: list[Row]
    total: int
    next: str | None


def read_query(view: View, args: Mapping[str, str]) -> Wanted:
    """The options of a list; 400 for what the resource does not have or does not allow."""
    unknown = [name for name in args if name.startswith("$") and name not in OPTIONS]
    if unknown:
        raise BadQueryError(
            f"The query parameter '{unknown[0]}' begins with a system-reserved '$' character but is not recognized."
        )
    wanted = Wanted(skip=_whole(args, "$skip") or 0, top=_whole(args, "$top"))
    wanted.expand = dict.fromkeys(_names(args.get("$expand", "")))
    _read_select(view, args, wanted)
    wanted.filter = _read_filter(view, args.get("$filter"))
    wanted.orders = parse_order(args.get("$orderby"), view.entity)
    wanted.has_token = "$skiptoken" in args
    wanted.token = read_literals(args["$skiptoken"]) if args.get("$skiptoken") else None
    if args.get("$inlinecount", "none") not in ("none", "allpages"):
        raise BadQueryError
    wanted.count = args.get("$inlinecount") == "allpages"
    return wanted


def _whole(args: Mapping[str, str], name: str) -> int | None:
    if name not in args:
        return None
    if not args[name].isdigit():
        raise BadQueryError
    return int(args[name])


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _read_select(view: View, args: Mapping[str, str], wanted: Wanted) -> None:
    """Which properties (E49, E50); lines' properties as ``SalesOrderLines/ItemCode`` with ``$expand``."""
    entity = view.entity
    for name in wanted.expand:
        if name not in entity.properties or entity.properties[name].type != "Collection":
            raise BadQueryError(f"No property '{name}' exists in type '{entity.type}'.")
    chosen = _names(args.get("$select", ""))
    if not chosen:
        if wanted.top != 1 and (entity.name in WIDE or entity.kind in ("sync", "bulk")):
            raise BadQueryError(NO_SELECT)
        return
    if "*" in chosen:
        if entity.kind == "sync":
            raise BadQueryError("$select=* is not supported for this resource.")
        return
    wanted.names = set()
    for name in chosen:
        head, _, child = name.partition("/")
        if head not in entity.properties:
            raise BadQueryError(f"No property '{head}' exists in type '{entity.type}'.")
        if child and head not in wanted.expand:
            raise BadQueryError
        wanted.names.add(head)
        if child:
            _select_child(view, wanted, head, child)


def _select_child(view: View, wanted: Wanted, head: str, child: str) -> None:
    of = schema.load().get(f"{view.entity.name.rpartition('/')[0]}/{view.entity.properties[head].of}")
    if of is None or child not in of.properties:
        raise BadQueryError(f"No property '{child}' exists in type '{of.type if of else head}'.")
    wanted.expand[head] = (wanted.expand[head] or set()) | {child}


def _read_filter(view: View, text: str | None) -> Filter | None:
    """The filter, if it uses only what may be filtered on (E53, E85, E89)."""
    if not text:
        return None
    entity = view.entity
    found = Parser(text, entity, view.reader).parse()
    if entity.kind == "sync":
        allowed = {"Timestamp", "EntityType"} if entity.name == tables.DELETED else {"Timestamp"}
        if found.names - allowed:
            raise BadQueryError(f"{NOT_SUPPORTED} Use: {', '.join(sorted(allowed))}")
    barred = {name for name in found.names if not entity.properties[name].filterable}
    if entity.filter_only:
        barred |= found.names - entity.filter_only
    if barred:
        raise BadQueryError(f"Filtering on these fields is not supported: {', '.join(sorted(barred))}")
    return found


def check_mandatory(view: View, wanted: Wanted) -> None:
    """Mandatory filtering, where it is switched on (E37)."""
    synced = {one.base for one in schema.load().values() if one.kind == "sync"}
    if not view.store.settings.on("mandatory_filter") or view.entity.kind == "sync" or view.table not in synced:
        return
    fields = list(dict.fromkeys((view.entity.key, *INDEXES.get(view.table, ()), "Modified")))
    if wanted.filter is None or not wanted.filter.names & set(fields):
        raise BadQueryError(
            "This endpoint has mandatory filtering applied. A GET request for this endpoint must have a $filter "
            f"parameter with one of the following fields in the url: {', '.join(fields)}"
        )


def take_page(view: View, wanted: Wanted, args: Mapping[str, str], fault: str | None) -> Page:
    """One page of a list, in order, behind the ``$skiptoken``."""
    if fault == "repeat_page":
        wanted.token = None
    rows = _hits(view, wanted)
    total = len(rows)
    rows = _sort(view, rows, wanted.orders)
    if wanted.token is not None and (wanted.orders or view.entity.kind != "sync"):
        rows = _behind(view, rows, wanted)
    rows = rows[wanted.skip :]
    size = view.entity.page if wanted.top is None else min(view.entity.page, wanted.top)
    shown, rest = rows[:size], rows[size:]
    if fault == "truncate_page":
        return Page(shown[: len(shown) // 2], total, None)
    more = rest and (wanted.top is None or wanted.top > size)
    return Page(shown, total, _next(view, wanted, args, shown[-1], size) if more else None)


def _candidates(view: View, wanted: Wanted) -> list[Row]:
    """The rows that may match: by an index where the filter fixes one, by row version on sync."""
    store = view.store
    if view.entity.name == INVOICE_ROWS:
        version = _version(wanted)
        rows = [*store.rows(tables.INVOICES).since(version), *store.rows(tables.INVOICE_LINES).since(version)]
        return sorted(rows, key=lambda row: row.version)
    table = store.rows(view.table)
    if view.table == tables.USERS:
        return [table.rows[store.api_user]]  # E3: a list of one
    if view.entity.kind == "sync":
        rows = table.since(_version(wanted))
        return store.kept_deletions(rows) if view.table == tables.DELETED else rows
    fixed = wanted.filter.fixed if wanted.filter else {}
    if fixed.get(table.key) is not None:
        found = table.rows.get(fixed[table.key])
        return [found] if found is not None else []
    for name in table.indexes:
        if name in fixed and name != "Code":
            return table.find(name, fixed[name])
    return list(table)


def _version(wanted: Wanted) -> int:
    """The row version that a sync page goes on behind."""
    if wanted.token is None or wanted.orders:
        return 0
    if len(wanted.token) != 1 or not isinstance(wanted.token[0], int):
        raise BadQueryError
    return wanted.token[0]


def _hits(view: View, wanted: Wanted) -> list[Row]:
    rows = _candidates(view, wanted)
    if wanted.filter is None:
        return rows
    test = wanted.filter.test
    return [row for row in rows if test(row)]


def _sort(view: View, rows: list[Row], orders: list[Order]) -> list[Row]:
    """By ``$orderby`` and then the key; nulls first, as the database has it. Sync rows are in order already."""
    if view.entity.kind != "sync":
        rows = sorted(rows, key=lambda row: str(row.key))
    for order in reversed(orders):
        read = view.reader(order.property)
        rows = sorted(rows, key=lambda row, read=read: _sortable(read(row)), reverse=order.descending)  # type: ignore[misc]
    return rows


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _token(view: View, wanted: Wanted, row: Row) -> list[tuple[str, Any]]:
    """The values of ``$orderby`` and the key of a row, with their types (E47)."""
    parts = [(order.property.type, view.reader(order.property)(row)) for order in wanted.orders]
    key = view.entity.properties[view.entity.key]
    return [*parts, (key.type, row.version if view.entity.kind == "sync" else row.key)]


def _behind(view: View, rows: list[Row], wanted: Wanted) -> list[Row]:
    """The rows strictly behind a ``$skiptoken``."""
    token = wanted.token or []
    if len(token) != len(wanted.orders) + 1:
        raise BadQueryError
    signs = [-1 if order.descending else 1 for order in wanted.orders] + [1]

    def compare(left: list[Any], right: list[Any]) -> int:
        for sign, one, other in zip(signs, left, right, strict=True):
            first, second = _sortable(one), _sortable(other)
            if first != second:
                return sign if first > second else -sign
        return 0

    rank = cmp_to_key(compare)
    limit = rank([str(value) if place == len(token) - 1 else value for place, value in enumerate(token)])
    if view.entity.kind == "sync":
        limit = rank(token)
    try:
        return [row for row in rows if rank(_comparable(view, wanted, row)) > limit]
    except TypeError as wrong:
        raise BadQueryError from wrong


def _comparable(view: View, wanted: Wanted, row: Row) -> list[Any]:
    values = [value for _, value in _token(view, wanted, row)]
    return values if view.entity.kind == "sync" else [*values[:-1], str(values[-1])]


def _next(view: View, wanted: Wanted, args: Mapping[str, str], last: Row, size: int) -> str:
    """The whole address of the next page: the query as it was, ``$top`` lowered, ``$skip`` used up (E47)."""
    parts = []
    for name, value in args.items():
        if name in ("$skiptoken", "$skip"):
            continue
        text = str(int(value) - size) if name == "$top" else value
        parts.append(f"{name}={quote(text, safe=PLAIN_IN_NEXT)}")
    literals = ",".join(write_literal(kind, value) for kind, value in _token(view, wanted, last))
    parts.append(f"$skiptoken={quote(literals, safe=PLAIN_IN_NEXT + '%')}")
    return f"{view.address}?{'&'.join(parts)}"


def show_page(view: View, wanted: Wanted, page: Page) -> Any:
    """``d`` of a list: bare when ``$top`` fits on one page, else with ``results`` (E43)."""
    rows = [show_row(view, row, wanted) for row in page.rows]
    if wanted.top is not None and wanted.top <= view.entity.page and not wanted.has_token and not wanted.count:
        return rows
    answer: dict[str, Any] = {"__count": str(page.total)} if wanted.count else {}
    answer["results"] = rows
    if page.next is not None:
        answer["__next"] = page.next
    return answer


def show_row(view: View, row: Row, wanted: Wanted) -> dict[str, Any]:
    """A row with what was selected and expanded."""
    shown = view.show(row, wanted.names, wanted.expand)
    for name, chosen in wanted.expand.items():
        if chosen is not None:
            child, rows = view.children(row, name)
            shown[name] = {"results": [child.show(one, chosen) for one in rows]}
    return shown
