"""Names and descriptions as shops have them: accents, ligatures, quotes, markup, emoji, and every length."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

from sandbox.shop import words

SPECIAL_WORDS: tuple[str, ...] = (
    "crêpe", "mêlée", "façon", "Weiß", "œuvre", "½ liter", "“Zomer”", "€ 5 actie", "naïef", "geëmailleerd",
)  # fmt: skip
LONGER: tuple[str, ...] = (
    "van biologisch katoen", "met de hand afgewerkt", "uit onze eigen werkplaats", "geschikt voor binnen en buiten",
    "met houten greep", "in geschenkdoos", "machinewasbaar op dertig graden", "gemaakt van gerecyclede wol",
)  # fmt: skip
EMOJI: tuple[str, ...] = ("🎁", "🌿", "🧶", "☕️")
_PLAIN = "Gemaakt om lang mee te gaan, in kleine series. Kleuren kunnen iets afwijken van de foto. "
_MARKUP: tuple[str, ...] = (
    "<p>{0}</p><ul><li>Duurzaam gemaakt</li><li>Tien jaar garantie</li></ul>",
    '<p>{0} Lees <a href="https://example.com/onderhoud">hoe u het onderhoudt</a>.</p>',
    "<p><b>{0}</p><p>Een vetgedrukt woord dat niet wordt gesloten.",
    "<p>{0}&nbsp;&nbsp;Let&nbsp;op&nbsp;de&nbsp;maat.</p>",
)


@dataclass(frozen=True)
class Name:
    """A name in Dutch, French and German; the last two may be missing."""

    nl: str
    fr: str | None
    de: str | None

    def others(self) -> dict[str, str]:
        """The names in other languages, by language."""
        return {language: text for language, text in (("fr", self.fr), ("de", self.de)) if text is not None}


def make_name(rng: random.Random, kind: words.Kind, tail: str, colour: int, size: str) -> Name:
    """One article's name: noun, line, number or word, colour, size."""
    noun = rng.randrange(len(kind.nouns))
    line = rng.choice(words.LINES)
    tones = words.COLOURS[colour]
    return Name(
        _join(kind.nouns[noun], line, tail, tones[0], f"maat {size}" if size else ""),
        _join(kind.nouns_fr[noun], line, tail, tones[1], f"taille {size}" if size else ""),
        _join(kind.nouns_de[noun], line, tail, tones[2], f"Größe {size}" if size else ""),
    )


def _join(noun: str, line: str, tail: str, colour: str, size: str) -> str:
    head = " ".join(part for part in (noun, line, tail) if part)
    return ", ".join(part for part in (head, colour, size) if part)


def lengthen(rng: random.Random, name: str, low: int, high: int) -> str:
    """The name with further words, until it is between low and high characters long."""
    text = name
    while len(text) < low:
        text = f"{text}, {rng.choice(LONGER)}"
    return text[:high].rstrip(" ,") if len(text) > high else text


def to_length(name: str, length: int) -> str:
    """The name filled up or cut to exactly that many characters, ending in a letter."""
    text = (name + ", " + " ".join(LONGER * 3))[:length]
    return text[:-1] + "x" if not text[-1].isalnum() else text


def decorate(rng: random.Random, name: str, how: str) -> str:
    """Put something into a name that careless software breaks."""
    if how == "special":
        return f"{name} {rng.choice(SPECIAL_WORDS)}"
    if how == "escaped":
        return name.replace(", ", " &amp; ", 1)
    if how == "emoji":
        return f"{name} {rng.choice(EMOJI)}"
    if how == "nfd":
        return unicodedata.normalize("NFD", f"{name} café crème")
    return name


def make_description(rng: random.Random, kind: str, name: str) -> str | None:
    """HTML, plain text or nothing; 100 to 3,000 characters (median about 400)."""
    if kind == "empty":
        return None
    length = min(2_700, max(110, round(rng.lognormvariate(6.0, 0.8))))
    text = (f"{name}. " + _PLAIN * (length // len(_PLAIN) + 1))[:length].strip()
    return text if kind == "plain" else rng.choice(_MARKUP).format(text)
