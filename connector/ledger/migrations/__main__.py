"""``python -m connector.ledger.migrations "what changes"``: draft the revision that tables.py asks for.

Compares a new ledger at HEAD with the tables, and writes ``versions/NNNN_what_changes.py``. The
draft is for a person to read and complete (what becomes of old rows); then HEAD is moved.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.types import TypeDecorator

from connector.ledger.engine import connect
from connector.ledger.migrations import HEAD, TREE, upgrade
from connector.ledger.tables import metadata


def draft(message: str) -> Path:
    """The path of the drafted revision."""
    script = ScriptDirectory(str(TREE), file_template="%(rev)s_%(slug)s")
    known = [revision.revision for revision in script.walk_revisions()]
    with tempfile.TemporaryDirectory() as folder:
        steps = _steps(Path(folder), known)
    code = render_python_code(steps, render_item=_plain_type, render_as_batch=True)
    number = f"{len(known) + 1:04d}"
    made = script.generate_revision(number, message, upgrades=code)
    assert made is not None  # only with a hook that drops it
    return Path(made.path)


def _steps(folder: Path, known: list[str]) -> UpgradeOps:
    database = connect(f"sqlite:///{folder / 'ledger.db'}")
    try:
        if known:
            upgrade(database)
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
            steps = produce_migrations(context, metadata).upgrade_ops
    finally:
        database.close()
    assert steps is not None
    return steps


def _plain_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """A revision names SQL's own types only: ours may change, what was released may not."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


if __name__ == "__main__":
    print(f"{draft(sys.argv[1])}: complete it, then move HEAD from {HEAD}")  # noqa: T201
