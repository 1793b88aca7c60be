"""What systemd is told: ready, reloading, stopping, still alive. Without systemd nothing is sent.

The protocol is one datagram of ``NAME=value`` lines: sd_notify(3).
"""

from __future__ import annotations

import os
import socket
import time


def notify(*lines: str) -> bool:
    """Send these lines to the service manager, if there is one; answers whether it could be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    target = "\0" + address[1:] if address[0] == "@" else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.connect(target)
            manager.sendall("\n".join(lines).encode())
    except OSError:
        return False  # a manager that is not there misses our next sign, and acts on that
    return True


def ready(status: str) -> bool:
    return notify("READY=1", f"STATUS={status}")


def reloading() -> bool:
    return notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping(status: str) -> bool:
    return notify("STOPPING=1", f"STATUS={status}")


def alive(status: str) -> bool:
    """Status, and that the watchdog need not bark."""
    return notify("WATCHDOG=1", f"STATUS={status}")


def unwell(status: str) -> bool:
    """Status alone: the watchdog is left to count."""
    return notify(f"STATUS={status}")
