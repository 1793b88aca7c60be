"""Every field, from every system that may originate it, to every other that has a place for it, over HTTP.

What may be edited where is read off the shipped mappings, so that a new field cannot be forgotten: without a
line in :mod:`tests.systems.edits` it has no edit, and its test fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from connector.mapping.lens import Context, EntityMapping
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Value
from connector.model.record import Known
from connector.settle import context_of
from tests.systems import natives
from tests.systems.edits import BY_ENTITY, EXACT, HOLDS, LIGHTSPEED, MAGENTO, SHAPES, day
from tests.systems.floor import Floor, opened

#: A thousand edits and calls behind the first test, on a machine that may have other work.
pytestmark = pytest.mark.timeout(600)

CHANNELS = {"exact": EXACT, "webshop": MAGENTO, "store": LIGHTSPEED}
PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK

#: Every setting that gives a field a place is filled in.
SETTINGS = {
    EXACT: """
vat_codes = {{ standard = "4", reduced = "2", zero = "0" }}
prices = "included"
brand_field = "Class_01"
description_field = "Notes"
customer_groups = {{ dealers = "{dealers}" }}
""",
    MAGENTO: """
prices = "included"
tax_classes = {{ standard = "{standard}", reduced = "{reduced}", zero = "{zero}" }}
brand_attribute = "brand"
barcode_attribute = "barcode"
customer_no_attribute = "customer_no"
street_style = "lines"
customer_groups = {{ dealers = "Dealers", consumers = "General" }}
""",
    LIGHTSPEED: """
prices = "included"
taxes = {{ standard = "Hoog 21%", reduced = "Laag 9%", zero = "Nul 0%" }}
vat_number_field = "custom_field_2"
categories = {{ {groups} }}
customer_groups = {{ dealers = "Dealers", consumers = "All Customers" }}
""",
}
SYNC = """
[sync.product]
every = "1m"
channels = ["exact", "webshop", "store"]
owner = "exact"

[sync.customer]
every = "1m"
channels = ["webshop", "exact", "store"]
owner = "webshop"
[sync.customer.fields.life]
originate = ["exact"]

[sync.price]
every = "1m"
channels = ["exact", "webshop", "store"]
owner = "exact"

[sync.stock]
every = "30s"
channels = ["exact", "webshop", "store"]
owner = "exact"
[sync.stock.exact]
books = "never"
order_reference = "YourRef"

