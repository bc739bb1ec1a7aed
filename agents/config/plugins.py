"""Imports the user's components, modules that the configuration names, before the parameters are read."""

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
    """Parameters of the configuration file, read after the modules of `[plugins]` have registered their components.

    Only commands that compute call this, since importing a module runs it.

    Args:
        environment: variables of the process.
        say: called with the path of the file, when the user did not name it.

    Raises:
        ConfigurationError: a field is invalid; or a file that the user did not name has modules and belongs to
            somebody else.
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
    """Experiments of the configuration file by name, without importing modules, for commands that compute nothing.

    Raises:
        ConfigurationError: with the table and the field that makes no sense.
    """
    table = config_table(environment)
    with named_in_errors(environment, table):
        return load_parameters({"experiments": table["experiments"]} if "experiments" in table else {}).experiments


def expect_ours(path: Path, modules: Path) -> None:
    """Refuse to import modules for a file that the user did not name and that somebody else may have put there.

    Args:
        path: of the file.
        modules: folder of its modules.

    Raises:
        ConfigurationError: the file, its folder or that of its modules belongs to somebody else (root aside), or
            everybody may write to it.
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
    """Import the modules of `[plugins] modules`, from `[plugins] folder` or from the installed packages.

    Args:
        table: content of the TOML file.
        of_file: folder of the TOML file, to which `folder` is relative; also the default of `folder`.

    Raises:
        ConfigurationError: the table is invalid, or a module is missing or fails at its import.
    """
    for name in _modules(table):
        _import(name, str(folder_of(table, of_file).resolve()))


def folder_of(table: Mapping[str, Any], of_file: Path) -> Path:
    """Folder of the modules of a TOML file that are not installed.

    >>> folder_of({"plugins": {"modules": ["mine"], "folder": "../parts"}}, Path("run")).as_posix()
    'run/../parts'
    """
    _modules(table)
    folder: str = table.get("plugins", {}).get("folder", "")
    return of_file / folder


def plugins_seen_from(folder: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The table `[plugins]` of the configuration, with its folder as seen from another folder; empty for none.

    Args:
        folder: the other folder.
        environment: says which configuration.

    Raises:
        ConfigurationError: the table makes no sense.
    """
    table = config_table(environment)
    modules = _modules(table)
    if not modules:
        return {}
    stand_in = folder_of(table, config_path(environment).parent).resolve()
    return {"modules": modules, "folder": Path(os.path.relpath(stand_in, folder.resolve())).as_posix()}


def import_each(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Try to import every module of the configuration file; returns the error of each, empty where it succeeded.

    Raises:
        ConfigurationError: the table makes no sense, or the file was only found and is not ours.
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
    """The error about a module whose import fails, with the last line of its own code before the failure."""
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
