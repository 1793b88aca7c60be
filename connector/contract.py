"""What an adapter implements, and what it is handed.

An adapter speaks one kind of system. It knows nothing of the ledger, of agreed values or of other
channels: it reads native rows, writes native fields, and says what it can do as data
(:class:`Capabilities`). Its errors are those of :mod:`connector.errors`. Start from
``adapters/memory.py``, or outside this repository with ``connector adapters new``; docs/write-an-adapter.md
goes the whole way. ``connector/testing`` holds the conformance suite every adapter must pass.

An installed distribution brings an adapter along by two entry points of the adapter's name, and nothing else:
``connector.adapters`` names its :class:`AdapterType`, ``connector.mappings`` the package that holds its
mapping, ``NAME.toml``, which is used where a channel names none. It builds on this module, on the errors and the
model, on ``connector.testing``, and, where it speaks HTTP, on :mod:`connector.transport`: a change of these is told in
CHANGELOG.md.

Rules for every method
- Batches in, batches out; the adapter splits them into calls as the system likes it.
- Numbers are exact: ``int`` or ``Decimal``, never float. Moments are aware UTC.
- Reading methods are safe to repeat, and are retried inside (seconds); writing methods are not.
- Every call (of HTTP, a file operation) is announced to the :class:`Budget` first.
- Reading takes nothing away: only what lies before the cursor that ``changes`` is handed is stored here.
- A listing that ends early, repeats a page or disagrees with the server's total raises
  :class:`~connector.errors.ContractBroken`: it is never an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol

from connector.errors import ConnectorError
from connector.model.entity import Entity, Key, Native, PriceChoice


@dataclass(frozen=True)
class Row:
    """One native record as a read returned it.

    Attributes:
        external_id: the channel's own id, unique per channel and entity, stable over renames.
        native: the record, nested as the channel has it; the mapping picks dotted names out of it.
            Whatever the adapter joins from several calls (an account with its contact and
            addresses) is nested here under stable names.
        address: what dependent rows and calls use instead of the id (a SKU, folded), or "".
        parent: for prices and stock: the external id or address of the product there.
        place: for stock: the channel's own code of the location; for prices: its name of the list.
        part: which kind of place holds it (``base``, ``special``, ``tier``), as the mapping names it.
        parts: ids of sub-records that the channel addresses apart ({"contact": "…"}).
        modified_at: the channel's own modification time in UTC, corrected for zone; None: unknown.
        version: the channel's version of the record, "" where it has none.
        deleted: the channel says that it is deleted (a deletion feed, a deleted mark).
    """

    external_id: str
    native: Mapping[str, Any]
    address: str = ""
    parent: str = ""
    place: str = ""
    part: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    version: str = ""
    deleted: bool = False


@dataclass(frozen=True)
class Page:
    """What one read returned: rows, the moment at which it began, and the cursor behind it.

    ``cursor`` is stored with the page's merges; None leaves the stored one (more pages of one
    read follow). ``complete`` is true on the last page of a listing that was checked against the
    server's own total, or ended the way the contract says.
    """

    rows: Sequence[Row]
    began_at: datetime
    cursor: str | None = None
    complete: bool = False


@dataclass(frozen=True)
class Claim:
    """Pieces sold on a channel and not yet handed over; the complete list replaces the former one."""

    order: str  # the order number by which other channels may know it
    line: str  # the line within it, unique per order
    parent: str  # the product there: external id or address
    open_quantity: Decimal
    place: str = ""  # the channel's location code, "" where the claim has none


@dataclass(frozen=True)
class HandOver:
    """Pieces of an order that left (positive) or came back (negative) on a channel."""

    id: str  # the channel's own id of this movement, unique and stable
    order: str
    parent: str
    quantity: Decimal
    place: str
    at: datetime | None = None
    kind: Literal["order", "till"] = "order"  # till: a till sale, or the booking of one


@dataclass(frozen=True)
class Counted:
    """A stocktake that a person made: so many pieces at one place, at a moment. Never one of our own documents."""

    id: str  # the channel's own id of the document's line, unique and stable
    parent: str  # the product there: external id or address
    quantity: Decimal
    place: str
    at: datetime  # when it took effect on the figure there


@dataclass(frozen=True)
class Facts:
    """What the stock formula needs beside the figures, read **before** them (canonical-model 4).

    ``claims`` is the whole list of open claims, or None where the channel has no such thing.
    ``hand_overs`` are those since ``cursor``; a repeated id is the same fact.
    ``orders`` are references of orders that this channel holds, open or closed, since the cursor.
    ``counts`` are stocktakes since the cursor, where ``Opening.counts`` asks for them; a repeated id is the same one.
    """

    claims: Sequence[Claim] | None
    hand_overs: Sequence[HandOver]
    orders: Sequence[str]
    cursor: str | None
    began_at: datetime
    counts: Sequence[Counted] = ()


Operation = Literal["create", "update", "archive", "delete"]


@dataclass(frozen=True)
class Write:
    """One owed write, or one part of it where the channel needs several calls.

    Attributes:
        token: the engine's name of this write; comes back on its result, and is what an adapter
            leaves as its own mark where the channel has a place for one (a description, a source id).
        operation: what is to be done.
        external_id: the id there; "" for the first part of a create.
        fields: native names → values to write, only what changed (everything mapped, for a create).
        before: the native record as last seen (dotted names), {} for a create.
        part: the call it belongs to, as the mapping names it; "" for the only or first one.
        parts: ids of sub-records known so far.
        parent: for prices and stock: the product there: its external id, and its native record.
        place: the channel's code of the location, or its name of the price list.
        difference: for stock where the channel takes relative changes: the signed pieces to book.
        sent_at: for ``landed``: when the write was announced, by our clock; None while it is being made.
        along: for the create of a product: prices of the kinds that ``EntityCapabilities.along`` names, which
            go out in the same call. Each has a result of its own; one without was not carried, and is owed
            as before. Their ``parent_id`` is "", since the product is not there yet.
    """

    token: str
    operation: Operation
    external_id: str
    fields: Native
    before: Native = field(default_factory=dict)
    part: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    parent_id: str = ""
    parent: Native = field(default_factory=dict)
    place: str = ""
    difference: Decimal | None = None
    sent_at: datetime | None = None
    along: Sequence[Write] = ()


@dataclass(frozen=True)
class RowResult:
    """What became of one write. ``error`` None: confirmed; its class says what happens next.

    ``external_id`` is given as soon as the channel has handed one out, even beside an error.
    ``parts`` are ids of sub-records that this write made.
    """

    token: str
    external_id: str = ""
    address: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    error: ConnectorError | None = None


@dataclass(frozen=True)
class Evidence:
    """What a channel knows of a write without an answer, by other means than what the record shows.

    ``external_id`` names the record that a create made, where the evidence does: it holds though somebody has
    renamed it since, or made a second one with its key.
    """

    landed: bool
    external_id: str = ""


@dataclass(frozen=True)
class EntityCapabilities:
    """What a channel can do with one entity.

    Attributes:
        read, create, update, delete: whether it can at all.
        feed: ``changes`` delivers only what changed; otherwise it lists everything each time, or a
            share of it that the adapter states.
        deletions: the feed (or ``changes``) reports deletions.
        sweep_concludes_gone: a complete listing without a row means the row is gone. False where
            absence means something else, or nothing.
        read_batch, write_batch: rows per call, for planning and for the size of a delivery batch.
        listed_above: more keys than this are looked up together in a list, at about one call; None: never.
        relative: stock is written as a signed difference.
        reread: read the batch again just before writing, since a write overwrites unseen edits.
        read_lag_s: for how long after a write a read may still show the old state.
        lands_within_s: after how long a call without an answer can no longer take effect.
        overlap_s: how far a cursor is read again, for records committed late.
        parts: the calls of one write, in their order, as the mapping names them; () is one call.
        renames: whether the key (a SKU) can be changed there.
        along: for prices: kinds of rows that the create of their product takes along, so that it is never
            there without a price.
        in_flight: writes at once on this channel.
        choice: of prices: how the system chooses among several rows that apply; None: nobody knows.
    """

    read: bool = True
    create: bool = True
    update: bool = True
    delete: bool = False
    feed: bool = True
    deletions: bool = False
    sweep_concludes_gone: bool = True
    read_batch: int = 100
    write_batch: int = 1
    listed_above: int | None = None
    relative: bool = False
    reread: bool = False
    read_lag_s: float = 0.0
    lands_within_s: float = 120.0
    overlap_s: float = 0.0
    parts: tuple[str, ...] = ()
    renames: bool = True
    along: tuple[str, ...] = ()
    in_flight: int = 1
    choice: PriceChoice | None = None


@dataclass(frozen=True)
class Capabilities:
    """What a channel can do, as data.

    Attributes:
        facts: it delivers facts for the stock formula at all.
        claims: orders are placed there, and it says what is sold and not yet handed over.
        refunds: a refund there may take pieces off the figure that were never sent, and nothing but the figure says so.
        tills: goods are sold over a counter there.
        books: somebody may book there what was sold over a counter elsewhere, so that its figure
            subtracts those pieces once more (a bookkeeping system).
        locations: every figure names a place of its own; False: it may show one figure for a view.
        counts: its stocktakes can be read as documents with their time.
    """

    entities: Mapping[Entity, EntityCapabilities]
    facts: bool = False
    claims: bool = False
    refunds: bool = False
    tills: bool = False
    books: bool = False
    locations: bool = True
    counts: bool = False


@dataclass(frozen=True)
class Finding:
    """One line of ``connector check``: what was tried, whether it is well, and the remedy if not."""

    what: str
    ok: bool
    detail: str = ""
    remedy: str = ""
    warning: bool = False  # not well, but nothing stops


class Channel(Protocol):
    """One configured system, opened by its adapter. One thread at a time uses it."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def clock_offset(self) -> timedelta:
        """The channel's clock minus ours, as last measured; zero before that, or where it cannot be.

        ``modified_at`` of its rows is corrected by it, for the rule ``latest``.
        """
        ...

    def check(self) -> Iterator[Finding]:
        """Try everything that can be tried without changing anything."""
        ...

    def begin_round(self) -> None:
        """What lanes share (deletions, a feed behind two entities) is read again, once: a round begins.

        Asks nothing by itself. Between two of these an adapter may answer a lane from what another
        lane was told, as far as that brings no row twice.
        """
        ...

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        """What changed since the cursor, overlapped and inclusive; from the beginning where it is None.

        The cursor on the last page is taken before the read begins, in the server's clock.
        """
        ...

    def sweep(self, entity: Entity) -> Iterator[Page]:
        """The complete listing. Only the last page says ``complete``, once the end is certain."""
        ...

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        """These records, by external id, with a read that sees our own writes. Absent ids are left out.

        Raises Transient when the channel can't answer: "unknown" must never read as absent.
        """
        ...

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        """Look products or customers up by key; an empty list where the channel has none.

        Called before every create, because a create that timed out may have happened: once for all
        that are to be created next, in as few calls as the channel's own look-up takes.
        Raises Transient when the channel can't answer.
        """
        ...

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        """All prices or stock figures of these products, by the product's external id there.

        Called before every create of one, as :meth:`find` is. An empty list where a product has none,
        or is not there. Raises Transient when the channel can't answer.
        """
        ...

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        """Write, and answer for each write in any order; a write without a result is in doubt.

        Never raises for a single row. Raises for the call as a whole only where nothing was sent
        (RateLimited, AuthFailed, Transient on connecting). What stops a batch amid its rows is the error of
        those that were not sent.
        """
        ...

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        """Whether a write in doubt has landed, by evidence other than the figure: a document, our
        own mark, the remote version. None where the channel has no such evidence."""
        ...

    def facts(self, cursor: str | None) -> Facts:
        """Claims and hand-overs for the stock formula; called before stock is read."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True)
class Credentials:
    """A rotating pair and what belongs to it; ``values`` never appear in logs."""

    values: Mapping[str, str] = field(repr=False)
    obtained_at: datetime


class TokenStore(Protocol):
    """Rotating credentials of one channel, kept beside the ledger, shared by all processes."""

    def load(self) -> Credentials | None:
        """The newest credentials, read from the disk each time."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the one lock under which a refresh may happen; it dies with its holder."""
        ...

    def save(self, credentials: Credentials) -> None:
        """Durable when this returns: written, flushed and renamed before the new pair is used."""
        ...


