"""Files that are written from the code and committed: `write` makes them anew, `check` says how they differ from it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

Files = Mapping[Path, str]
"""What each file should hold; empty: it should not be there."""


def differences(wanted: Files) -> Iterator[str]:
    """Lines of a unified diff from what is committed to what the code says; none when they agree."""
    for path, text in sorted(wanted.items()):
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        names = f"committed {path.name}", f"records {path.name}"
        yield from unified_diff(committed.splitlines(), text.splitlines(), *names, n=2, lineterm="")


def write(wanted: Files) -> None:
    """Write the files anew; those that should not be there are removed."""
    for path, text in wanted.items():
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def main(arguments: Sequence[str], module: str, where: str, wanted: Callable[[], Files]) -> int:
    """Run `write` or `check` as `python -m MODULE` does.

    Args:
        arguments: of the command line.
        module: that is run.
        where: the files lie, for people.
        wanted: says what they should hold.

    Returns:
        The exit code: 1 when what is committed is not what the code says, 2 for arguments that make no sense.
    """
    if list(arguments) not in (["write"], ["check"]):
        print(f"expected: python -m {module} write|check", file=sys.stderr)
        return 2
    files = wanted()
    count = sum(map(bool, files.values()))
    if list(arguments) == ["write"]:
        write(files)
        print(f"written: {where} ({count} file{'' if count == 1 else 's'})")
        return 0
    found = list(differences(files))
    print("\n".join(found) if found else f"{where} agrees with the code")
    if found:
        print(f"expected {where} to be what the code says, was the above; fix: make contract", file=sys.stderr)
    return 1 if found else 0
