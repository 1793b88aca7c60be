"""`connector check` on a real Odoo: what is well, and each thing that a technician gets wrong, with its remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from connector.contract import Finding
from tests.odoo.bench import Bench, a_user, bench
from tests.odoo.client import Odoo


def findings(till: Bench) -> dict[str, Finding]:
    return {finding.what: finding for finding in till.channel.check()}


def wrong(till: Bench) -> dict[str, str]:
    """What is not well: the detail and the remedy."""
    return {what: f"{one.detail} | {one.remedy}" for what, one in findings(till).items() if not one.ok}


@pytest.mark.parametrize("transport", ["json2", "jsonrpc"])
def test_a_shop_that_is_set_up_is_all_green(real_odoo: Odoo, transport: str) -> None:
    """Nothing is complained of, and every kind of thing was tried."""
    with bench(real_odoo, transport=transport, lang="nl_NL") as till:
        told = findings(till)
    assert {} == {what: one for what, one in told.items() if not one.ok}
    assert {"access", "clock", "API key", "sales taxes", "locations", "right stock.quant"} <= told.keys()


@pytest.mark.parametrize(
    ("settings", "what", "remedy"),
    [
        ({"taxes": {}}, "sales taxes", "taxes = "),
        ({"taxes": {"standard": 999}}, "sales taxes", "correct `taxes`"),
        ({"prices": "excluded"}, "sales taxes", "prices"),
        ({"price_scale": 4}, "price decimals", "price_scale = 2"),
        ({"units": {"piece": 999}}, "units and categories", "ids"),
        ({"units": {"piece": "stuk"}}, "units and categories", "ids"),
        ({"mobile_field": "mobile"}, "mobile numbers", 'mobile_field = ""'),
        ({"languages": {"fr-FR": "fr_FR"}}, "language", "install it"),
    ],
)
def test_a_wrong_setting_is_told(real_odoo: Odoo, settings: dict[str, Any], what: str, remedy: str) -> None:
    """A setting that does not fit the server is named, with what to write instead."""
    with bench(real_odoo, settings=settings) as till:
        told = wrong(till)
    assert remedy in told[what]


def test_a_price_list_that_is_not_there_is_told(real_odoo: Odoo) -> None:
    with bench(real_odoo, ("base", "Geen lijst")) as till:
        assert "price list Geen lijst" in wrong(till)


@pytest.mark.parametrize(("lang", "warning"), [("fr_FR", False), (None, True)])
def test_a_language_that_people_do_not_read_is_told(real_odoo: Odoo, lang: str | None, warning: bool) -> None:
    """One that is not installed is refused with each call; several, and none chosen, means that of the key's user."""
    with bench(real_odoo, lang=lang) as till:
        told = findings(till)["language"]
    assert (False, warning) == (told.ok, told.warning)
    assert "nl_NL" in told.detail + told.remedy


def test_missing_rights_are_told_with_the_group(real_odoo: Odoo) -> None:
    """A user who may look alone is told which groups it lacks, and nothing was tried out."""
    with bench(real_odoo, **a_user(real_odoo)) as till:
        told = wrong(till)
    assert "Products: Create" in told["right product.product"]
    assert "Contact: Creation" in told["right res.partner"]


def test_a_refused_key_is_all_that_is_told(real_odoo: Odoo) -> None:
    """Without access nothing else is tried, and the key is not repeated."""
    with bench(real_odoo, api_key=SecretStr("deadbeef" * 5)) as till:
        told = list(till.channel.check())
    assert [("access", False)] == [(finding.what, finding.ok) for finding in told]
    assert "deadbeef" not in repr(told)


def test_a_key_that_ends_soon_is_a_warning(real_odoo: Odoo) -> None:
    """Keys of ordinary users end after some months: the till must not stop on that morning without a word before."""
    with bench(real_odoo) as till:
        assert findings(till)["API key"].ok
    keys = real_odoo.ids("res.users.apikeys")
    soon = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d %H:%M:%S")
    with bench(real_odoo) as till:
        rows = till.channel._checks._rows  # type: ignore[attr-defined]
        till.channel._checks._rows = lambda model, *about: (  # type: ignore[attr-defined]
            [{"expiration_date": soon}] * len(keys) if model == "res.users.apikeys" else rows(model, *about)
        )
        key = findings(till)["API key"]
    assert (False, True) == (key.ok, key.warning)
    assert soon[:10] in key.detail


def test_a_database_that_is_not_there_is_asked_about(real_odoo: Odoo) -> None:
    """The older transport says no more than that its database cannot be reached."""
    with bench(real_odoo, database="nodb", transport="jsonrpc") as till:
        (access,) = list(till.channel.check())
    assert not access.ok
    assert "database" in access.remedy


def test_several_companies_need_a_choice(real_odoo: Odoo) -> None:
    """Taxes and prices are each company's own: one of several is named, or nothing is right."""
    with bench(real_odoo) as till:
        rows = till.channel._checks._rows  # type: ignore[attr-defined]
        both = [{"id": id_, "name": f"Winkel {id_}", "currency_id": [1, "EUR"]} for id_ in (1, 2)]
        till.channel._checks._rows = (  # type: ignore[attr-defined]
            lambda model, *about: both if model == "res.company" else rows(model, *about)
        )
        assert "company = " in findings(till)["company"].remedy


def test_a_company_that_is_not_there_is_told(real_odoo: Odoo) -> None:
    with bench(real_odoo, company=999) as till:
        assert "company" in wrong(till)
