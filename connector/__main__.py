"""``connector …`` and ``python -m connector …``."""

from __future__ import annotations

import sys


def main() -> None:
    """The command line's entry point; ends the process with its exit status."""
    from connector.cli.exit import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
