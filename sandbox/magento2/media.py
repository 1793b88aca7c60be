"""The pictures of a product: adding always adds, nothing is recognised as the same (M2.13)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, no_such_entity, no_such_product
from sandbox.magento2.state import ALL, Database, MediaEntry, Product
from sandbox.magento2.values import folded

ROLES = ("image", "small_image", "thumbnail", "swatch_image")
NO_SELECTION = "no_selection"
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


def types_of(product: Product, file: str) -> list[str]:
    """The roles that a file has."""
    return [role for role in ROLES if product.value(role) == file]


def media_view(product: Product, entry: MediaEntry, with_content: bool = False) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": entry.id,
        "media_type": entry.media_type,
        "label": entry.label,
        "position": entry.position,
        "disabled": entry.disabled,
        "types": types_of(product, entry.file),
        "file": entry.file,
    }
    return view | ({"content": entry.content} if with_content else {})


def _in_order(product: Product) -> list[MediaEntry]:
    return sorted(product.media, key=lambda entry: (entry.position, -entry.id))


def media_views(product: Product) -> list[dict[str, Any]]:
    """The gallery as a product shows it."""
    return [media_view(product, entry) for entry in _in_order(product)]


def _check_image(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Image data that decodes to a picture; 400 for other content."""
    try:
        data = base64.b64decode((content or {}).get("base64_encoded_data") or "", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if content is None or not data.startswith(SIGNATURES):
        raise ApiError(400, "The image content must be valid base64 encoded data.")
    return content


def _free_file(db: Database, name: str) -> str:
    """``front.png`` → ``/f/r/front.png``, or ``/f/r/front_1.png`` when that is taken."""
    plain = re.sub(r"[^a-z0-9_.-]+", "_", name.lower()) or "image.png"
    stem, dot, end = plain.rpartition(".")
    folder = "/" + "/".join((stem + "__")[:2])
    taken = {entry.file for product in db.products.values() for entry in product.media}
    number, file = 0, f"{folder}/{plain}"
    while file in taken:
        number += 1
        file = f"{folder}/{stem}_{number}{dot}{end}"
    return file


def add_media(db: Database, product: Product, given: Mapping[str, Any]) -> MediaEntry:
    """One more picture; it takes over the roles it is given, or those that are taken already (M2.13)."""
    content = _check_image(given.get("content"))
    file = _free_file(db, content.get("name") or "")
    name = file.rsplit("/", 1)[-1]
    entry = MediaEntry(
        id=db.ids.next("media"),
        media_type=given.get("media_type") or "image",
        label=given.get("label"),
        position=given.get("position") or 0,
        disabled=bool(given.get("disabled")),
        file=file,
        content={
            "base64_encoded_data": content["base64_encoded_data"],
            "type": content.get("type") or "image/png",
            "name": name,
        },
    )
    taken = [role for role in ROLES if product.value(role) not in (None, NO_SELECTION)]
    for role in given.get("types") or taken:
        product.values[role] = {ALL: file}
    product.media.append(entry)
    return entry


def replace_media(db: Database, product: Product, given: Sequence[Mapping[str, Any]]) -> None:
    """The gallery as sent with a product: entries with an id are kept, others new, the rest is gone."""
    kept = {entry["id"] for entry in given if entry.get("id")}
    product.media = [entry for entry in product.media if entry.id in kept]
    for one in given:
        if not one.get("id") and one.get("content"):
            add_media(db, product, one)
    files = {entry.file for entry in product.media}
    for role in ROLES:
        if product.value(role) not in files:
            product.values[role] = {ALL: NO_SELECTION}


def _product(call: Call) -> Product:
    found = call.db.with_sku(folded(call.path["sku"]))
    if not found:
        raise no_such_product()
    return found[0]


def _entry(call: Call, product: Product) -> MediaEntry:
    for entry in product.media:
        if entry.id == call.path["entryId"]:
            return entry
    raise no_such_entity("entryId", call.path["entryId"])


def list_media(call: Call) -> Any:
    product = _product(call)
    return [media_view(product, entry, with_content=True) for entry in _in_order(product)]


def post_media(call: Call) -> Any:
    """The id of the entry, as text; moves the product's ``updated_at`` (M§3)."""
    product = _product(call)
    entry = add_media(call.db, product, call.given["entry"])
    product.updated_at = call.now
    return str(entry.id)


def put_media(call: Call) -> Any:
    product = _product(call)
    entry, given = _entry(call, product), call.given["entry"]
    entry.label = given.get("label", entry.label)
    entry.position = given.get("position", entry.position)
    entry.disabled = bool(given.get("disabled", entry.disabled))
    for role in given.get("types") or []:
        product.values[role] = {ALL: entry.file}
    product.updated_at = call.now
    return True


def delete_media(call: Call) -> Any:
    product = _product(call)
    entry = _entry(call, product)
    product.media.remove(entry)
    for role in types_of(product, entry.file):
        product.values[role] = {ALL: NO_SELECTION}
    product.updated_at = call.now
    return True
