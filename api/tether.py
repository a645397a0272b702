"""Ties a child process to its parent: the kernel signals it when the parent is gone.

The tie is to the thread that started the child, so children are started from the main thread.
"""

import ctypes
import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tied(number: int) -> Callable[[], None]:
    """What a child runs before it becomes its program: ``Popen(preexec_fn=tied(SIGKILL))``."""
    if sys.platform != "linux":  # elsewhere only an orderly end stops the children
        return lambda: None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it went before the tie was made
            os._exit(1)

    return tie