[brakes]
min_count = 1000
"""
OF_COMPANIES = ("company", "vat_number", "coc_number")
#: What says which row of a list it is: never edited, but new with each row.
KEYS = ("min_qty", "starts")
LOCATION = "gent"
PLACES = {EXACT: "3", MAGENTO: "st_gent", LIGHTSPEED: "Winkel Gent"}


@dataclass(frozen=True)
class Case:
    """One field, edited on one channel; of prices also the shape of the row."""

    channel: str
    entity: Entity
    field: str
    shape: str = ""

    def __str__(self) -> str:
        return f"{self.entity} {self.shape and self.shape + ' '}{self.field} from {self.channel}"


@dataclass
class Seen:
    """What became of one edit."""

    value: Value
    agreed: Value
    by: str
    shown: dict[str, Value] = field(default_factory=dict)
    through: dict[str, Value] = field(default_factory=dict)


def lenses() -> dict[str, Mapping[Entity, EntityMapping]]:
    """The shipped mappings, with a place for every field that a shop may have one for."""
    given: dict[str, dict[str, Any]] = {
        EXACT: {"description_field": "Notes"},
        MAGENTO: {"barcode_attribute": "barcode", "customer_no_attribute": "customer_no"},
        LIGHTSPEED: {"vat_number_field": "custom_field_2"},
    }
    return {kind: load_mapping(kind, settings).entities for kind, settings in given.items()}


def cases() -> Iterator[Case]:
    """Every field that a channel shows, and so may originate."""
    read = lenses()
    for channel, kind in CHANNELS.items():
        for entity in (PRODUCT, CUSTOMER, STOCK):
            for name, one in read[kind][entity].fields.items():
                if one.reads == "always":
                    yield Case(channel, entity, name)
        for part, shapes in HOLDS[kind].items():
            for shape in shapes:
                fields = set(read[kind][PRICE].rows[part].fields) - SHAPES[shape].lacks
                yield from (Case(channel, PRICE, name, shape) for name in sorted(fields))


CASES = list(cases())
#: Two people who give one thing two names, where it cannot be renamed, disagree: each renames a product of its own.
RENAMED = "sku"
#: What no edit there changes: the till gives out numbers of its own, and the owner's stand (rule ``owner``).
OUTRANKED = (Case("store", CUSTOMER, "customer_no"),)
#: What is left over in the end, and why.
LEFT = {
    "sku": "neither the ERP nor the shop can rename",
    "": "an item in another unit has no price in it yet",
}


#: The id of the record that was edited, and the canonical value that it should have since.
Made = tuple[int, Value]


class Played:
    """The edits, made channel by channel, and what came of them."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.seen: dict[Case, Seen] = {}
        self.quiet: dict[str, Mapping[str, Counter[str]]] = {}
        self._states = {name: system.state() for name, system in floor.systems.items()}
        self._edits: dict[Case, Made] = {}
        self._ids: dict[tuple[Entity, str, str], int] = {}
        fields = dict.fromkeys((one.entity, one.shape, one.field) for one in CASES if one.shape in ("", "base"))
        products = iter(self._shared_products())
        people, companies = self._shared_customers()
        self._keys = {
            one: next(products) if one[0] is not CUSTOMER else next(companies if one[2] in OF_COMPANIES else people)
            for one in fields
        }
        self._keys |= {(PRODUCT, channel, RENAMED): next(products) for channel in CHANNELS}
        makers = {channel: next(products) for channel in CHANNELS}
        self._rows = {(shape, name): makers[name] for shape in SHAPES for name in CHANNELS if shape != "base"}

    def _shared_products(self) -> list[str]:
        """Products that every system has, and nobody has ordered; without promotions and tiers."""
        shop, till = self._states["webshop"], {one["sku"] for one in self._states["store"]["products"]}
        taken = {line["sku"] for order in shop["orders"] for line in order["items"]}
        simple = [one for one in shop["products"] if not (one["tier_prices"] or _special(one)) and one["status"] == 1]
        office = {one["Code"] for one in self._states["exact"]["logistics/Items"]}
        return [one["sku"] for one in simple if one["sku"] in (till & office) - taken]

    def _shared_customers(self) -> tuple[Iterator[str], Iterator[str]]:
        """Persons and companies that every system has."""
        known = {one["email"] for one in self._states["store"]["customers"]}
        known &= {one["Email"] for one in self._states["exact"]["crm/Accounts"]}
        shared = [one for one in self._states["webshop"]["customers"] if one["email"] in known]
        kinds = [[one["email"] for one in shared if bool(one.get("taxvat")) is company] for company in (False, True)]
        return iter(kinds[0]), iter(kinds[1])

    def play(self) -> None:
        """New price rows on every channel first, then every field, a channel at a time."""
        made = [case for case in CASES if case.field in KEYS]
        for shape, channel in self._rows:
            self._make_row(channel, shape)
        self._settle(made, "new rows")
        for channel in CHANNELS:
            chosen = [case for case in CASES if case.channel == channel and case.field not in KEYS]
            for case in chosen:
                self._edit(case)
            self._settle(chosen, channel)
        self.differences = self.floor.differences()
        self.conflicts = self.floor.conflicts()

    # what people do

    def _make_row(self, channel: str, shape: str) -> None:
        if shape not in _shapes(channel):
            return
        sku, given = self._rows[shape, channel], SHAPES[shape]
        last = {} if given.ends is None else {"ends": day(given.ends)}
        worth = {"percent": "7.5"} if given.percent else {"amount": str(self._price(sku) - Decimal("0.05"))}
        self.floor.systems[channel].edit("price", sku=sku, **worth, **_row_key(shape, channel), **last)

    def _price(self, sku: str) -> Decimal:
        """The base price of a product at the beginning."""
        rows = self._states["store"]["products"]
        return Decimal(next(one["price_including_tax"] for one in rows if one["sku"] == sku))

    def _edit(self, case: Case) -> None:
        verbs = {PRODUCT: self._edit_product, CUSTOMER: self._edit_customer, PRICE: self._edit_price}
        self._edits[case] = verbs.get(case.entity, self._edit_stock)(case)

    def _edit_product(self, case: Case) -> Made:
        edit, known = BY_ENTITY[PRODUCT][case.field][CHANNELS[case.channel]], self._known(case)
        native = self._reader(case.channel).product(self._id(known, case.channel))
        typed = edit.typed(native, self._states[case.channel])
        self.floor.systems[case.channel].edit("product", sku=native.get("Code") or native["sku"], set=typed)
        return known.record.id, edit.value

    def _edit_customer(self, case: Case) -> Made:
        edit, known = BY_ENTITY[CUSTOMER][case.field][CHANNELS[case.channel]], self._known(case)
        id_ = self._id(known, case.channel)
        native = self._reader(case.channel).customer(id_)
        named: Any = int(id_) if CHANNELS[case.channel] == MAGENTO else id_
        typed = edit.typed(native, self._states[case.channel])
        self.floor.systems[case.channel].edit("customer", id=named, set=typed)
        return known.record.id, edit.value

    def _edit_price(self, case: Case) -> Made:
        """Some cents more, another last day, or a percentage instead of an amount."""
        sku, maker = self._row_of(case)
        turn = 1 + list(CHANNELS).index(case.channel)
        value: Value = {"amount": self._price(sku) + Decimal(turn) / 10, "ends": day(40 + turn), "percent": 10}[
            case.field
        ]
        typed = {case.field: value if isinstance(value, str) else str(value)}
        self.floor.systems[case.channel].edit("price", sku=sku, **_row_key(case.shape, maker), **typed)
        return self._price_record(sku, case.shape, maker).record.id, value

    def _edit_stock(self, case: Case) -> Made:
        """Somebody counts, and finds a piece more on each system than on the one before."""
        sku = self._keys[case.entity, "", case.field]
        known = self.floor.known(STOCK, sku, LOCATION)
        value = Decimal(str(known.record.agreed[case.field].value)) + 1
        place = PLACES[CHANNELS[case.channel]]
        self.floor.systems[case.channel].edit("stock", sku=sku, location=place, difference=1)
        return known.record.id, value

    # what came of it

    def _settle(self, chosen: Sequence[Case], name: str) -> None:
        self.floor.settle()
        self.quiet[name] = self.floor.quiet_round()
        self._states = {name: system.state() for name, system in self.floor.systems.items()}
        for case in chosen:
            self.seen[case] = self._seen_key(case) if case.field in KEYS else self._seen(case, *self._edits[case])

    def _seen(self, case: Case, record_id: int, value: Value) -> Seen:
        known = self.floor.load(record_id)
        agreed = known.record.agreed[case.field]
        seen = Seen(value, agreed.value, agreed.by.channel)
        for channel in self._others(case):
            shown, through = self._compare(channel, known, case)
            seen.shown[channel], seen.through[channel] = shown, through
        return seen

    def _others(self, case: Case) -> list[str]:
        """The other channels that have a place for the field."""
        places = []
        for channel in CHANNELS:
            mapping = self.floor.mapping(channel, case.entity)
            holds = case.entity is not PRICE or case.shape in _shapes(channel)
            if channel != case.channel and holds and mapping.writable(case.field, creating=False):
                places.append(channel)
        return places

    def _compare(self, channel: str, known: Known, case: Case) -> tuple[Value, Value]:
        """What a channel shows of a field, and what it should."""
        native, part = self._native(channel, known, case)
        mapping = self.floor.mapping(channel, case.entity)
        picked, context = mapping.pick(native, part), self._context(known)
        shown = mapping.rows[part if part in mapping.rows else ""].fields[case.field].read(picked, context)
        return shown, mapping.through(known.record.values(), picked, context, part).get(case.field)

    def _native(self, channel: str, known: Known, case: Case) -> tuple[natives.Native, str]:
        """The native record of a channel, and its kind of row."""
        reader = self._reader(channel)
        if case.entity in natives.OWN:
            id_ = self._id(known, channel)
            return (reader.product(id_) if case.entity is PRODUCT else reader.customer(id_)), ""
        product = self._id(self.floor.load(known.record.parent_id or 0), channel)
        if case.entity is STOCK:
            return reader.stock(product, PLACES[CHANNELS[channel]]), ""
        row = _row_with_key(reader.prices(product), known.record.key)
        return row.native, row.part

    def _context(self, known: Known) -> Context:
        parent = None if known.record.parent_id is None else self.floor.load(known.record.parent_id).record
        return context_of(self.floor.parts.topology, known.record, parent, self.floor.parts.today())

    def _seen_key(self, case: Case) -> Seen:
        """A new row: its key is that of the record, and of a row on every channel that holds such rows."""
        sku = self._rows[case.shape, case.channel]
        known = self._price_record(sku, case.shape, case.channel)
        wanted = _row_key(case.shape, case.channel).get(case.field)
        percent = SHAPES[case.shape].percent
        worth = known.record.agreed["percent" if percent else "amount"]
        seen = Seen(Decimal("7.5") if percent else self._price(sku) - Decimal("0.05"), worth.value, worth.by.channel)
        for channel in (one for one in CHANNELS if one != case.channel and case.shape in _shapes(one)):
            seen.through[channel] = wanted
            native, part = self._native(channel, known, replace(case, field="amount"))
            mapping = self.floor.mapping(channel, PRICE)
            shown = mapping.get(mapping.pick(native, part), self._context(known), part).values
            seen.shown[channel] = shown[case.field]
        return seen

    # who is who

    def _reader(self, channel: str) -> Any:
        return natives.READERS[CHANNELS[channel]](self._states[channel])

    def _known(self, case: Case) -> Known:
        """The record that a field is tried on, whatever its key has become."""
        key = case.entity, case.channel if case.field == RENAMED else "", case.field
        if key not in self._ids:
            self._ids[key] = self.floor.known(case.entity, self._keys[key]).record.id
        return self.floor.load(self._ids[key])

    @staticmethod
    def _id(known: Known, channel: str) -> str:
        id_ = known.bindings[channel].external_id
        assert id_ is not None
        return id_

    def _row_of(self, case: Case) -> tuple[str, str]:
        """The product whose row is edited, and the channel on which that row was made."""
        if case.shape == "base":
            return self._keys[case.entity, case.shape, case.field], ""
        maker = "webshop" if case.field == "percent" else "exact"
        if case.field == "ends" and case.channel == "store":
            maker = "store"  # the days of a till's row are its book's: they travel from there, and not to there
        return self._rows[case.shape, maker], maker

    def _price_record(self, sku: str, shape: str, maker: str) -> Known:
        key = _row_key(shape, maker)
        return self.floor.known(PRICE, sku, f"retail|{key.get('min_qty', 1)}|{key.get('starts', '')}")


