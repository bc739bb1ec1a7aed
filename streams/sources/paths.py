"""Paths into objects: names and positions with points between them."""

from typing import Any


def at_path(item: Any, path: str) -> Any:
    """The value at a path of names and positions; None where there is none."""
    if isinstance(item, dict) and path in item:
        return item[path]
    for name in path.split("."):
        if isinstance(item, dict):
            item = item.get(name)
        elif isinstance(item, list) and name.isdigit() and int(name) < len(item):
            item = item[int(name)]
        else:
            return None
    return item
