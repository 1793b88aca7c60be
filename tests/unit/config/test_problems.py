"""What is wrong in a configuration is said at once, with the line and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config import load_config
from connector.errors import ConfigError
from tests.unit.config.conftest import ADAPTERS, RIGHT, Load

Problems = Callable[[str], list[str]]


def test_every_problem_is_told_at_once(problems: Problems) -> None:
    """Each mistake in a file is listed in the order of its lines, and none hides another."""
    text = """\
[connector]
ledgr = "sqlite:///var/ledger.db"
timezone = "Europe/Amsterdm"
listen = "127.0.0.1"

[channels.erp]
adapter = "ledgrly"
[channels.shop]
adapter = "stall"
base_url = 3
token = "plain"
read_onyl = true
speed = "fsat"

[locations.utrecht]
erp = 1
shopp = "x"

[prices.retail]
currency = "eur"
vat = "includd"
scale = 9

[sync.products]
[sync.product]
every = "5 minutes"
channels = ["erp", "shp", "erp"]
owner = "shop"
[sync.product.fields.nam]
on_conflict = "manuel"
ownr = "x"
[sync.stock]
channels = ["shop"]
evry = "3s"
[sync.stock.views.shop]
locations = ["utrect"]
[sync.stock.shop]
counts = 1
books = "journal"
[brakes]
max_delete_share = 2.0
price_factor = "x"
[alerts]
urls = ["mailto://somebody"]
"""
    names = "channels.shop.token is a secret, and this file is no place for one"
    remedy = '(write "env:NAME" and put the value into .env, or "file:PATH")'
    assert [
        "2: unknown key ledgr (did you mean ledger?)",
        '3: connector.timezone: no such time zone; write one like "Europe/Amsterdam"',
        '4: connector.listen: write an address and a port like "127.0.0.1:8300"',
        "7: unknown adapter ledgrly (did you mean ledgerly?)",
        "10: channels.shop.base_url must be text",
        f"11: {names} {remedy}",
        "12: unknown key read_onyl (did you mean read_only?)",
        "13: channels.shop.speed cannot be fsat (did you mean fast?)",
        '16: locations.utrecht.erp must be text (like "1")',
        "17: unknown channel shopp (did you mean shop?)",
        '20: prices.retail.currency: write its three letters, like "EUR"',
        "21: prices.retail.vat cannot be includd (did you mean included?)",
        "22: prices.retail.scale must be less than or equal to 6",
        "24: unknown entity products (did you mean product?)",
        '26: sync.product.every: write a duration like "30s", "5m", "2h" or "1d"',
        "27: unknown channel shp (did you mean shop?)",
        "27: sync.product.channels names erp twice (name it once)",
        "28: shop takes no part in sync.product (add it to sync.product.channels, or take it out here)",
        "29: unknown field of a product nam (did you mean name?)",
        "30: sync.product.fields.nam.on_conflict cannot be manuel (did you mean manual?)",
        "31: unknown key ownr (did you mean owner?)",
        "34: unknown key or channel evry (did you mean every?)",
        "36: unknown location utrect (did you mean utrecht?)",
        "38: sync.stock.shop.counts must be true or false",
        '39: sync.stock.shop.books: write "never", "journal:CODE", "customer:CODE" or "user:NAME"',
        "41: brakes.max_delete_share must be less than or equal to 1",
        "42: brakes.price_factor must be a number",
        f"44: alerts.urls.0 is a secret, and this file is no place for one {remedy}",
    ] == problems(text)


SINGLE = [
    ("an unknown table", "[brake]\n", "[brake]\n", "unknown table brake (did you mean brakes?)"),
    ("a value where a table belongs", "", "alerts = 3\n", "alerts must be a table"),
    (
        "a sweep at no time",
        "[sync.price]\n",
        '[sync.price]\nsweep = "daily 25:00"\n',
        'sync.price.sweep: write "daily 03:00" or "never"',
    ),
    (
        "an owner who takes no part",
        '[sync.price]\nchannels = ["erp", "shop"]\n',
        '[sync.price]\nchannels = ["erp"]\nowner = "shop"\n',
        "shop takes no part in sync.price (add it to sync.price.channels, or take it out here)",
    ),
    (
        "an originator who does not exist",
        "[sync.price]\n",
        '[sync.price]\noriginate = ["erp", "shoop"]\n',
        "unknown channel shoop (did you mean shop?)",
    ),
    (
        "first contact by a rule that is none",
        "[sync.price]\n",
        '[sync.price]\ninitial = "latst"\n',
        "unknown rule or channel latst (did you mean latest?)",
    ),
    (
        "nobody",
        '[sync.price]\nchannels = ["erp", "shop"]\n',
        "[sync.price]\nchannels = []\n",
        "sync.price.channels must not be empty",
    ),
    (
        "an adapter that lacks the entity",
        "[sync.price]\n",
        '[sync.customer]\nchannels = ["erp", "shop"]\n[sync.price]\n',
        "shop cannot take part in customer: adapter stall has none (take shop out of the list)",
    ),
    (
        "prices without their products",
        RIGHT[RIGHT.index("[sync.product]") :],
        '[sync.product]\nchannels = ["erp"]\n[sync.price]\nchannels = ["erp", "shop"]\n',
        "shop takes part in price, but not in product (add shop to sync.product.channels)",
    ),
    (
        "stock without a place",
        'shop = "wh_utr"\n',
        "",
        'shop takes part in stock at no location (add shop = "…" to a table [locations.…],'
        " or a table [sync.stock.views.shop])",
    ),
    (
        "prices without a list",
        'shop = "base"\n',
        "",
        'shop takes part in price with no price list (add shop = "…" to a table [prices.…])',
    ),
    (
        "two places, one code",
        "[prices.retail]\n",
        '[locations.gent]\nshop = "wh_utr"\n[prices.retail]\n',
        "locations utrecht and gent are both wh_utr on shop (give each its own code)",
    ),
    (
        "a consumer list with four decimals",
        'vat = "included"\n',
        'vat = "included"\nscale = 4\n',
        'prices.retail.scale: a list with VAT included has at most 2 decimals (write scale = 2, or vat = "excluded")',
    ),
    (
        "a set's rule for a text",
        "[sync.price]\n",
        '[sync.product.fields.name]\non_conflict = "union"\n[sync.price]\n',
        "name cannot be settled by union (union is for sets, min and max are for numbers, flags and days)",
    ),
    (
        "one field under two names",
        "[sync.price]\n",
        '[sync.product.fields.life]\n[sync.product.fields.active]\nowner = "erp"\n[sync.price]\n',
        "life and active are one field (keep one of the two tables)",
    ),
    (
        "stock has no fields to own",
        "[sync.stock]\n",
        '[sync.stock.fields.on_hand]\nowner = "erp"\n[sync.stock]\n',
        "unknown key or channel fields (one of: channels, deletes, drift, erp, every, initial, originate, owner, shop,"
        " sweep, views)",
    ),
    (
        "a channel with a reserved name",
        "[channels.shop]\n",
        '[channels.views]\nadapter = "ledgerly"\ndivision = 1\n[channels.shop]\n',
        "views cannot be the name of a channel (the word has a meaning of its own in this file; choose another)",
    ),
    (
        "a channel with a name for people",
        "[channels.shop]\n",
        '[channels."Our Shop"]\nadapter = "ledgerly"\ndivision = 1\n[channels.shop]\n',
        "Our Shop cannot be the name of a channel (use small letters, digits, - and _)",
    ),
    (
        "a mapping that is not there",
        'mapping = "mine.toml"\n',
        'mapping = "yours.toml"\n',
        "there is no mapping yours.toml",
    ),
    (
        "a ledger of another kind",
        "sqlite:///var/ledger.db",
        "mysql://db/ledger",
        "this is not the address of a ledger (sqlite:///var/ledger.db or postgresql://…)",
    ),
    (
        "a ledger that forgets",
        "sqlite:///var/ledger.db",
        "sqlite:///:memory:",
        "this is not the address of a ledger (sqlite:///var/ledger.db or postgresql://…)",
    ),
    (
        "a password in the ledger's address",
        "sqlite:///var/ledger.db",
        "postgresql://me:hunter2@db/ledger",
        'a password must not stand in this file (write ledger = "env:LEDGER_URL")',
    ),
    (
        "an option that is missing",
        'base_url = "https://shop.example"\n',
        "",
        "channels.shop.base_url is missing (add base_url = …)",
    ),
    (
        "a plain secret in a list",
        "read_only = true\n",
        'tokens = ["plain"]\n',
        'channels.shop.tokens.0 is a secret, and this file is no place for one (write "env:NAME" and put the value'
        ' into .env, or "file:PATH")',
    ),
    (
        "a plain secret in a table",
        "[channels.shop.settings]\n",
        '[channels.shop.proxy]\nurl = "http://proxy"\npassword = "plain"\n[channels.shop.settings]\n',
        "channels.shop.proxy.password is a secret, and this file is no place for one (write"
        ' "env:NAME" and put the value into .env, or "file:PATH")',
    ),
]


@pytest.mark.parametrize(("story", "old", "new", "expected"), SINGLE, ids=[row[0] for row in SINGLE])
def test_one_problem(problems: Problems, story: str, old: str, new: str, expected: str) -> None:
    """A single mistake is one problem, at the line on which it stands, with what to do."""
    text = RIGHT.replace(old, new, 1) if old and old in RIGHT else new + RIGHT
    assert [expected] == [problem.partition(": ")[2] for problem in problems(text)]


def test_no_channel_at_all(load: Load, tmp_path: Path) -> None:
    """An empty file says what it lacks; there is no line to name."""
    with pytest.raises(ConfigError) as caught:
        load("")
    what = "no channel is configured (add a table [channels.NAME] for each system)"
    assert f"{tmp_path}/config.toml: {what}" == str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[connector]\nledger = sqlite\n", "2: Invalid value (this line is not TOML)"),
        ('a = "x"\na = "y"\n', "2: Cannot overwrite a value (this line is not TOML)"),
        ("a = [1,", "1: Invalid value (this line is not TOML)"),
    ],
)
def test_a_file_that_is_no_toml(problems: Problems, text: str, expected: str) -> None:
    """A syntax error names its line."""
    assert [expected] == problems(text)


def test_there_is_no_file(tmp_path: Path) -> None:
    """A missing file says how to get one."""
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml", adapters=ADAPTERS)
    remedy = "(`connector init` writes one, --config names another)"
    assert f"{tmp_path}/config.toml: cannot be read: No such file or directory {remedy}" == str(caught.value)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    """Text that is not UTF-8 is refused, not guessed."""
    (tmp_path / "config.toml").write_bytes(b'[connector]\ncountry = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"is not UTF-8 text, at byte 23 \(save it as UTF-8\)"):
        load_config(tmp_path / "config.toml", adapters=ADAPTERS)


def test_an_adapter_that_cannot_be_imported(load: Load, tmp_path: Path) -> None:
    """An adapter that lacks a library is a problem of its channel, with the place."""

    class Broken(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            if name == "stall":
                raise ImportError("No module named 'stallib'")
            return super().__getitem__(name)

    path = tmp_path / "config.toml"
    path.write_text(RIGHT)
    with pytest.raises(ConfigError, match=r"config\.toml:9: adapter stall cannot be loaded: No module named 'stallib'"):
        load_config(path, adapters=Broken(ADAPTERS))  # type: ignore[arg-type]  # a mapping with one that fails
