"""Numbers with a check digit: printed article codes and VAT numbers."""

from __future__ import annotations

import random


def gtin(body: str) -> str:
    """The article code with its check digit: weights 3 and 1 from the right (GS1 general specifications)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def gtin_valid(code: str) -> bool:
    """Whether the text is 8, 12, 13 or 14 digits with the right check digit."""
    return code.isascii() and code.isdigit() and len(code) in (8, 12, 13, 14) and gtin(code[:-1]) == code


def ean13(number: int) -> str:
    """An EAN-13 with the demonstration prefix 952, which no real article bears."""
    return gtin(f"952{number:09d}")


def vat_number_nl(rng: random.Random) -> str:
    """A Dutch VAT number that passes the 11-test; invented."""
    while True:
        digits = [rng.randint(0, 9) for _ in range(8)]
        rest = sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True)) % 11
        if rest < 10 and any(digits):
            return "NL" + "".join(map(str, digits)) + str(rest) + f"B{rng.randint(1, 99):02d}"


def vat_number_be(rng: random.Random) -> str:
    """A Belgian VAT number: the last two digits are 97 − (first eight mod 97); invented."""
    body = f"0{rng.randint(2000000, 7999999):07d}"
    return f"BE{body}{97 - int(body) % 97:02d}"


def vat_number_valid(number: str) -> bool:
    """Whether a NL or BE number passes its check; other countries only need two letters and 2 to 12 characters.

    NL: nine digits, ``B``, two digits, by the 11-test or mod 97 (sole traders since 2020).
    """
    text = number.upper().replace(".", "").replace(" ", "")
    country, body = text[:2], text[2:]
    if country == "NL":
        return _valid_nl(text, body)
    if country == "BE":
        return len(body) == 10 and body.isdigit() and 97 - int(body[:8]) % 97 == int(body[8:])
    return country.isalpha() and body.isalnum() and 2 <= len(body) <= 12


def _valid_nl(text: str, body: str) -> bool:
    if len(body) != 12 or not (body[:9] + body[10:]).isdigit() or body[9] != "B":
        return False
    digits = [int(digit) for digit in body[:9]]
    eleven = sum(digit * weight for digit, weight in zip(digits[:8], range(9, 1, -1), strict=True)) % 11
    as_number = "".join(str(ord(sign) - 55) if sign.isalpha() else sign for sign in text)
    return eleven == digits[8] or int(as_number) % 97 == 1
