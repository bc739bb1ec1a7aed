"""Suggestions for a path that does not exist: files in the same folder with a similar name."""

from difflib import get_close_matches
from pathlib import Path

from streams.sources.cells import shown

NEAR = 3
"""Names that are proposed."""

MOST_LOOKED_AT = 10_000
"""Most names of a folder that are compared with the missing one."""


def near_names(name: str) -> list[str]:
    """Paths of existing files that the user may have meant by the path of a missing file; at most three.

    They lie in the same folder and have a similar name, or the same name with another ending: `ticks.csv.gz` for
    `ticks.csv`.

    Args:
        name: path of the missing file.
    """
    path = Path(name)
    try:
        there = [each.name for each, _ in zip(path.parent.iterdir(), range(MOST_LOOKED_AT), strict=False)]
    except (OSError, ValueError):
        return []
    stem = path.name.partition(".")[0]
    shown_ones = sorted(each for each in there if not each.startswith(".") and each != path.name)
    same = [each for each in shown_ones if stem and each.partition(".")[0].lower() == stem.lower()]
    by_small = {each.lower(): each for each in shown_ones}
    like = [by_small[each] for each in get_close_matches(path.name.lower(), by_small, NEAR, 0.8)]
    found = list(dict.fromkeys((*same, *like)))[:NEAR]
    return [str(path.parent / each) for each in found]


def fix_of(name: str) -> str:
    """Last part of an error about a missing file, `; fix: ...`: similar names, or a hint that the folder is missing.

    Empty if the file exists, or if its folder exists but no name in the folder is similar.

    Args:
        name: path of the file.
    """
    try:
        if Path(name).exists():
            return ""
        near, has_folder = near_names(name), Path(name).parent.is_dir()
    except (OSError, ValueError):  # a name with a zero byte is no name
        return ""
    if near:
        return f"; fix: {' or '.join(near)}"
    return "" if has_folder else f"; fix: another path, there is no folder {shown(str(Path(name).parent))}"
