"""Values and native records that shops have, and some that they should not: for the lens laws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from connector.mapping.laws import Sample
from connector.mapping.lens import Context, Mapping_
from connector.model.entity import Entity, PriceList
from connector.model.fields import ADDRESS_MEMBERS, NAME_MEMBERS, FieldSpec

#: Laws hold on a slow machine too: nothing here depends on how long an example takes.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

LISTS = tuple(
    PriceList("list", "EUR", form, scale, {})  # type: ignore[arg-type]  # the two forms
    for form, scale in (("included", 2), ("excluded", 2), ("excluded", 4))
)

texts = st.one_of(
    st.sampled_from(
        [
            "Wollen trui mêlée, blauw",
            "Œuvre complète € ½ “fin”",
            "Muts 🧶 met pompon 👩‍👩‍👧",
            "e\u0301e\u0301n NFD",
            "A" * 59 + "  B",
            "x" * 61,
            "Klei &amp; verf",
            "<b>niet</b> vet",
            "regel een\r\nregel twee",
            "  ",
            "Kaart 4111 1111 1111 1111",
        ]
    ),
    st.text(max_size=80),
)
codes = st.one_of(
    st.sampled_from(["WT-001/BL M", "0004711", "a+b%c", "ABC", "abc", "ABC ", "Ü-1", "é" * 65]),
    st.text(min_size=1, max_size=70),
)
gtins = st.one_of(
    st.sampled_from(["9520000001018", "8719326000014", "952000000208", "0952000000208", "96385074", "2000471"]),
    codes,
)
htmls = st.one_of(
    st.sampled_from(
        [
            "<p>Warm &amp; zacht</p><p>tweede</p>",
            "<ul><li>a<li>b</ul>&nbsp;<script>x()</script>",
            "<b>open",
            "a < b & c",
            '<a href="https://example.com" onclick="x">link</a>',
            "<table><tr><td>1</table>",
        ]
    ),
    texts,
)
streets = st.one_of(
    st.sampled_from(
        [
            "Plein 1944 12",
            "1e Jacob van Campenstraat 5-2",
            "Rue de la Loi 16 bte 4",
            "Kerkstraat 12/3 bus 5",
            "Kade 12 B",
            "Kade 12bis",
            "Laan 7 2 hoog",
            "Postbus 12",
            "Route 66",
            "12",
            "Dorpsstraat",
            "Straat 12 t.o. 14",
        ]
    ),
    st.text(alphabet="abc 12-/.'é", max_size=24),
)
names = st.one_of(
    st.sampled_from(["Jan", "van der Berg", "Van den Broeck", "d'Ancona", "'t Hooft", "O'Neil", "de la Tour", "-"]),
    st.text(alphabet="abcdev 'ëÉ-", max_size=16),
)
phones = st.one_of(
    st.sampled_from(["030-1234567", "+31 (0)6 12345678", "0470 12 34 56", "030-1234567 / 06 12345678", "+31301234567"]),
    st.text(alphabet="0123456789 +-/", max_size=16),
)
countries = st.sampled_from(["NL", "BE", "DE", "FR", "LU"])
postcodes = st.sampled_from(["3511 AB", "3511ab", "B-9000", "9000", "10623", "X1"])
amounts = st.decimals(min_value=0, max_value=2000, places=2)
quantities = st.decimals(min_value=-50, max_value=500, places=4)
days = st.dates(date(2018, 12, 1), date(2027, 6, 1))


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


def trimmed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """Canonical texts: what the ``text`` converter makes of a native one."""
    from connector.mapping.values import clean

    return values.map(clean)


person_names = st.fixed_dictionaries({member: optional(trimmed(names)) for member in NAME_MEMBERS})
_MEMBERS = {
    "street": streets,
    "number": st.sampled_from(["12", "1", "1944"]),
    "addition": st.sampled_from(["A", "bis", "-3", "bus 5", "bte 4", "II", "2 hoog", "/3 bus 5"]),
    "postcode": postcodes,
    "country": countries,
    "phone": st.sampled_from(["+31301234567", "+3292101010"]),
}
addresses = st.fixed_dictionaries(
    {member: optional(trimmed(_MEMBERS.get(member, names))) for member in ADDRESS_MEMBERS}
)

_BY_TYPE: Mapping[str, st.SearchStrategy[Any]] = {
    "text": trimmed(texts),
    "html": trimmed(htmls),
    "code": trimmed(codes),
    "gtin": trimmed(gtins),
    "flag": st.booleans(),
    "set": st.lists(trimmed(codes).filter(bool), unique=True, min_size=1, max_size=4).map(sorted),
    "money": amounts,
    "qty": quantities,
    "percent": st.decimals(min_value=0, max_value=100, places=2),
    "kg": st.decimals(min_value=0, max_value=40, places=4),
    "day": days.map(date.isoformat),
    "phone": st.sampled_from(["+31301234567", "+32470123456", "030-1234567 / 06 12345678"]),
    "lang": st.sampled_from(["nl", "nl-BE", "fr-BE", "de"]),
    "name": person_names,
    "address": addresses,
    "addresses": st.lists(addresses, max_size=3),
}


def references(filled: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A reference that one of the tables of this mapping knows, or any text."""
    known = sorted({name for table in filled.values() if isinstance(table, dict) for name in table})
    return st.one_of(st.sampled_from([*known, "701"]), trimmed(names).filter(bool))


