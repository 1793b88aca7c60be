"""Asynchronous calls: taken at once, worked off by a queue consumer later, asked for by bulk uuid (M§10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, PlainError
from sandbox.magento2.search import Table, invalid_attribute, listing
from sandbox.magento2.state import Bulk, Database, Operation
from sandbox.magento2.values import moment
from sandbox.numbers import write_decimal

if TYPE_CHECKING:
    from sandbox.magento2.routing import Route

OPEN, COMPLETE, FAILED = 4, 1, 3
Work = Callable[[Bulk, Operation, datetime], Any]


def php_json(value: Any) -> str:
    """JSON as the shop's language writes it: slashes escaped, no blanks, other characters as ``\\uXXXX``."""
    return _write(value).replace("/", "\\/")


def _write(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(key))}:{_write(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(one) for one in value) + "]"
    return write_decimal(value) if isinstance(value, Decimal) else json.dumps(value)


def accept(call: Call, route: Route, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Take a bulk; the input of each element has been checked already."""
    number = call.db.ids.next("bulk")
    digest = hashlib.sha256(call.db.token_key + str(number).encode()).hexdigest()
    store = str(call.store_id)
    operations = []
    for n, body in enumerate(bodies):
        meta = {"entity_id": None, "entity_link": "", "meta_information": php_json(body), "store_id": store}
        operations.append(Operation(n, dict(body), php_json(meta)))
    bulk = Bulk(
        uuid=str(UUID(digest[:32], version=4)),
        topic=f"async.{route.topic}.{route.method.lower()}",
        service_class=route.service_class,
        route=route.key,
        path=dict(call.path),
        store_id=call.store_id,
        user_type=call.user.type,
        user_id=call.user.id,
        started_at=call.now,
        operations=operations,
    )
    call.db.bulks[bulk.uuid] = bulk
    items = [
        {"id": op.id, "data_hash": hashlib.sha256(op.meta.encode()).hexdigest(), "status": "accepted"}
        for op in operations
    ]
    return {"bulk_uuid": bulk.uuid, "request_items": items, "errors": False}


def run_consumer(db: Database, now: datetime, work: Work, at_once: bool = False) -> int:
    """Work off the operations that are due, oldest first; how many there were.

    ``at_once`` takes those that are not due yet, too.
    """
    delay, count = db.settings.consumer_delay_s, 0
    if delay is None and not at_once:
        return 0
    for bulk in db.bulks.values():
        if at_once or bulk.started_at + timedelta(seconds=delay or 0) <= now:
            for operation in bulk.operations:
                if operation.status == OPEN:
                    _work_off(bulk, operation, now, work)
                    count += 1
    return count


def _work_off(bulk: Bulk, operation: Operation, now: datetime, work: Work) -> None:
    """One operation: complete says nothing of the rows inside (M§10)."""
    try:
        result = work(bulk, operation, now)
    except ApiError as wrong:
        operation.status, operation.message, operation.error_code = FAILED, wrong.text(), 0
    except PlainError as wrong:
        operation.status, operation.message, operation.error_code = FAILED, wrong.text.strip(), 0
    else:
        operation.status = COMPLETE
        operation.message = f"Service execution success {bulk.service_class}"
        operation.result = None if result is None else php_json(result)


# --- asking


def _find(call: Call) -> Bulk:
    bulk = call.db.bulks.get(call.path["bulkUuid"])
    if bulk is None:
        raise ApiError(404, "Bulk uuid %bulkUuid not exist", {"bulkUuid": call.path["bulkUuid"]})
    return bulk


def _short(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "status": operation.status,
        "result_message": operation.message,
        "error_code": operation.error_code,
    }


def _detailed(bulk: Bulk, operation: Operation) -> dict[str, Any]:
    """An operation; what was sent is gone once it is complete: match by its id (M§10)."""
    return {
        "id": operation.id,
        "bulk_uuid": bulk.uuid,
        "topic_name": bulk.topic,
        "serialized_data": None if operation.status == COMPLETE else operation.meta,
        "result_serialized_data": operation.result,
    } | _short(operation)


def _summary(bulk: Bulk, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operations_list": rows,
        "user_type": bulk.user_type,
        "bulk_id": bulk.uuid,
        "description": f"Topic {bulk.topic}",
        "start_time": moment(bulk.started_at),
        "user_id": bulk.user_id,
        "operation_count": len(bulk.operations),
    }


def _in_order(bulk: Bulk) -> list[Operation]:
    return sorted(bulk.operations, key=lambda operation: (operation.status, operation.id))


def get_detailed_status(call: Call) -> Any:
    bulk = _find(call)
    return _summary(bulk, [_detailed(bulk, operation) for operation in _in_order(bulk)])


def get_status(call: Call) -> Any:
    bulk = _find(call)
    return _summary(bulk, [_short(operation) for operation in _in_order(bulk)])


def count_by_status(call: Call) -> Any:
    bulk = _find(call)
    return sum(1 for operation in bulk.operations if operation.status == call.path["status"])


OPERATIONS: Table[tuple[Bulk, Operation]] = Table(
    {
        "bulk_uuid": lambda r: r[0].uuid,
        "topic_name": lambda r: r[0].topic,
        "start_time": lambda r: r[0].started_at,
        "status": lambda r: r[1].status,
        "id": lambda r: r[1].id,
    },
    invalid_attribute,
)


def list_operations(call: Call) -> Any:
    criteria = call.criteria()
    rows = [(bulk, operation) for bulk in call.db.bulks.values() for operation in _in_order(bulk)]
    found, total = OPERATIONS.search(rows, criteria)
    items = [
        {"extension_attributes": {"start_time": moment(bulk.started_at)}} | _detailed(bulk, operation)
        for bulk, operation in found
    ]
    return listing(items, criteria, total)
