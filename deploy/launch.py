"""Becomes another program that dies with its parent: `python -I -S launch.py PARENT SIGNAL USER -- COMMAND...`.

Run as a script, so that it starts in milliseconds and needs nothing of ESI. Linux sends SIGNAL when the parent's
thread ends, however it ends; elsewhere the supervisor cleans up at its next start (`deploy.state.end_leftovers`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(user: str) -> None:
    """Gives up root for good; `-` keeps the present user.

    Raises:
        KeyError: no such user.
        PermissionError: only root may become somebody else.
    """
    if user != "-":
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)


def die_with_parent(parent: int, number: int) -> bool:
    """Asks the kernel for signal `number` when the parent ends; False if it has ended already.

    To be called after `become`: changing the user takes the wish back.
    """
    with contextlib.suppress(OSError, AttributeError):  # no prctl on this system
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    return os.getppid() == parent


def main(arguments: list[str]) -> int:
    """Replaces this process by the command; returns only if that fails, with an exit status."""
    parent, number, user, _, *command = arguments
    program = shutil.which(command[0]) or command[0]  # now: somebody else may not reach what Python imports
    try:
        become(user)
        if not die_with_parent(int(parent), int(number)):
            return 1
        os.execv(program, command)
    except (OSError, KeyError) as error:
        sys.stderr.write(f"cannot start {command[0]} as user {user}: {error}\n")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
