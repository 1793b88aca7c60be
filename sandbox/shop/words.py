"""The words of the invented chain: what it sells, where people live, what they are called.

Nothing here names a real shop, person or article; the barcodes use the GS1 demonstration prefix 952.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.shop.model import Location, VatClass

LOCATIONS: tuple[Location, ...] = (
    Location("utrecht-warehouse", "Magazijn Utrecht", {"exact_online": "1", "magento2": "wh_utr"}),
    Location(
        "utrecht-store",
        "Winkel Utrecht",
        {"exact_online": "2", "magento2": "st_utr", "lightspeed_x": "Winkel Utrecht"},
    ),
    Location("gent", "Winkel Gent", {"exact_online": "3", "magento2": "st_gent", "lightspeed_x": "Winkel Gent"}),
    Location(
        "antwerpen",
        "Winkel Antwerpen",
        {"exact_online": "4", "magento2": "st_antw", "lightspeed_x": "Winkel Antwerpen"},
    ),
)

GROUPS: dict[str, str] = {
    "701": "Kleding",
    "702": "Wonen",
    "703": "Boeken",
    "704": "Eten en drinken",
    "705": "Planten",
    "706": "Speelgoed",
    "707": "Energie",
}
"""ERP item groups (code → name); the webshop shows the same names as categories."""

BRANDS: tuple[str, ...] = ("Fjordwol", "Zuiderlicht", "Kade Negen", "Bosveld", "Maison Lys", "Tuinhof", "Klinkwerk")

FAMILY_VAT: dict[VatClass, Decimal] = {
    "standard": Decimal("0.21"),
    "intermediate": Decimal("0.12"),
    "reduced": Decimal("0.09"),
    "zero": Decimal(0),
    "exempt": Decimal(0),
}
"""The rate of each VAT class; the Dutch one where the countries differ."""


@dataclass(frozen=True)
class Kind:
    """A sort of article: the words and ranges that its articles are drawn from."""

    prefix: str
    group: str
    vat_class: VatClass
    nouns: tuple[str, ...]
    nouns_fr: tuple[str, ...]
    nouns_de: tuple[str, ...]
    cents: tuple[int, int]
    grams: tuple[int, int]
    sizes: tuple[str, ...] = ()


KINDS: tuple[Kind, ...] = (
    Kind(
        "WT",
        "701",
        "standard",
        ("Wollen trui", "Vest met rits", "Gebreide sjaal", "Muts met boord"),
        ("Pull en laine", "Gilet zippé", "Écharpe tricotée", "Bonnet à revers"),
        ("Wollpullover", "Strickjacke", "Strickschal", "Mütze mit Umschlag"),
        (1495, 14995),
        (80, 900),
        ("XS", "S", "M", "L", "XL"),
    ),
    Kind(
        "KR",
        "702",
        "standard",
        ("Keramische kom", "Vaas", "Linnen tafelloper", "Kandelaar", "Wollen plaid"),
        ("Bol en céramique", "Vase", "Chemin de table en lin", "Chandelier", "Plaid en laine"),
        ("Keramikschale", "Vase", "Tischläufer aus Leinen", "Kerzenständer", "Wolldecke"),
        (695, 12900),
        (120, 6000),
    ),
    Kind(
        "BK",
        "703",
        "reduced",
        ("Kookboek", "Prentenboek", "Reisgids", "Breiboek"),
        ("Livre de cuisine", "Album illustré", "Guide de voyage", "Livre de tricot"),
        ("Kochbuch", "Bilderbuch", "Reiseführer", "Strickbuch"),
        (795, 4495),
        (180, 1800),
    ),
    Kind(
        "ET",
        "704",
        "reduced",
        ("Kruidenthee", "Bloemenhoning", "Koffiebonen", "Mosterd", "Speculaas"),
        ("Tisane", "Miel de fleurs", "Café en grains", "Moutarde", "Spéculoos"),
        ("Kräutertee", "Blütenhonig", "Kaffeebohnen", "Senf", "Spekulatius"),
        (225, 2495),
        (50, 1500),
    ),
    Kind(
        "PL",
        "705",
        "reduced",
        ("Kamerplant", "Kruidenpot", "Bloembollen", "Vetplant"),
        ("Plante d'intérieur", "Pot d'herbes", "Bulbes à fleurs", "Plante grasse"),
        ("Zimmerpflanze", "Kräutertopf", "Blumenzwiebeln", "Sukkulente"),
        (295, 5995),
        (90, 8000),
    ),
    Kind(
        "SP",
        "706",
        "standard",
        ("Houten blokken", "Legpuzzel", "Knuffelbeer", "Bordspel"),
        ("Cubes en bois", "Puzzle", "Ours en peluche", "Jeu de société"),
        ("Holzklötze", "Puzzle", "Teddybär", "Brettspiel"),
        (595, 7995),
        (60, 3500),
    ),
)

SOLAR = Kind(
    "ZP",
    "707",
    "zero",
    ("Zonnepaneel draagbaar",),
    ("Panneau solaire portable",),
    ("Tragbares Solarmodul",),
    (9900, 39900),
    (900, 9000),
)
"""The one sort with a zero rate."""

LINES: tuple[str, ...] = (
    "Fjord", "Duin", "Heide", "Polder", "Schelde", "Vecht", "Leie", "Wad", "Veluwe", "Kempen",
    "Zilver", "Ochtend", "Herfst", "Linde", "Berk", "Merel", "Reiger", "Vlas", "Mosterdzaad", "Sneeuwklok",
)  # fmt: skip

COLOURS: tuple[tuple[str, str, str, str], ...] = (
    ("donkerblauw", "bleu foncé", "dunkelblau", "BL"),
    ("mosgroen", "vert mousse", "moosgrün", "GR"),
    ("ecru", "écru", "ecru", "EC"),
    ("roestbruin", "rouille", "rostbraun", "RB"),
    ("antraciet", "anthracite", "anthrazit", "AN"),
    ("okergeel", "ocre", "ocker", "OK"),
    ("oudroze", "vieux rose", "altrosa", "RO"),
    ("naturel", "naturel", "natur", "NA"),
)
"""Dutch, French, German, and the letters in article codes."""

FIRST_NAMES: tuple[str, ...] = (
    "Anna", "Bram", "Chantal", "Daan", "Elise", "Femke", "Gijs", "Hanne", "Ilse", "Joris", "Katrien", "Lotte",
    "Maarten", "Noor", "Olivier", "Pieter", "Quinten", "Roos", "Sofie", "Thijs", "Ursula", "Veerle", "Wout", "Yara",
)  # fmt: skip

DUTCH_LAST: tuple[tuple[str, str], ...] = (
    ("", "Bakker"), ("van der", "Meer"), ("de", "Vries"), ("", "Jansen"), ("van", "Dijk"), ("", "Visser"),
    ("van den", "Berg"), ("", "Mulder"), ("'t", "Hart"), ("", "Bos"), ("in 't", "Veld"), ("", "Hendriks"),
    ("", "Dekker"), ("ten", "Brink"), ("", "Kuipers"), ("", "Postma"), ("", "Schouten"), ("", "Willems"),
)  # fmt: skip
"""Infix and last name, as Dutch registers keep them."""

BELGIAN_LAST: tuple[str, ...] = (
    "Van den Broeck", "Peeters", "De Smet", "Claes", "Van Damme", "Maes", "Lambrecht", "De Clercq", "Wouters",
    "Vandenberghe", "Dubois", "Lemaire",
)  # fmt: skip
"""Belgian last names keep their prefix as part of the name, with a capital."""

FOREIGN_LAST: tuple[str, ...] = ("Müller", "Schneider", "Weber", "Martin", "Lefèvre", "Krier", "Hoffmann", "Moreau")

COMPANY_WORDS: tuple[str, ...] = (
    "Woonwinkel", "Boekhandel", "Bloemenhuis", "Cadeaushop", "Kinderhof", "Bakkerij", "Atelier", "Tuincentrum",
)  # fmt: skip

STREETS: dict[str, tuple[str, ...]] = {
    "NL": ("Kade", "Oudegracht", "Dorpsstraat", "Molenweg", "Lindelaan", "Havenstraat", "Nieuwe Markt", "Parklaan"),
    "BE": ("Kerkstraat", "Veldstraat", "Stationsstraat", "Korte Meer", "Leopoldlaan", "Groenplaats", "Brugsesteenweg"),
    "FR": ("Rue des Lilas", "Avenue de la Gare"),
    "DE": ("Lindenstraße", "Am Markt"),
    "LU": ("Rue de la Poste", "Avenue du Parc"),
}

CITIES: dict[str, tuple[tuple[str, str], ...]] = {
    "NL": (("Utrecht", "35"), ("Amsterdam", "10"), ("Zwolle", "80"), ("Breda", "48"), ("Groningen", "97")),
    "BE": (("Gent", "9000"), ("Antwerpen", "2000"), ("Brugge", "8000"), ("Leuven", "3000"), ("Mechelen", "2800")),
    "FR": (("Lille", "59000"), ("Lyon", "69003")),
    "DE": (("Köln", "50667"), ("Aachen", "52062")),
    "LU": (("Luxembourg", "1250"), ("Esch-sur-Alzette", "4040")),
}
"""City and postcode; for NL the first two digits of it."""

PHONE_PREFIXES: dict[str, tuple[str, int]] = {
    "NL": ("+3130", 7),
    "BE": ("+329", 7),
    "FR": ("+333", 8),
    "DE": ("+49221", 7),
    "LU": ("+35226", 6),
}
"""A dialling prefix and how many digits follow it."""

MOBILE_PREFIXES: dict[str, tuple[str, int]] = {
    "NL": ("+316", 8),
    "BE": ("+32470", 6),
    "FR": ("+336", 8),
    "DE": ("+491511", 7),
    "LU": ("+352621", 6),
}
