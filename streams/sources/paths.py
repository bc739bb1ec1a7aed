"""Finds values in nested objects and lists by paths: names and indices with points between them."""

from typing import Any


def at_path(item: Any, path: str) -> Any:
    """The value at a path in nested objects and lists; None if there is no value.

    Args:
        item: object or list.
        path: names of keys and indices of lists with points between them, such as `data.0.price`. If the object has a
            key that equals the whole path, with its points, the value of that key is taken.
    """
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
