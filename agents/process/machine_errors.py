"""Turns errors of the operating system, such as a full disk, into readable errors that say what to do."""

import errno
from pathlib import Path

from schemas.errors import EnvironmentProblem

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def of_the_machine(error: OSError, where: str | Path = "", then: str = "") -> EnvironmentProblem:
    """Return a readable error, with advice, for an error of the operating system; the caller raises it instead.

    Args:
        error: raised by the operating system.
        where: file or folder to name if the error itself names none.
        then: what to do after following the advice, as words that the message puts after "then".

    >>> str(of_the_machine(OSError(28, "No space left on device"), where="run", then="the same command goes on"))
    'run: expected room for what is written, the disk is full; fix: free space, then the same command goes on'
    >>> str(of_the_machine(PermissionError(13, "Permission denied", "run")))
    'run: expected to be let in, was: Permission denied; fix: other rights, or another place'
    >>> str(of_the_machine(NotADirectoryError(20, "Not a directory", "run/x")))
    'run/x: expected a place for it, was: Not a directory; fix: move away what is there, or another place'
    """
    name = error.filename if isinstance(error.filename, str | Path) else where
    said = error.strerror or str(error)
    begin = f"{name}: " if name else ""
    after = f", then {then}" if then else ""
    if error.errno in FULL:
        return EnvironmentProblem(
            f"{begin}expected room for what is written, the disk is full; fix: free space{after or ', then try again'}"
        )
    if error.errno in FORBIDDEN:
        return EnvironmentProblem(
            f"{begin}expected to be let in, was: {said}; fix: other rights{after}, or another place"
        )
    if error.errno in IN_THE_WAY:
        return EnvironmentProblem(
            f"{begin}expected a place for it, was: {said}; fix: move away what is there, or another place"
        )
    return EnvironmentProblem(
        f"{begin}expected the machine to do it, was: {said}; fix: mend that{after or ', try again'}"
    )
