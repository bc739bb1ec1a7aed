"""Record types on Kafka topics, the list of topics, bounds of record fields, record ids, and tickloop's exceptions."""

from importlib.util import find_spec
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FOUND = find_spec("agents")
if _FOUND is not None and _FOUND.origin is not None and Path(_FOUND.origin).resolve().parent.parent != _ROOT:
    raise ImportError(
        f"expected tickloop's own `agents` package in {_ROOT}, found another one in {Path(_FOUND.origin).parent}; "
        "fix: install tickloop in an environment of its own (`make setup`), without the other package"
    )