def _special(product: natives.Native) -> bool:
    return any(one["attribute_code"] == "special_price" for one in product["custom_attributes"])


def _shapes(channel: str) -> set[str]:
    """The shapes of price rows that a channel holds."""
    return {shape for shapes in HOLDS[CHANNELS[channel]].values() for shape in shapes}


def _row_key(shape: str, maker: str) -> dict[str, Any]:
    return SHAPES[shape].key(list(CHANNELS).index(maker) if maker else 0)


def _row_with_key(rows: Iterator[natives.PriceRow], key: str) -> natives.PriceRow:
    _, min_qty, starts = key.split("|")
    found = [row for row in rows if (row.min_qty, row.starts or "") == (Decimal(min_qty), starts)]
    assert 1 == len(found), f"{key} is there {len(found)} times"
    return found[0]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Three systems in use, linked; every field edited once on every channel that may."""
    with opened(tmp_path_factory.mktemp("fields"), CHANNELS, SETTINGS, SYNC, products=46, customers=24) as floor:
        floor.match()
        floor.settle()
        made = Played(floor)
        made.play()
        yield made


@pytest.mark.parametrize("case", [case for case in CASES if case not in OUTRANKED], ids=str)
def test_an_edit_appears_wherever_there_is_a_place_for_it(played: Played, case: Case) -> None:
    """What was typed in one system is agreed, under its name, and shown by every other that can hold it."""
    seen = played.seen[case]
    assert (seen.value, case.channel) == (seen.agreed, seen.by)
    assert seen.through == seen.shown


@pytest.mark.parametrize("case", OUTRANKED, ids=str)
def test_an_edit_that_is_outranked_changes_nothing(played: Played, case: Case) -> None:
    """Where another system's value stands by the field's rule, it stands everywhere, and nobody is asked."""
    seen = played.seen[case]
    assert case.channel != seen.by
    assert seen.through == seen.shown


@pytest.mark.parametrize("name", ["new rows", *CHANNELS])
def test_the_round_after_it_writes_nothing(played: Played, name: str) -> None:
    """Once everything has arrived, a round makes no call that writes, on any channel."""
    assert {} == played.quiet[name]


def test_in_the_end_everything_is_equal(played: Played) -> None:
    """A complete comparison finds nothing but what cannot be carried, in the record that it is about."""
    assert set(LEFT) == {found.field for found in played.differences}
    assert [] == played.conflicts
