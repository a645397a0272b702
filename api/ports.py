"""Ports of this machine, for parts that find each other by number."""

import itertools
import os
import socket
from collections.abc import Iterator

HOST = "127.0.0.1"
LOWEST, MANY = 12_000, 20_000
"""Below the ports that the kernel gives to outgoing connections, which come and go."""
STRIDE = 12_361
"""How far on a process begins whose number is one higher: the golden section of ``MANY``, so that
neighbours are far apart."""

_steps = itertools.count()


def any_port() -> int:
    """A port that is free now and that no other process of ours is likely to choose before it is
    used: each counts on from a place of its own."""
    first = os.getpid() * STRIDE
    return next(port for step in _steps if is_free(port := LOWEST + (first + step) % MANY))


def free_ports(first: int, many: int = 1000) -> Iterator[int]:
    """Those of so many ports that are free."""
    return filter(is_free, range(first, first + many))


def is_free(port: int) -> bool:
    """Whether a server may listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
