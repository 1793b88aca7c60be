"""Run inside ``odoo shell`` on the new database: the shop that tests find, and a key to it.

Not a module of this project's Python: Odoo's shell runs it and puts ``env`` there. It prints one line, REPORT and JSON.
"""

import json
from typing import Any

env: Any = globals()["env"]
REPORT = "real-odoo: "


def settle_company() -> None:
    """A Dutch shop that speaks Dutch; who calls by the key reads English."""
    env["res.lang"]._activate_lang("en_US")
    env.company.write(
        {
            "name": "Winkel Demo BV",
            "street": "Oudegracht 1",
            "zip": "3511 AA",
            "city": "Utrecht",
            "country_id": env.ref("base.nl").id,
        }
    )
    if env.company.chart_template != "nl":
        env["account.chart.template"].try_loading("nl", env.company, install_demo=False)
    env.company.partner_id.lang = "nl_NL"
    env.ref("base.user_admin").write({"lang": "en_US", "tz": "Europe/Amsterdam"})


def open_warehouses() -> Any:
    """Two shops, each with its stock."""
    first = env["stock.warehouse"].search([], limit=1)
    first.write({"name": "Magazijn Utrecht", "code": "UTR"})
    return first + env["stock.warehouse"].create({"name": "Magazijn Amsterdam", "code": "AMS"})


def pay_by(name: str, kind: str, code: str) -> Any:
    """A way to pay with a journal of its own: two tills cannot share one for cash."""
    journal = env["account.journal"].create({"name": name, "type": kind, "code": code})
    return env["pos.payment.method"].create({"name": name, "journal_id": journal.id})


def set_up_till(warehouse: Any) -> Any:
    """A till of a warehouse, ready for a session."""
    town = warehouse.name.split()[-1]
    means = pay_by(f"Contant {town}", "cash", f"K{warehouse.code}") + pay_by(
        f"PIN {town}", "bank", f"P{warehouse.code}"
    )
    return env["pos.config"].create(
        {
            "name": f"Kassa {town}",
            "warehouse_id": warehouse.id,
            "picking_type_id": warehouse.pos_type_id.id,
            "payment_method_ids": [(6, 0, means.ids)],
        }
    )


def make_key() -> str:
    """A key of the administrator, for both transports, without an end."""
    keys = env(user=env.ref("base.user_admin").id)["res.users.apikeys"]
    return str(keys._generate("rpc", "real-odoo", None))


settle_company()
for each in open_warehouses():
    set_up_till(each)
report = json.dumps({"api_key": make_key()})
env.cr.commit()
print(REPORT + report)  # noqa: T201 - this is how a script in Odoo's shell answers
