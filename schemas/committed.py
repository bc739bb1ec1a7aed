"""Generated files that are kept in the repository.

`write` generates them again; `check` prints how the committed files differ from freshly generated ones.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

Files = Mapping[Path, str]
"""Text of each generated file; empty: the file should not exist."""


def differences(wanted: Files) -> Iterator[str]:
    """Lines of a unified diff from the committed files to the generated texts; no lines if all files agree.

    Args:
        wanted: text of each generated file by path; an empty text means that the file should not exist.
    """
    for path, text in sorted(wanted.items()):
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        names = f"committed {path.name}", f"records {path.name}"
        yield from unified_diff(committed.splitlines(), text.splitlines(), *names, n=2, lineterm="")


def write(wanted: Files) -> None:
    """Write each text to its path; a file whose text is empty is deleted."""
    for path, text in wanted.items():
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def main(arguments: Sequence[str], module: str, where: str, wanted: Callable[[], Files]) -> int:
    """Run `write` or `check` for generated files, as the command line `python -m MODULE write|check` asks.

    Args:
        arguments: arguments of the command line, without the program's name.
        module: name of the module that is run, for the message on usage.
        where: folder or file that is written, for messages.
        wanted: function that generates the files: text by path.

    Returns:
        The exit code: 0 on success, 1 if `check` found a difference, 2 for other arguments.
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
