"""What a mapping's result may depend on beside the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from connector.model.entity import Canonical, PriceList


@dataclass(frozen=True)
class Context:
    """Handed in with every record, so that mappings need no clock and stay pure.

    Attributes:
        as_of: the shop's day on which the record is looked at.
        zone: the shop's time zone, as ``Europe/Amsterdam``.
        country: where the shop is: decides VAT rates and how a local phone number is read.
        list: for prices: the price list of the record.
        vat_class: for prices: the agreed VAT class of the product.
        writing: set by the lens itself while it writes: all values that are to be shown, for fields
            that share one native list.
    """

    as_of: date
    zone: str
    country: str = "NL"
    list: PriceList | None = None
    vat_class: str | None = None
    writing: Canonical = field(default_factory=dict, compare=False, repr=False)
