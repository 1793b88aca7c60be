"""Webhooks (L§10): form encoded in the old field names, at least once, in no order; a hint, nothing more."""

from __future__ import annotations

import hashlib
import hmac
import queue
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from sandbox.lightspeed_x.access import DOMAIN_PREFIX, Access
from sandbox.lightspeed_x.errors import ApiError, invalid
from sandbox.lightspeed_x.paging import read_body
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store
from sandbox.stand import write_json

TYPES = (
    "sale.update", "product.update", "customer.update", "inventory.update",
    "register_closure.create", "consignment.send", "consignment.receive",
)  # fmt: skip
TRIES = 20
SPAN = timedelta(hours=48)
ANSWER_S = 5


@dataclass
class Delivery:
    """One message to one hook, and how far it got."""

    hook_id: str
    url: str
    body: str
    due: datetime
    tries: int = 0
    status: int | None = None
    done: bool = False


class Webhooks:
    """The hooks of the shop, and the messages that are due."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access
        self.hooks = store.table("webhooks")
        self._deliveries: list[Delivery] = []
        self._queue: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        store.listeners.append(self.tell)

    def tell(self, kind: str, row: Row) -> None:
        """Something happened: send it to the active hooks of that type."""
        for hook in self.hooks:
            if hook["type"] == kind and hook["active"] and not hook["deleted_at"]:
                fields = {
                    "domain_prefix": DOMAIN_PREFIX,
                    "environment": "prod",
                    "payload": write_json(_old_shape(kind, row)),
                    "retailer_id": self._store.key("retailer", "1"),
                    "type": kind,
                }
                delivery = Delivery(hook["id"], hook["url"], urlencode(fields), self._store.clock.now())
                self._deliveries.append(delivery)
                self._send_soon(delivery)

    def _send_soon(self, delivery: Delivery) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
            self._thread.start()
        self._queue.put(delivery)

    def _work(self) -> None:
        while True:
            self.send(self._queue.get())

    def send(self, delivery: Delivery) -> None:
        """Try once; what is not answered with 2xx within 5 seconds stays due, later each time."""
        delivery.tries += 1
        digest = hmac.new(self._access.client_secret.encode(), delivery.body.encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Signature": f"signature={digest}, algorithm=HMAC-SHA256",
        }
        try:
            answer = requests.post(delivery.url, data=delivery.body, headers=headers, timeout=ANSWER_S)
            delivery.status = answer.status_code
        except requests.RequestException:
            delivery.status = None
        delivery.done = delivery.status is not None and 200 <= delivery.status < 300
        delivery.due = self._store.clock.now() + SPAN / TRIES

    def send_due(self, twice: bool = False, backwards: bool = False) -> int:
        """Send again what is due and not done (``twice``: what is done, too); in turned order if asked."""
        now = self._store.clock.now()
        due = [one for one in self._deliveries if twice or (not one.done and one.due <= now and one.tries < TRIES)]
        for delivery in reversed(due) if backwards else due:
            self._send_soon(delivery)
        return len(due)

    def as_json(self) -> list[Row]:
        """All messages and how far they got."""
        return [
            {"webhook_id": one.hook_id, "url": one.url, "tries": one.tries, "status": one.status, "done": one.done}
            for one in self._deliveries
        ]

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        return [
            Route("GET", "/webhooks", "webhooks", self._list),
            Route("POST", "/webhooks", "webhooks", self._create),
            Route("GET", "/webhooks/<key>", "webhooks", lambda key: {"data": _shown(self.hooks.live(key))}),
            Route("PUT", "/webhooks/<key>", "webhooks", self._update),
            Route("DELETE", "/webhooks/<key>", "webhooks", self._delete),
        ]

    def _list(self) -> Row:
        return {"data": [_shown(row) for row in self.hooks if not row["deleted_at"]]}

    def _create(self) -> tuple[Row, int]:
        body = self._check(read_body())
        row = {"id": self._store.new_key("webhook"), "deleted_at": None, "version": 0} | body
        return {"data": _shown(self.hooks.save(row))}, 201

    def _update(self, key: str) -> Row:
        row = self.hooks.live(key)
        return {"data": _shown(self.hooks.save(row | self._check(row | read_body(), key)))}

    def _delete(self, key: str) -> tuple[None, int]:
        self.hooks.save(self.hooks.live(key) | {"deleted_at": self._store.moment()})
        return None, 204

    def _check(self, body: Row, own: str | None = None) -> Row:
        if body.get("type") not in TYPES or not str(body.get("url") or "").startswith(("http://", "https://")):
            raise invalid({"type": f"One of {', '.join(TYPES)}", "url": "An http or https address"})
        for row in self.hooks:
            same = (row["type"], row["url"]) == (body["type"], body["url"])
            if same and row["id"] != own and not row["deleted_at"]:
                raise ApiError(409, {"error": "A webhook with this type and URL already exists"})
        return {"type": body["type"], "url": body["url"], "active": body.get("active", True) is True}


def _shown(row: Row) -> Row:
    return {name: row[name] for name in ("id", "type", "url", "active")}


def _old_shape(kind: str, row: Row) -> dict[str, Any]:
    """The payload keeps the old field names (L§10): ``count`` for a level, ``attributed_cost`` for its cost."""
    if kind != "inventory.update":
        return {name: value for name, value in row.items() if not name.startswith("_")}
    return {
        "id": row["id"],
        "product_id": row["product_id"],
        "outlet_id": row["outlet_id"],
        "count": row["current_inventory_level"],
        "attributed_cost": None if row["average_cost"] is None else f"{row['average_cost']:.2f}",
        "reorder_point": None if row["reorder_point"] is None else str(row["reorder_point"]),
        "restock_level": None if row["reorder_amount"] is None else str(row["reorder_amount"]),
        "version": row["version"],
    }
