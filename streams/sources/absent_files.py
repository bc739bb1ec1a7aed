"""Suggestions for a path that does not exist: files beside it with a similar name."""

from difflib import get_close_matches
from pathlib import Path

from streams.sources.cells import shown

NEAR = 3
"""Names that are proposed."""

MOST_LOOKED_AT = 10_000
"""Most names of a folder that are compared with the missing one."""


def near_names(name: str) -> list[str]:
    """Files with a similar name, or packed, or of another kind: `ticks.csv.gz` for `ticks.csv`.

    Args:
        name: of a file that is not there.
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
    """End of an error about a missing file: what to do; empty where the file exists or no name is similar."""
    try:
        if Path(name).exists():
            return ""
        near, has_folder = near_names(name), Path(name).parent.is_dir()
    except (OSError, ValueError):  # a name with a zero byte is no name
        return ""
    if near:
        return f"; fix: {' or '.join(near)}"
    return "" if has_folder else f"; fix: another path, there is no folder {shown(str(Path(name).parent))}"
