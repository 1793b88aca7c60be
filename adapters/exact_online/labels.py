"""Words on the screen → properties: refusals name a field as the user's language calls it (fact 76)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

#: Dutch and English labels, folded, and the properties that they may mean, the likeliest first.
_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("Code",),
    "artikelcode": ("Code",),
    "item code": ("Code",),
    "artikel": ("Item", "Code"),
    "item": ("Item", "Code"),
    "omschrijving": ("Description",),
    "description": ("Description",),
    "extra omschrijving": ("ExtraDescription",),
    "extra description": ("ExtraDescription",),
    "streepjescode": ("Barcode",),
    "barcode": ("Barcode",),
    "eenheid": ("Unit",),
    "unit": ("Unit",),
    "btw-code": ("SalesVatCode", "SalesVATCode"),
    "btw code": ("SalesVatCode", "SalesVATCode"),
    "btw-code verkoop": ("SalesVatCode", "SalesVATCode"),
    "vat code": ("SalesVatCode", "SalesVATCode"),
    "artikelgroep": ("ItemGroup",),
    "item group": ("ItemGroup",),
    "nettogewicht": ("NetWeight",),
    "net weight": ("NetWeight",),
    "gewichtseenheid": ("NetWeightUnit",),
    "webwinkel": ("IsWebshopItem",),
    "notities": ("Notes", "Remarks"),
    "notes": ("Notes", "Remarks"),
    "actief vanaf": ("StartDate",),
    "startdatum": ("StartDate",),
    "begindatum": ("StartDate",),
    "start date": ("StartDate",),
    "actief tot": ("EndDate",),
    "einddatum": ("EndDate",),
    "end date": ("EndDate",),
    "prijs": ("Price",),
    "price": ("Price",),
    "verkoopprijs": ("Price",),
    "sales price": ("Price",),
    "valuta": ("Currency",),
    "currency": ("Currency",),
    "aantal": ("Quantity", "QuantityDifference"),
    "quantity": ("Quantity", "QuantityDifference"),
    "naam": ("Name", "LastName"),
    "name": ("Name", "LastName"),
    "voornaam": ("FirstName",),
    "first name": ("FirstName",),
    "achternaam": ("LastName",),
    "last name": ("LastName",),
    "tussenvoegsel": ("MiddleName",),
    "middle name": ("MiddleName",),
    "initialen": ("Initials",),
    "initials": ("Initials",),
    "e-mail": ("Email",),
    "e-mailadres": ("Email",),
    "email": ("Email",),
    "e-mail address": ("Email",),
    "telefoon": ("Phone",),
    "phone": ("Phone",),
    "telephone": ("Phone",),
    "mobiel": ("Mobile",),
    "mobile": ("Mobile",),
    "btw-nummer": ("VATNumber",),
    "btw nummer": ("VATNumber",),
    "vat number": ("VATNumber",),
    "kvk-nummer": ("ChamberOfCommerce",),
    "kvk nummer": ("ChamberOfCommerce",),
    "chamber of commerce": ("ChamberOfCommerce",),
    "taal": ("Language",),
    "language": ("Language",),
    "adres": ("AddressLine1",),
    "adresregel 1": ("AddressLine1",),
    "address": ("AddressLine1",),
    "address line 1": ("AddressLine1",),
    "adresregel 2": ("AddressLine2",),
    "postcode": ("Postcode",),
    "postal code": ("Postcode",),
    "plaats": ("City",),
    "city": ("City",),
    "provincie": ("State",),
    "state": ("State",),
    "land": ("Country",),
    "country": ("Country",),
    "prijslijst": ("PriceList",),
    "price list": ("PriceList",),
    "betalingsconditie": ("PaymentConditionSales",),
    "payment condition": ("PaymentConditionSales",),
    "kredietlimiet": ("CreditLineSales",),
    "credit line": ("CreditLineSales",),
    "status": ("Status",),
}


def property_of(label: str, sent: Collection[str]) -> str:
    """The property of ours that a label means, "" where it is none of those that were sent."""
    folded = label.strip().rstrip(".").casefold()
    meant = _LABELS.get(folded, ())
    return next((name for name in meant if name in sent), _itself(folded, sent))


def _itself(folded: str, sent: Collection[str]) -> str:
    """A label that is the property's own name."""
    return next((name for name in sent if name.casefold() == folded), "")
