"""Reading a mapping file: everything wrong at once, with line and remedy; settings; extending."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigError
from connector.mapping.laws import run_tests
from connector.mapping.lens import Context, Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import Entity

SHIPPED = sorted(file.stem for file in Path(str(resources.files("mappings"))).glob("*.toml"))
HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")
HEAD = 'format = 1\nadapter = "memory"\n'


@pytest.fixture
def loaded(tmp_path: Path) -> Any:
    """Writes a mapping, and loads it with a shop's settings."""

    def load(text: str, settings: dict[str, Any] | None = None, head: str = HEAD) -> Mapping_:
        file = tmp_path / "own.toml"
        file.write_text(head + text, encoding="utf-8")
        return load_mapping(file, settings, place="config.toml:7")

    return load


def problems(load: Any, text: str, settings: dict[str, Any] | None = None, head: str = HEAD) -> list[str]:
    """The problems that a file has, without the name of its folder."""
    with pytest.raises(ConfigError) as caught:
        load(text, settings, head)
    return [
        str(problem).rpartition("/")[2] if "/" in problem.place else str(problem) for problem in caught.value.problems
    ]


FIELDS = "[product.fields]\n"


@pytest.mark.parametrize(
    ("story", "text", "expected"),
    [
        (
            "a field that the model does not have",
            FIELDS + 'nmae = { remote = "Name" }\n',
            ["own.toml:4: product has no field nmae (did you mean name?)"],
        ),
        (
            "a converter that nobody has written",
            FIELDS + 'name = { remote = "Name", convert = ["txet"] }\n',
            ["own.toml:4: unknown converter txet (did you mean text?)"],
        ),
        (
            "an option that the converter does not take",
            FIELDS + 'name = { remote = "Name", convert = [{ use = "cut", lenght = 60 }] }\n',
            ["own.toml:4: cut has no option lenght (did you mean length?)"],
        ),
        (
            "an option that is missing",
            FIELDS + 'name = { remote = "Name", convert = ["cut"] }\n',
            ["own.toml:4: cut: needs length"],
        ),
        (
            "an option of another type",
            FIELDS + 'name = { remote = "Name", convert = [{ use = "cut", length = "long" }] }\n',
            ["own.toml:4: cut: length input should be a valid integer, unable to parse string as an integer"],
        ),
        (
            "a setting that the file does not declare",
            '[settings]\nbrand_field = "Class_01"\n' + FIELDS + 'brand = { remote = "$brandfield" }\n',
            ["own.toml:6: there is no setting brandfield (did you mean brand_field?)"],
        ),
        (
            "a table that the file does not declare",
            "[settings]\nunits = {}\n"
            + FIELDS
            + 'unit = { remote = "Unit", convert = [{ use = "lookup", table = "unts" }] }\n',
            ["own.toml:6: there is no setting unts (did you mean units?)"],
        ),
        (
            "a key that means nothing",
            FIELDS + 'name = { remot = "Name" }\n',
            [
                "own.toml:4: product.fields.name.remote is missing (add remote = …)",
                "own.toml:4: unknown key remot (did you mean remote?)",
            ],
        ),
        (
            "a native name that is no name",
            FIELDS + 'name = { remote = 3 }\nsku = { remote = "Code", convert = [3] }\n',
            [
                "own.toml:4: product.fields.name.remote: must be a native name, a list of names, or a table of names",
                "own.toml:5: product.fields.sku.convert.0: must be the name of a converter, "
                'or { use = "name", option = … }',
            ],
        ),
        (
            "a write rule that does not exist",
            FIELDS + 'name = { remote = "Name", write = "once" }\n',
            ["own.toml:4: product.fields.name.write cannot be once (one of: always, create, never)"],
        ),
        (
            "a filter that reaches out",
            "[product]\nonly = \"open('x')\"\n" + FIELDS + 'name = { remote = "Name" }\n',
            [
                "own.toml:4: \"open('x')\": it may call only min, max, abs, length, lower, upper, starts, ends",
            ],
        ),
        (
            "a row kind by a field that prices do not have",
            '[price.rows.tier]\nwhen = "minqty > 1"\n[price.rows.tier.fields]\namount = { remote = "Price" }\n',
            ["own.toml:4: price has no field minqty (did you mean min_qty?)"],
        ),
        (
            "a flag that is none",
            FIELDS + 'sell_online = { remote = "Shown", and = "name" }\n',
            [
                "own.toml:4: name is no flag of a product "
                "(one of: active, fraction, sell_in_store, sell_online, tracks_stock)"
            ],
        ),
        (
            "what is never read, whatever a mapping asks",
            '[customer.fields]\n"custom.id" = { remote = "contact.SocialSecurityNumber" }\n',
            ["own.toml:4: contact.SocialSecurityNumber is never read (leave this field out)"],
        ),
        (
            "a fixed value of a field that does not exist",
            '[price]\nfixed = { minqty = 1 }\n[price.fields]\namount = { remote = "Price" }\n',
            ["own.toml:4: price has no field minqty (did you mean min_qty?)"],
        ),
        ("a file that is no TOML", "[product\n", ["own.toml:3: Expected ']' at the end of a table declaration"]),
        (
            "a base that does not exist",
            'extends = "xyz"\n',
            [f"own.toml:3: there is no other mapping xyz (one of: {', '.join(SHIPPED)})"],
        ),
    ],
)  # fmt: skip
def test_a_problem_names_its_line_and_a_remedy(loaded: Any, story: str, text: str, expected: list[str]) -> None:
    """A technician finds it without reading our code."""
    assert expected == problems(loaded, text), story


