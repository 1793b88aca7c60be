"""HTML and text, both ways, with Dutch, French and emoji."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from connector.mapping.context import Context
from connector.mapping.converter import Chain
from connector.mapping.markup import Html, HtmlText, TextHtml, text_in
from tests.unit.mapping.strategies import htmls, texts, unhurried

HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>een</p><p>twee &amp; drie</p>", "een\ntwee & drie"),
        ("een<br><br>twee", "een\n\ntwee"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("vier <b>vijf</b>zes", "vier vijfzes"),
        ("a&nbsp;&nbsp;b\n  c", "a b c"),
        ("<script>x()</script><style>p{}</style>tekst", "tekst"),
        ("&euro; 5, &frac12; liter, cr&egrave;me br&ucirc;l&eacute;e 🧶", "€ 5, ½ liter, crème brûlée 🧶"),
        ("&amp;amp; blijft &amp;", "&amp; blijft &"),
        ("<b>open", "open"),
        ("", ""),
    ],
)
def test_the_text_that_a_browser_would_show(html: str, text: str) -> None:
    """Row 29 of known-failures: entities become characters, blocks become lines, nothing is glued together."""
    assert text == text_in(html)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Café & <warm>\nœuvre “fin” 🧶", "Café &amp; &lt;warm&gt;<br>œuvre “fin” 🧶"),
        ("een\n\ntwee", "een<br><br>twee"),
        ("&amp;", "&amp;amp;"),
    ],
)
def test_text_survives_a_channel_of_markup(text: str, html: str) -> None:
    """Row 29 of known-failures: special characters come back as they were, however often they pass."""
    lens = Chain((HtmlText(),))
    assert html == lens.put(text, None, HERE)
    assert text == lens.get(html, HERE)


@pytest.mark.parametrize(
    ("there", "canonical"),
    [
        ("<p onclick='x'>Warm<script>x()</script></p>", "<p>Warm</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ('<a href="javascript:x">b</a>', "<a>b</a>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<custom>tekst</custom>", "tekst"),
        ("gewoon", "gewoon"),
        (" ", None),
    ],
)
def test_markup_is_limited_to_what_a_description_may_hold(there: str, canonical: str | None) -> None:
    """Scripts go with their content, unknown tags leave their text, broken ones are closed; nothing is rewritten."""
    lens = Chain((Html(),))
    assert canonical == lens.get(there, HERE)
    assert there == lens.put(canonical, there, HERE)


def test_markup_becomes_text_where_there_is_no_place_for_it() -> None:
    """A channel of plain text shows what a browser would, and is not rewritten while it does."""
    lens = Chain((TextHtml(),))
    assert "Warm & zacht\ntweede" == lens.put("<p>Warm &amp; zacht</p><p>tweede</p>", None, HERE)
    assert "Warm &amp; zacht<br>tweede" == lens.get("Warm & zacht\r\ntweede", HERE)


@given(htmls)
@unhurried
def test_cleaned_markup_stays_as_it_is(html: str) -> None:
    """Cleaning once is enough, or a description would change each time it passes."""
    once = Html().get(html, HERE)
    assert once is None or once == Html().get(once, HERE)


@given(texts)
@unhurried
def test_any_text_settles_after_one_passage(text: str) -> None:
    """Row 4 of known-failures: what a channel of markup makes of a text it makes of it once."""
    for lens in (Chain((HtmlText(),)), Chain((TextHtml(),))):
        once = lens.get(lens.put(text, None, HERE), HERE)
        assert once == lens.get(lens.put(once, None, HERE), HERE)
