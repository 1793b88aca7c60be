"""Switches of the stand-in (``--set NAME=VALUE``): the settings of the shop that change its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sandbox.magento2.state import Settings

SHIPPED_LIMITS = {"maximum_page_size": None, "complex_array_limit": None, "default_page_size": None}
"""Input limits are off in a shop as shipped (M§9)."""
CHOICES = {"price_scope": ("global", "website")}
NAMES = {one.name: str(one.type) for one in fields(Settings)}


def set_switch(settings: Settings, name: str, text: str) -> None:
    """Set one switch from its text; ValueError for one that does not exist, or another kind of value."""
    if name not in NAMES:
        raise ValueError(f"there is no switch {name!r}; there are {', '.join(NAMES)}")
    kind = NAMES[name]
    if name in CHOICES and text not in CHOICES[name]:
        raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {text!r}")
    if kind == "bool":
        if text not in ("0", "1", "true", "false"):
            raise ValueError(f"{name} is 0 or 1, not {text!r}")
        setattr(settings, name, text in ("1", "true"))
    elif kind == "str":
        setattr(settings, name, text)
    elif text == "none" and "None" in kind:
        setattr(settings, name, None)
    else:
        setattr(settings, name, int(text))


def read_switches(given: Mapping[str, str], limits: bool) -> Settings:
    """The shop's settings; without ``limits`` the input limits are off."""
    settings = Settings()
    for name, value in ({} if limits else SHIPPED_LIMITS).items():
        setattr(settings, name, value)
    for name, text in given.items():
        set_switch(settings, name, text)
    return settings