def test_all_problems_are_told_at_once(loaded: Any) -> None:
    """Nobody starts a file seven times to find seven mistakes; settings are checked with it."""
    text = (
        '[settings]\nunits = {}\nprices = "included"\n' + FIELDS + 'nmae = { remote = "N" }\nsku = { remote = "$x" }\n'
    )
    found = problems(loaded, text, {"unit": {}, "units": "pc", "prices": 3})
    assert [
        "config.toml:7: unknown setting unit (did you mean units?)",
        "config.toml:7: units must be a table",
        "config.toml:7: prices must be text",
        "own.toml:7: product has no field nmae (did you mean name?)",
        "own.toml:8: there is no setting x (one of: prices, unit, units)",
    ] == found


def test_a_file_that_is_not_there_is_named_with_what_there_is(tmp_path: Path) -> None:
    """A path that was mistyped is no reason for a traceback."""
    with pytest.raises(ConfigError, match=rf"none\.toml: cannot be read \(shipped are {', '.join(SHIPPED)}\)"):
        load_mapping(tmp_path / "none.toml")


def test_settings_fill_the_names(loaded: Any) -> None:
    """A table replaces the mapping's whole; a name inside another text is put into it."""
    text = (
        '[settings]\nunits = { piece = "pc" }\nattribute = "brand"\nlength = 3\n'
        + FIELDS
        + (
            'unit = { remote = "Unit", convert = [{ use = "lookup", table = "units" }] }\n'
            'brand = { remote = "custom.$attribute" }\n'
            'name = { remote = "Name", convert = [{ use = "cut", length = "$length" }] }\n'
        )
    )
    product = loaded(text, {"units": {"metre": "m"}, "attribute": "maker"}).entities[Entity.PRODUCT]
    picked = product.pick({"Unit": "m", "custom": {"maker": "Fjordwol"}, "Name": "Trui"})
    assert {"unit": "metre", "brand": "Fjordwol", "name": "Trui"} == product.get(picked, HERE).values
    assert {"Name": "Sja"} == product.put({"name": "Sjaal"}, picked, HERE).fields