def canonical(spec: FieldSpec, filled: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A value of a field, null at times."""
    return optional(_BY_TYPE[spec.type] if spec.type in _BY_TYPE else references(filled))


def wall(day: date) -> str:
    return f"/Date({int((day - date(1970, 1, 1)).total_seconds() * 1000)})/"


#: What any native name may hold, by what its last part is called; texts where nothing is said.
_NATIVE: Mapping[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("Code", "sku"), codes),
    **dict.fromkeys(("StartDate", "EndDate"), days.map(wall)),
    **dict.fromkeys(("price_from",), days.map(lambda day: f"{day} 00:00:00")),
    **dict.fromkeys(("price_to",), days.map(lambda day: f"{day} 23:59:59")),
    **dict.fromkeys(("valid_from", "valid_to"), days.map(lambda day: f"{day}T22:59:59+00:00")),
    **dict.fromkeys(("IsWebshopItem", "IsMailing"), st.sampled_from([0, 1])),
    **dict.fromkeys(
        (
            *("IsStockItem", "IsFractionAllowedItem", "Blocked", "is_active", "has_inventory", "do_not_email"),
            *("is_qty_decimal", "manage_stock", "use_config_manage_stock", "is_subscribed"),
        ),
        st.booleans(),
    ),
    "status": st.sampled_from([1, 2]),
    "SalesVatCode": st.sampled_from(["4  ", "2  ", "0", "99"]),
    "Unit": st.sampled_from(["pc      ", "kg      ", "xx"]),
    "tax_class_id": st.sampled_from(["2", "7"]),
    "tax_name": st.sampled_from(["21%", "9%", "?"]),
    **dict.fromkeys(("NetWeightUnit", "weight_unit"), st.sampled_from(["kg", "G", "lb", "stone"])),
    **dict.fromkeys(("NetWeight", "weight"), st.decimals(min_value=0, max_value=40, places=5)),
    **dict.fromkeys(("Price", "price", "price_including_tax", "price_excluding_tax"), amounts),
    "price_type": st.sampled_from(["fixed", "discount"]),
    **dict.fromkeys(("Quantity", "quantity", "min_units"), st.integers(1, 100).map(Decimal)),
    "NumberOfItemsPerUnit": st.sampled_from([1, 6]),
    **dict.fromkeys(("CurrentStock", "current_inventory_level"), quantities),
    **dict.fromkeys(("CreditLineSales", "on_account_limit", "CostPriceStandard"), amounts),
    **dict.fromkeys(("Phone", "Mobile", "phone", "mobile", "telephone"), phones),
    **dict.fromkeys(
        ("Country", "country_id", "physical_country_id", "postal_country_id"), countries.map("{:<3}".format)
    ),
    **dict.fromkeys(("Postcode", "postcode", "physical_postcode", "postal_postcode"), postcodes),
    **dict.fromkeys(("AddressLine1", "physical_address_1", "postal_address_1"), streets),
    "street": st.lists(streets, max_size=3),
    **dict.fromkeys(
        ("FirstName", "LastName", "MiddleName", "firstname", "lastname", "first_name", "last_name", "Name"), names
    ),
    "Language": st.sampled_from(["NL        ", "FR-BE     "]),
    "categories": st.lists(codes, max_size=3),
    "product_codes": st.lists(
        st.fixed_dictionaries({"id": st.just("0a1"), "type": st.sampled_from(["CUSTOM", "EAN"]), "code": gtins}),
        max_size=4,
    ),
    "other": st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(1, 9),
                "firstname": names,
                "lastname": names,
                "street": st.lists(streets, max_size=2),
                "city": names,
                "postcode": postcodes,
                "country_id": countries,
                "telephone": phones,
            }
        ),
        max_size=3,
    ),
    **dict.fromkeys(("short_description", "description", "Notes"), htmls),
    "written_price": st.none(),
}


@st.composite
def natives(draw: st.DrawFn, names_: frozenset[str]) -> dict[str, Any]:
    """A record with these dotted names, nested; each missing, empty or filled."""
    record: dict[str, Any] = {}
    for name in sorted(names_):
        *path, leaf = name.split(".")
        inner = record
        for step in path:
            inner = inner.setdefault(step, {})
        value = draw(optional(_NATIVE.get(leaf, texts)))
        if value is not None or draw(st.booleans()):
            inner[leaf] = value
    return record


@st.composite
def samples(draw: st.DrawFn, mapping: Mapping_, entity: Entity, part: str = "") -> Sample:
    """A record of this mapping and the values that it is to show, some of them its own."""
    lens = mapping.entities[entity]
    fields = lens.rows[part].fields
    context = Context(
        as_of=draw(days),
        zone="Europe/Amsterdam",
        country=draw(st.sampled_from(["NL", "BE"])),
        list=draw(st.sampled_from(LISTS)),
        vat_class=draw(st.sampled_from(["standard", "reduced", "zero"])),
    )
    native = draw(natives(frozenset(lens.pick({}, part))))
    own = lens.get(lens.pick(native, part), context, part).values
    new = {name: draw(canonical(one.spec, mapping.settings)) for name, one in fields.items()}
    keep = draw(st.sets(st.sampled_from(sorted(new)), max_size=len(new)))
    values = {name: own.get(name, value) if name in keep else value for name, value in new.items()}
    if entity == Entity.PRODUCT:
        values.setdefault("active", draw(st.booleans()))
    return Sample(entity, native, values, context, part)
