"""Generated files that are committed: `write` generates them, `check` prints how the committed ones differ."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

Files = Mapping[Path, str]
"""Text of each generated file; empty: the file should not exist."""


def differences(wanted: Files) -> Iterator[str]:
    """Lines of a unified diff from the committed files to the generated texts; none when they agree."""
    for path, text in sorted(wanted.items()):
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        names = f"committed {path.name}", f"records {path.name}"
        yield from unified_diff(committed.splitlines(), text.splitlines(), *names, n=2, lineterm="")


def write(wanted: Files) -> None:
    """Write the files; those with an empty text are removed."""
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
        module: name of the module that is run, for the message on usage.
        where: folder or file that is written, for messages.
        wanted: returns the texts of the files.

    Returns:
        The exit code: 1 when the committed files differ from the generated ones, 2 for other arguments.
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