def test_a_setting_left_empty_leaves_the_field_out(loaded: Any) -> None:
    """A shop without such an attribute has no such place: the field takes no part in a merge."""
    text = (
        '[settings]\nattribute = ""\n'
        + FIELDS
        + 'brand = { remote = "custom.$attribute" }\nname = { remote = "Name" }\n'
    )
    assert ["name"] == list(loaded(text).entities[Entity.PRODUCT].fields)


def test_a_field_goes_through_what_its_type_wants(loaded: Any) -> None:
    """Without converters a name is text, a cost an exact number, a flag true or false."""
    text = FIELDS + 'name = { remote = "N" }\ncost = { remote = "C" }\nactive = { remote = "A" }\n'
    product = loaded(text).entities[Entity.PRODUCT]
    read = product.get({"N": " Trui ", "C": "8.500", "A": 1}, HERE)
    assert {"name": "Trui", "cost": Decimal("8.5")} == read.values
    assert ["active"] == list(read.problems)


BASE = """
format = 1
adapter = "memory"
[settings]
weight_unit = "kg"
[product]
create = { kind = "simple" }
[product.fields]
name = { remote = "name" }
summary = { remote = "short" }
weight = { remote = "weight", convert = [{ use = "weight", unit = "$weight_unit" }] }
[[test]]
name = "the base's own"
entity = "product"
given = { as_of = "2026-11-21" }
remote = { name = "Trui" }
canonical = { name = "Trui" }
"""
EXTENDS = 'format = 1\nextends = "base.toml"\n'


@pytest.fixture
def base(tmp_path: Path) -> None:
    """A mapping beside the one that extends it."""
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")


@pytest.mark.usefixtures("base")
def test_a_mapping_writes_only_what_differs_from_its_base(loaded: Any) -> None:
    """Fields join, replace and leave; what a base says otherwise stays; its tests are its own."""
    own = loaded(
        '[settings]\nweight_unit = "lbs"\n[product]\ncreate = { visible = true }\n'
        + FIELDS
        + 'summary = false\nname = { remote = "title" }\n"custom.material" = { remote = "material" }\n',
        head=EXTENDS,
    )
    product = own.entities[Entity.PRODUCT]
    assert "memory" == own.adapter
    assert {"name": ("title",), "weight": ("weight",), "custom.material": ("material",)} == {
        name: product.names_of(name) for name in product.fields
    }
    assert Decimal("0.45") == product.get(product.pick({"weight": Decimal("0.9921")}), HERE).values["weight"]
    assert {"kind": "simple", "visible": True, "title": "Trui"} == product.put(
        {"name": "Trui"}, {}, HERE, creating=True
    ).fields
    assert [] == run_tests(own)


@pytest.mark.usefixtures("base")
def test_a_problem_in_an_extension_names_the_file_that_says_it(loaded: Any) -> None:
    """The shop's own line where it overrides, the shipped one where it does not."""
    assert ["own.toml:4: unknown converter txet (did you mean text?)"] == problems(
        loaded, FIELDS + 'name = { remote = "name", convert = ["txet"] }\n', head=EXTENDS
    )


def test_a_test_that_is_not_true_says_where_it_differs(loaded: Any) -> None:
    """A mapping's example shows what was expected and what came."""
    text = FIELDS + (
        'name = { remote = "N", convert = ["text", { use = "cut", length = 4 }] }\n'
        '[[test]]\nname = "t"\nentity = "product"\ngiven = { as_of = "2026-11-21" }\n'
        'remote = { N = "Trui" }\ncanonical = { name = "Truien" }\n'
        'change = { name = "Sjaals" }\nsends = { N = "Sjaals" }\nshows = { name = "Sjaal" }\n'
    )
    (result,) = run_tests(loaded(text))
    assert not result.passed
    assert (
        "canonical.name: expected 'Truien', got 'Trui'",
        "sends.N: expected 'Sjaals', got 'Sjaa'",
        "shows.name: expected 'Sjaal', got 'Sjaa'",
    ) == result.wrong
