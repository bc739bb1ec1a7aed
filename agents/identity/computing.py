"""Computes the identity of the running code, from names and digests of its parts.

Code with equal identities computes equal bytes from equal input and equal parameters.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from types import ModuleType

from msgspec import Struct

from agents.config.settings import config_table
from agents.identity.imported_modules import file_of, imported_modules, program
from agents.identity.stripped_source import stripped

AT_FIRST_USE = tuple(f"streams.market.models.{each}" for each in ("river_model", "trees", "onnx_model", "own"))
"""Modules that compute, and that are imported by their name when a model of their kind is built."""

LOOP = (
    "streams.topology",
    "streams.engine.loop_partition",
    "streams.engine.dead_letters",
    "streams.engine.routes",
    "agents.kafka.unpacking",
)
"""Modules that everything is reached from which decides what workers write."""

LIBRARIES = ("msgspec", "numpy", "river", "scipy")
"""Libraries whose versions can change a bit of a result."""

EXTRAS = ("onnxruntime",)
"""Such libraries that need not be installed. Whether they are decides, too: without them a model is refused."""

SNAPSHOT_LAYOUT = 2
"""How snapshots are laid out in their changelog; counted up by whoever changes it."""

OWN = ("agents", "schemas", "streams")
OURS = {*OWN, "tickloop"}
DIGITS = 16
MOST_NAMED = 5


class Identity(Struct, frozen=True):
    """Identity of the code that computes results: a digest or version of each of its parts.

    Attributes:
        parts: digest or version of each part, sorted by the part's name. For a source file such as
            `streams/scoring/logistic.py`, and for `plugin mine`, it is a digest of the program without comments and
            docstrings. For a TOML table it is a digest of the bytes. For `library numpy` and `python` it is the
            version, for `snapshot layout` the number of the layout.

    >>> before, now = Identity({"streams/a.py": "11", "library numpy": "2.3"}), Identity({"streams/a.py": "12"})
    >>> now.changes_since(before.parts)
    'library numpy (was 2.3, is gone), streams/a.py (was 11, is 12)'
    """

    parts: dict[str, str]

    @property
    def digest(self) -> str:
        """Digest of all parts together, 16 hexadecimal digits."""
        return _digest("".join(f"{name}\0{value}\0" for name, value in sorted(self.parts.items())).encode())

    def changes_since(self, before: Mapping[str, str]) -> str:
        """Return which parts differ from earlier ones, with both values, as part of a sentence; empty if no part does.

        At most five parts are listed; if more differ, only their number is added.

        Args:
            before: digest or version of each earlier part, by its name.
        """
        names = [name for name in sorted({*before, *self.parts}) if before.get(name) != self.parts.get(name)]
        told = [_change(name, before.get(name), self.parts.get(name)) for name in names[:MOST_NAMED]]
        return ", ".join(told) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _change(name: str, before: str | None, now: str | None) -> str:
    if before is None:
        return f"{name} (new)"
    return f"{name} (was {before}, is {now or 'gone'})"


def configured_identity(environment: Mapping[str, str] = os.environ, modules: Sequence[str] = LOOP) -> Identity:
    """Return the identity of the code of this process, including the plug-ins that the configuration names.

    The plug-ins must have been imported already.

    Args:
        environment: variables of the process, which may name the configuration file as `TICKLOOP_CONFIG`.
        modules: names of modules whose code counts; all modules of `streams` and `schemas` that they import count,
            too.
    """
    plugins = config_table(environment).get("plugins", {})
    own = _own((*modules, *AT_FIRST_USE))
    return Identity(dict(sorted((own | _plugins(plugins.get("modules", ())) | _versions()).items())))


@lru_cache
def _own(modules: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for module in imported_modules(modules):
        path, text = file_of(module), program(module)
        if path is not None and text:  # a package's docstring alone is no program
            found["/".join(module.split(".")) + ("/__init__.py" if path.stem == "__init__" else ".py")] = _digest(
                text.encode()
            )
        if path is not None and path.stem == "__init__":
            # Formats of files are tables beside the package that reads them: they say what a row is.
            for table in sorted(path.parent.glob("*.toml")):
                found[f"{'/'.join(module.split('.'))}/{table.name}"] = _digest(table.read_bytes())
    return found


def _plugins(names: Sequence[str]) -> dict[str, str]:
    """Return the digests of plug-in modules, of those in the same folder that they use, and versions of libraries."""
    found: dict[str, str] = {}
    packages: set[str] = set()
    for name in names:
        module = sys.modules[name]
        path = _path(module)
        for used in _used(module, path.parent) if path is not None else ():
            file = _path(used)
            assert file is not None
            content = stripped(file.read_text(encoding="utf-8")).encode() if file.suffix == ".py" else file.read_bytes()
            found[f"plugin {used.__name__}"] = _digest(content)
            packages |= {each.__name__.partition(".")[0] for each in _held(used)}
    installed = _distributions() if packages - OURS else {}
    libraries = {library for package in packages - OURS for library in installed.get(package, ())}
    return found | {f"library {library}": metadata.version(library) for library in sorted(libraries)}


@lru_cache
def _distributions() -> Mapping[str, list[str]]:
    """Return the installed distributions that bring each package; looking takes a third of a second."""
    return metadata.packages_distributions()


def _held(module: ModuleType) -> list[ModuleType]:
    """Return the modules that a module names, and those of the classes and functions that it names."""
    held = []
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            held.append(value)
        elif isinstance(origin := getattr(value, "__module__", None), str) and origin in sys.modules:
            held.append(sys.modules[origin])
    return held


def _used(plugin: ModuleType, folder: Path) -> list[ModuleType]:
    """Return a plug-in module, and the modules in its folder that it uses directly or through others.

    Installed modules are left out, except those of the plug-in's own package.
    """
    found: dict[str, ModuleType] = {}
    waiting = [plugin]
    while waiting:
        module = waiting.pop()
        package, path = module.__name__.partition(".")[0], _path(module)
        if module.__name__ in found or package in OWN or path is None or not path.is_relative_to(folder):
            continue
        if "site-packages" in path.parts and package != plugin.__name__.partition(".")[0]:
            continue
        found[module.__name__] = module
        waiting += _held(module)
    return [found[name] for name in sorted(found)]


def _path(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file is not None else None


@lru_cache
def _versions() -> dict[str, str]:
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{f"library {name}": metadata.version(name) for name in (*LIBRARIES, *filter(_is_installed, EXTRAS))},
        "snapshot layout": str(SNAPSHOT_LAYOUT),
    }


def _is_installed(library: str) -> bool:
    try:
        metadata.version(library)
    except metadata.PackageNotFoundError:
        return False
    return True


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:DIGITS]
