"""The demo's shop folder: config.toml and .env, as a technician would have filled them in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandbox.demo.floor import System

#: The systems, and products with prices and stock.
GOODS = """\
[connector]
ledger   = "sqlite:///var/ledger.db"
timezone = "Europe/Amsterdam"

[channels.exact]
adapter       = "exact_online"
base_url      = "{exact}"
division      = {division}
client_id     = "env:EXACT_CLIENT_ID"
client_secret = "env:EXACT_CLIENT_SECRET"
redirect_uri  = "{redirect}"
[channels.exact.settings]
vat_codes = {{ standard = "4", reduced = "2", zero = "0" }}
prices    = "included"

[channels.webshop]
adapter  = "magento2"
base_url = "{webshop}"
website  = "base"
token    = "env:MAGENTO_TOKEN"
[channels.webshop.settings]
prices            = "included"
tax_classes       = {{ {tax_classes} }}
brand_attribute   = "brand"
barcode_attribute = "barcode"
street_style      = "lines"

[channels.store]
adapter  = "lightspeed_x"
base_url = "{store}"
token    = "env:LIGHTSPEED_TOKEN"
[channels.store.settings]
prices           = "included"
taxes            = {{ standard = "Hoog 21%", reduced = "Laag 9%", zero = "Nul 0%" }}
vat_number_field = "custom_field_2"

[locations.warehouse]
exact   = "1"
webshop = "wh_utr"
[locations.utrecht]
exact   = "2"
webshop = "st_utr"
store   = "Winkel Utrecht"
[locations.gent]
exact   = "3"
webshop = "st_gent"
store   = "Winkel Gent"
[locations.antwerpen]
exact   = "4"
webshop = "st_antw"
store   = "Winkel Antwerpen"

[prices.retail]
currency = "EUR"
vat      = "included"
scale    = 2
exact    = "sales"
webshop  = "base"
store    = "BASE"

[sync.product]
every    = "5m"
channels = ["exact", "webshop", "store"]
owner    = "exact"
[sync.product.fields.name]
on_conflict = "manual"
[sync.product.fields.description]
owner = "webshop"

[sync.price]
every    = "5m"
channels = ["exact", "webshop", "store"]
owner    = "exact"

[sync.stock]
every    = "30s"
channels = ["exact", "webshop", "store"]
owner    = "exact"
[sync.stock.views.webshop]
locations = ["warehouse", "utrecht", "gent", "antwerpen"]
[sync.stock.exact]
books           = "never"
order_reference = "YourRef"
"""

CUSTOMERS = """
[sync.customer]
every    = "5m"
channels = ["webshop", "exact", "store"]
owner    = "webshop"
[sync.customer.fields.customer_no]
owner = "exact"
"""

#: What the shop calls its tax classes → the connector's own names.
TAX_CLASSES = {"Taxable Goods": "standard", "Reduced": "reduced", "Zero rate": "zero"}


def furnish(folder: Path, systems: Mapping[str, System], plan: str = GOODS + CUSTOMERS) -> None:
    """Write config.toml and .env (0600) into the folder."""
    exact, webshop, store = (systems[name] for name in ("exact", "webshop", "store"))
    config = plan.format(
        exact=exact.url,
        division=exact.told["division"],
        redirect=exact.told["redirect_uri"],
        webshop=webshop.url,
        tax_classes=_tax_classes(webshop),
        store=store.url,
    )
    (folder / "config.toml").write_text(config, encoding="utf-8")
    secrets = {
        "EXACT_CLIENT_ID": exact.told["client_id"],
        "EXACT_CLIENT_SECRET": exact.told["client_secret"],
        "EXACT_REFRESH_TOKEN": exact.told["refresh_token"],
        "MAGENTO_TOKEN": webshop.told["bearer"],
        "LIGHTSPEED_TOKEN": store.told["token"],
    }
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text("".join(f"{name}='{value}'\n" for name, value in secrets.items()), encoding="utf-8")


def _tax_classes(webshop: System) -> str:
    """Tax class ids differ from shop to shop: looked up, as in the shop's own back office."""
    token = f"Bearer {webshop.told['bearer']}"
    found = webshop.get("/rest/V1/taxClasses/search?searchCriteria[pageSize]=50", Authorization=token)
    ids = {item["class_name"]: item["class_id"] for item in found["items"] if item["class_type"] == "PRODUCT"}
    return ", ".join(f'{name} = "{ids[label]}"' for label, name in TAX_CLASSES.items())
