"""The skeleton of a new adapter: a small project of its own, made of the templates beside this module."""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

from connector import installed
from connector.errors import ConfigError, Problem
from connector.mapping.shipped import shipped_names

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "template"
_ENDING: Final = ".j2"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ToDo:
    """One thing that the author writes; ``file`` is where, below the project's folder."""

    number: int
    key: str
    title: str
    file: str

    def __str__(self) -> str:
        """As it is marked in the skeleton."""
        return f"TO-DO {self.number}: {self.title}"


def package_of(name: str) -> str:
    """The package that a new project has."""
    return f"connector_{name}"


def distribution_of(name: str) -> str:
    """What a new project is called, and its folder where nobody says another."""
    return f"connector-{name.replace('_', '-')}"


def todos(name: str) -> list[ToDo]:
    """What the author of the adapter ``name`` has to write, in the order in which one works."""
    listed = tomllib.loads((_HERE / "todo.toml").read_text(encoding="utf-8"))["todo"]
    filled = {"package": package_of(name), "name": name}
    return [
        ToDo(number, one["key"], one["title"], one["file"].format_map(filled))
        for number, one in enumerate(listed, start=1)
    ]


def problem_of(name: str) -> Problem | None:
    """Why an adapter cannot have this name; None where it can."""
    place = f"adapter {name}"
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        remedy = "small letters, digits and _, beginning with a letter, and no word of Python, like kiosk_2"
        return Problem(place, "this is no name for an adapter", remedy)
    if name in {*installed.adapters(), *shipped_names()} or find_spec(package_of(name)) is not None:
        return Problem(place, "the name is taken", "`connector adapters list` names what is installed")
    return None


def make(name: str, folder: Path) -> list[Path]:
    """Write the project, and name its files. Raises ConfigError where the name cannot be had, or a file is there."""
    problem = problem_of(name)
    if problem is not None:
        raise ConfigError([problem])
    files = rendered(name)
    standing = [Problem(str(folder / path), "is there already", "nothing is overwritten") for path in files]
    standing = [one for one in standing if Path(one.place).exists()]
    if standing:
        raise ConfigError(standing)
    try:
        return [_written(folder / path, text) for path, text in files.items()]
    except OSError as error:
        raise ConfigError(
            [Problem(str(folder), f"cannot be written: {error.strerror}", "name another folder")]
        ) from error


def _written(path: Path, text: str) -> Path:
    """The new file; one that has appeared meanwhile is not overwritten either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def rendered(name: str) -> dict[PurePosixPath, str]:
    """The files of the project below its folder, with their text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(_TEMPLATES)
    # Python and TOML, no HTML.
    templates = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    filled = _filled(name)
    return {path: templates.get_template(template).render(filled) for template, path in _paths(name)}


def _filled(name: str) -> Mapping[str, object]:
    listed = todos(name)
    return {
        "name": name,
        "package": package_of(name),
        "distribution": distribution_of(name),
        "camel": "".join(part.capitalize() for part in name.split("_")),
        "todos": listed,
        "todo": {one.key: str(one) for one in listed},
    }


def _paths(name: str) -> Iterator[tuple[str, PurePosixPath]]:
    """Template → what becomes of it: its folder and its mapping have the adapter's name."""
    for file in sorted(_TEMPLATES.rglob(f"*{_ENDING}")):
        template = file.relative_to(_TEMPLATES).as_posix()
        parts = template.removesuffix(_ENDING).replace("package/mapping.toml", f"package/{name}.toml").split("/")
        yield template, PurePosixPath(*[package_of(name) if part == "package" else part for part in parts])
