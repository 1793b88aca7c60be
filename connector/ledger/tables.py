"""What is remembered: every table, with one comment per column that needs one.

One row per binding holds all that is known of that side (a packed shadow and a fingerprint), not
one row per field: an unchanged record costs one comparison and no write. Sequences order merges,
receipts and reads (rule 2.0); wall-clock times are for people and for ``latest``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from connector.ledger.types import ExactDecimal, Instant, Packed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is spelled INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),  # "sequence": the one order of merges, receipts and reads
    Column("value", BigInteger, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),  # "generation", "mapping:<channel>", "restored_at"
    Column("value", Text, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("entity", Text, nullable=False),
    Column("key", Text, nullable=False),  # canonical key, for people and look-ups; never unique (a swap)
    Column("parent_id", ForeignKey("record.id")),  # the product of a price or a stock figure
    Column("place", Text, nullable=False),  # price list or location name; "" elsewhere
    Column("agreed", Packed, nullable=False),  # field → value, and each field's provenance
    Column("life", Text, nullable=False),  # live, archived, gone
    Column("sequence", BigInteger, nullable=False),  # of the last change of agreed
    Column("changed_at", Instant, nullable=False),
    Index("ix_record_entity_key", "entity", "key"),
    Index("ix_record_parent_id", "parent_id"),
)

record_key = Table(
    "record_key",
    metadata,
    Column("record_id", ForeignKey("record.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),  # sku, email, vat_number, barcode (which only proposes), customer_no
    Column("text", Text, primary_key=True),
    Column("entity", Text, nullable=False),
    Index("ix_record_key_entity_kind_text", "entity", "kind", "text"),
)

binding = Table(
    "binding",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("record_id", ForeignKey("record.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("external_id", Text),  # null: a create is owed
    Column("address", Text, nullable=False),  # what calls and dependent rows use instead of the id, folded; or ""
    Column("parts", Packed),  # ids of sub-records that the channel addresses apart
    Column("part", Text, nullable=False),  # which kind of place holds it (a price's row kind); "" elsewhere
    Column("state", Text, nullable=False),  # bound, owed (to be created), gone (tombstone), unlinked
    Column("origin", Text, nullable=False),  # matched or created: what a remote fills in by itself is shadow only
    Column("shadow", Packed, nullable=False),  # native name → value last settled; a missing name has no shadow yet
    Column("fingerprint", LargeBinary),  # of the native names the mapping reads, as last seen
    Column("handed", ExactDecimal),  # stock: the channel's own cumulative hand-overs that the shadow knows
    Column("version", Text, nullable=False),
    Column("modified_at", Instant),  # the channel's own modification time
    Column("seen_at", Instant),  # when the read began that last saw it
    Column("fence", BigInteger, nullable=False),  # sequence of the last merge or receipt (rule 2.0)
    Column("replaced", Packed),  # what the last receipt replaced, and when; for channels with a read lag
    Column("dirty", Boolean, nullable=False),  # a write is owed
    Column("dirty_since", Instant),
    Column("reread", Boolean, nullable=False),  # a dropped observation: read again before anything is written
    Column("held", Packed),  # field → why it waits
    Column("confirmed", Packed),  # field → agreed's sequence and times of confirmed writes, against rewriting for ever
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),  # the next attempt; null: at once
    Column("changes_on", Text),  # the next day on which its mapping's result differs by the clock alone
    UniqueConstraint("channel", "entity", "external_id"),
    UniqueConstraint("record_id", "channel"),
    Index("ix_binding_channel_entity_dirty", "channel", "entity", "dirty"),
    Index("ix_binding_channel_entity_address", "channel", "entity", "address"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("feed", Text, primary_key=True),  # an entity, or "facts"
    Column("value", Text),  # opaque to the engine
    Column("advanced_at", Instant, nullable=False),
)

lane = Table(
    "lane",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("approved_at", Instant),  # when `match` was approved; until then nothing is created there
    Column("observed_at", Instant),  # the last complete read
    Column("delivered_at", Instant),  # when it last owed nothing
    Column("swept_at", Instant),
    Column("failures", Integer, nullable=False),  # in a row
    Column("error", Packed),  # what failed last: kind, message, since
    Column("paused_until", Instant),
    Column("stopped", Boolean, nullable=False),  # a fault of the channel: a person resumes it
)

intent = Table(
    "intent",
    metadata,
    Column("token", Text, primary_key=True),  # the engine's name of the write, left as a mark where possible
    Column("binding_id", ForeignKey("binding.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("sent", Packed, nullable=False),  # native name → value
    Column("replaces", Packed, nullable=False),  # native name → value last seen
    Column("difference", ExactDecimal),
    Column("handed", ExactDecimal),
    Column("attempt", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("lands_by", Instant, nullable=False),  # after this the call can no longer take effect
    Index("ix_intent_binding_id", "binding_id"),
    Index("ix_intent_channel_entity", "channel", "entity"),
)

history = Table(
    "history",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("run", Text, nullable=False),
    Column("record_id", BigInteger),  # no foreign key: history outlives what it tells of
    Column("channel", Text, nullable=False),  # "" for what the engine or the operator did
    Column("entity", Text, nullable=False),
    Column("event", Text, nullable=False),  # outcome names, intent, receipt, held, released …
    Column("field", Text, nullable=False),
    Column("detail", Packed, nullable=False),
    Index("ix_history_record_id", "record_id"),
    Index("ix_history_at", "at"),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("record_id", ForeignKey("record.id"), nullable=False),
    Column("entity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # an answer names the one it was given to
    Column("sides", Packed, nullable=False),  # channel → value and time
    Column("state", Text, nullable=False),  # open, answered, agreed
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("answer", Packed),
    Index("ix_conflict_state", "state"),
    Index("ix_conflict_record_id_field", "record_id", "field"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("record_id", BigInteger),
    Column("key", Text, nullable=False),  # as a person knows it
    Column("field", Text, nullable=False),  # "" where the whole binding waits
    Column("direction", Text, nullable=False),  # in: could not be read; out: was refused
    Column("error", Text, nullable=False),  # the class that says what happens next
    Column("cause", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("value", LargeBinary),  # fingerprint of what was refused: another projection is tried again
    Column("times", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Index("ix_quarantine_channel_entity", "channel", "entity"),
    UniqueConstraint("channel", "entity", "external_id", "record_id", "field", "direction"),
)

stranger = Table(
    "stranger",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("row", Packed, nullable=False),  # as read, so that approval needs no second reading
    Column("key", Text, nullable=False),
    Column("reason", Text, nullable=False),  # unapproved, ambiguous, parentless, key-taken, scope
    Column("candidates", Packed, nullable=False),  # record ids with the reason of the likeness
    Column("seen_at", Instant, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)

brake = Table(
    "brake",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("direction", Text, nullable=False),  # in, out
    Column("kind", Text, nullable=False),  # delete, zero, change, emptied, factor
    Column("state", Text, nullable=False),  # tripped, released, refused
    Column("tripped_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("plan", Packed, nullable=False),  # counts, limit, and what came that way in the day before
    Index("ix_brake_state", "state"),
)

parked = Table(
    "parked",
    metadata,
    Column("brake_id", ForeignKey("brake.id"), primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("record_id", BigInteger),
    Column("row", Packed, nullable=False),  # inbound: as read; outbound: {}
    Column("read_sequence", BigInteger, nullable=False),
)

weighed = Table(
    "weighed",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),  # the rolling window is counted over these
    Index("ix_weighed_channel_entity_at", "channel", "entity", "at"),
)

claim = Table(
    "claim",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("order_ref", Text, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("product_id", BigInteger, nullable=False),  # record id of the product
    Column("location", Text, nullable=False),  # configured name, "" where the claim has none
    Column("open_quantity", ExactDecimal, nullable=False),
    Index("ix_claim_product_id", "product_id"),
)

hand_over = Table(
    "hand_over",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),  # the channel's own id of the movement
    Column("order_ref", Text, nullable=False),
    Column("product_id", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("kind", Text, nullable=False),  # order, till
    Column("sequence", BigInteger, nullable=False),  # in which order they were first reported
    Column("at", Instant),
    Index("ix_hand_over_product_id", "product_id"),
    Index("ix_hand_over_order_ref", "order_ref"),
)

stock_count = Table(
    "stock_count",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),  # the channel's own id of the document's line
    Column("product_id", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, applied, past (nothing to set), superseded
    Index("ix_stock_count_product_id", "product_id"),
    Index("ix_stock_count_state", "state"),
)

order_ref = Table(
    "order_ref",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("order_ref", Text, primary_key=True),
)

budget = Table(
    "budget",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # minute, day, window, errors:<endpoint>
    Column("limit_", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("resets_at", Instant, nullable=False),
    Column("learned", Boolean, nullable=False),  # stated by the server, not assumed
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),  # "daemon", or "lane:<channel>"
    Column("holder", Text, nullable=False),  # pid@host
    Column("since", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
)

request = Table(
    "request",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("command", Text, nullable=False),  # sync, resync: handed over to the running daemon
    Column("scope", Packed, nullable=False),
    Column("state", Text, nullable=False),  # waiting, running, done, failed
    Column("requested_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("report", Packed),
)