@dataclass(frozen=True)
class Limit:
    """A budget as the server states it: ``remaining`` of ``limit`` until ``resets_at`` (UTC)."""

    name: str  # "minute", "day", "window", "errors:/logistics/Items"
    limit: int
    remaining: int
    resets_at: datetime


class Budget(Protocol):
    """The calls one channel may make; persisted, and shared by every process that uses the channel."""

    def spend(self, purpose: str, calls: int = 1) -> None:
        """Announce calls before they are made; raises RateLimited where none are left.

        ``purpose`` names the lane (``stock``, ``price`` …): a floor is kept for stock.
        """
        ...

    def learn(self, limits: Sequence[Limit]) -> None:
        """Correct the budget by what the server's own headers say."""
        ...


@dataclass(frozen=True)
class Opening:
    """What an adapter is handed when a channel is opened.

    Attributes:
        channel: its name in the configuration.
        options: the adapter's own keys of ``[channels.NAME]``, validated by its ``Options``; secrets resolved.
        settings: what the mapping asks of a shop (``[channels.NAME.settings]`` over the mapping's defaults).
        names: native names that the mapping reads, per entity; an adapter asks for no more than these.
        locations: the channel's own codes of the configured locations.
        lists: the channel's own names of the configured price lists.
        now: the clock (aware UTC). sleep: waits, or returns early when the daemon stops.
        books: how till sales that someone books here are recognised (``journal:KASSA``); "" where nobody does.
        order_reference: its field that holds the order number of the channel where an order was placed.
        counts: its stocktakes set absolutes, so that ``facts`` is to report them; otherwise nobody asks for them.
    """

    channel: str
    options: Any
    settings: Mapping[str, Any]
    names: Mapping[Entity, frozenset[str]]
    locations: Sequence[str]
    lists: Sequence[str]
    tokens: TokenStore
    budget: Budget
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    books: str = ""
    order_reference: str = ""
    counts: bool = False


class AdapterType(Protocol):
    """What the entry point of an adapter names: a class with these class-level members."""

    #: Pydantic model of the adapter's keys in ``[channels.NAME]`` (``extra="forbid"``, strict, frozen).
    Options: type[Any]
    #: Budgets before the server has said anything (name, limit, seconds), () where there are none.
    default_limits: Sequence[tuple[str, int, int]]

    @staticmethod
    def open(opening: Opening) -> Channel: ...

    @staticmethod
    def describe() -> Capabilities:
        """What every channel of this kind can do. The engine plans by this alone; an open channel says the same."""
        ...

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """The consent page of an OAuth system; None where none is needed."""
        ...

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """Exchange a pasted code (or ``refresh:TOKEN``) for credentials, and store them."""
        ...
