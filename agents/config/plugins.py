"""Imports the user's own modules that the configuration names in `[plugins]`, before parameters are read.

These modules register strategies and other components, which the parameters may then name.
"""

import os
import stat
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.config.settings import ENVIRONMENT_PREFIX, config_path, config_table, named_in_errors
from schemas.errors import ConfigurationError
from streams.experiments.declaration import Declaration
from streams.parameters import Parameters, load_parameters


def configured_parameters(
    environment: Mapping[str, str] = os.environ, say: Callable[[str], None] = lambda sentence: None
) -> Parameters:
    """Import the modules in `[plugins]` of the configuration file, and return the parameters of the file.

    The file is the one that the variable `TICKLOOP_CONFIG` names, else `tickloop.toml` in the current folder. If
    there is no file, the parameters have their defaults. Importing a module runs its code; a command that needs
    only the experiments of the file should call `declared_experiments`, which imports nothing.

    Args:
        environment: variables of the process.
        say: called with a sentence that names the file, if `TICKLOOP_CONFIG` does not name it.

    Raises:
        ConfigurationError: a field is invalid; or a module cannot be imported; or `tickloop.toml` names modules
            but belongs to another user of this machine.
    """
    table, path = config_table(environment), config_path(environment)
    found = bool(table) and not environment.get(ENVIRONMENT_PREFIX + "CONFIG", "")
    if found:
        say(f"using ./{path}")
    if found and table.get("plugins"):
        expect_ours(path, folder_of(table, path.parent))
    with named_in_errors(environment, table):
        import_plugins(table, path.parent)
        return load_parameters(table)


def declared_experiments(environment: Mapping[str, str] = os.environ) -> dict[str, Declaration]:
    """Return the experiments of the configuration file by name, without importing plug-in modules.

    Args:
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: an experiment is invalid; the message names its table and field.
    """
    table = config_table(environment)
    with named_in_errors(environment, table):
        return load_parameters({"experiments": table["experiments"]} if "experiments" in table else {}).experiments


def expect_ours(path: Path, modules: Path) -> None:
    """Raise an error if somebody else may have put a `tickloop.toml` or its plug-in modules into place.

    Args:
        path: path of the TOML file.
        modules: folder of its plug-in modules.

    Raises:
        ConfigurationError: the file, its folder or the folder of the modules belongs to neither this user nor
            root, or everybody may write to it.
    """
    if not hasattr(os, "getuid"):
        return
    for each in dict.fromkeys((path, path.parent, *([modules] if modules.exists() else []))):
        status = each.stat()
        if status.st_uid not in (os.getuid(), 0) or status.st_mode & stat.S_IWOTH:
            whose = "anybody may change" if status.st_mode & stat.S_IWOTH else "belongs to somebody else"
            raise ConfigurationError(
                f"{path.absolute()}: expected a file and a folder of your own, since its [plugins] would be run here, "
                f"was one that {whose} ({each.absolute()}); fix: TICKLOOP_CONFIG={path} if you trust it"
            )


def import_plugins(table: Mapping[str, Any], of_file: Path) -> None:
    """Import the modules that `[plugins] modules` lists, from `[plugins] folder` or from the installed packages.

    The folder is appended to `sys.path`, so an installed module of the same name comes first.

    Args:
        table: content of the TOML file.
        of_file: folder of the TOML file. `[plugins] folder` is relative to this folder, and defaults to it.

    Raises:
        ConfigurationError: the table is invalid, or a module is missing or fails while it is imported.
    """
    for name in _modules(table):
        _import(name, str(folder_of(table, of_file).resolve()))


def folder_of(table: Mapping[str, Any], of_file: Path) -> Path:
    """Return the folder from which the plug-in modules of a TOML file are imported.

    Args:
        table: content of the TOML file.
        of_file: folder of the TOML file; `[plugins] folder` is relative to it.

    Raises:
        ConfigurationError: the table `[plugins]` is invalid.

    >>> folder_of({"plugins": {"modules": ["mine"], "folder": "../parts"}}, of_file=Path("run")).as_posix()
    'run/../parts'
    """
    _modules(table)
    folder: str = table.get("plugins", {}).get("folder", "")
    return of_file / folder


def plugins_seen_from(folder: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the table `[plugins]` of the configuration, with its folder written relative to another folder.

    With this table, a copy of the parameters in the other folder finds the same modules. Without plug-ins the
    result is empty.

    Args:
        folder: the other folder.
        environment: variables of the process, which may name the configuration file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: the table is invalid.
    """
    table = config_table(environment)
    modules = _modules(table)
    if not modules:
        return {}
    stand_in = folder_of(table, config_path(environment).parent).resolve()
    return {"modules": modules, "folder": Path(os.path.relpath(stand_in, folder.resolve())).as_posix()}


def import_each(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Try to import every plug-in module of the configuration file; return an error text for each module name.

    The text is empty for a module that was imported.

    Args:
        environment: variables of the process, which may name the configuration file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: the table `[plugins]` is invalid; or it is in a `tickloop.toml` that
            `TICKLOOP_CONFIG` does not name and that belongs to somebody else.
    """
    table, path = config_table(environment), config_path(environment)
    if table.get("plugins") and not environment.get(ENVIRONMENT_PREFIX + "CONFIG", ""):
        expect_ours(path, folder_of(table, path.parent))
    found = {}
    for name in _modules(table):
        try:
            _import(name, str(folder_of(table, path.parent).resolve()))
            found[name] = ""
        except ConfigurationError as error:
            found[name] = str(error)
    return found


def _modules(table: Mapping[str, Any]) -> list[str]:
    plugins = table.get("plugins", {})
    modules = plugins.get("modules", []) if isinstance(plugins, Mapping) else None
    if (
        not isinstance(modules, list)
        or set(plugins) - {"modules", "folder"}
        or not all(isinstance(each, str) for each in [*modules, plugins.get("folder", "")])
    ):
        raise ConfigurationError(
            "[plugins]: expected nothing but a list `modules` of names, and perhaps the `folder` that they stand in, "
            f"was {plugins!r:.200}; "
            "fix: modules = ['my_module']"
        )
    return modules


def _import(name: str, folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, error) from error
        raise ConfigurationError(
            f"[plugins] modules: expected a module {name!r} in {folder} or installed: {error}"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"[plugins] module {name}: {error}") from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> ConfigurationError:
    """Return the error about a plug-in module whose import fails, with the file and line where its code failed."""
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
        said = f"SyntaxError: {error.msg}"
    else:
        frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename]
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames[1:] else ""
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    at = f" ({where})" if where else ""
    return ConfigurationError(
        f"[plugins] module {name}: expected to be imported without an error, was {said:.300}{at}; fix: mend it there, "
        "or take it out of [plugins] modules"
    )
