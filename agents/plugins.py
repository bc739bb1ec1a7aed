"""Components of the user: modules that the configuration names, imported before the parameters are read."""

import os
import stat
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.settings import ENVIRONMENT_PREFIX, config_path, config_table
from schemas.errors import ConfigurationError
from streams.experiments.declaration import Declaration
from streams.parameters import Parameters, load_parameters


def configured_parameters(
    environment: Mapping[str, str] = os.environ, say: Callable[[str], None] = lambda sentence: None
) -> Parameters:
    """Parameters of the configuration file, once the modules of `[plugins]` have registered what they bring.

    Only what computes calls this: importing a module runs it.

    Args:
        environment: variables of the process.
        say: told which file that is, when nobody named it.

    Raises:
        ConfigurationError: with the table and the field that makes no sense; a file that was found brings modules, and
            is not ours.
    """
    table, path = config_table(environment), config_path(environment)
    found = bool(table) and not environment.get(ENVIRONMENT_PREFIX + "CONFIG", "")
    if found:
        say(f"using ./{path}")
    if found and table.get("plugins"):
        expect_ours(path)
    import_plugins(table, str(path.parent.resolve()))
    return load_parameters(table)


def declared_experiments(environment: Mapping[str, str] = os.environ) -> dict[str, Declaration]:
    """Experiments of the configuration file by name, for what only looks at them: no module is imported.

    Raises:
        ConfigurationError: with the table and the field that makes no sense.
    """
    table = config_table(environment)
    return load_parameters({"experiments": table["experiments"]} if "experiments" in table else {}).experiments


def expect_ours(path: Path) -> None:
    """Refuse the modules of a file that was only found, and that somebody else may have put there.

    Raises:
        ConfigurationError: file or folder belongs to somebody else (root aside), or everybody may write to it.
    """
    if not hasattr(os, "getuid"):
        return
    for each in (path, path.parent):
        status = each.stat()
        if status.st_uid not in (os.getuid(), 0) or status.st_mode & stat.S_IWOTH:
            whose = "anybody may change" if status.st_mode & stat.S_IWOTH else "belongs to somebody else"
            raise ConfigurationError(
                f"{path.absolute()}: expected a file and a folder of your own, since its [plugins] would be run here, "
                f"was one that {whose} ({each.absolute()}); fix: TICKLOOP_CONFIG={path} if you trust it"
            )


def import_plugins(table: Mapping[str, Any], folder: str) -> None:
    """Import the modules of `[plugins] modules`; they stand in `folder`, or are installed.

    Raises:
        ConfigurationError: the table makes no sense, there is no such module, or importing it fails, whatever with.
    """
    for name in _modules(table):
        _import(name, folder)


def import_each(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Import every module of the configuration file, whatever the others do: why each cannot be, empty where it can.

    Raises:
        ConfigurationError: the table makes no sense, or the file was only found and is not ours.
    """
    table, path = config_table(environment), config_path(environment)
    if table.get("plugins") and not environment.get(ENVIRONMENT_PREFIX + "CONFIG", ""):
        expect_ours(path)
    found = {}
    for name in _modules(table):
        try:
            _import(name, str(path.parent.resolve()))
            found[name] = ""
        except ConfigurationError as error:
            found[name] = str(error)
    return found


def _modules(table: Mapping[str, Any]) -> list[str]:
    plugins = table.get("plugins", {})
    modules = plugins.get("modules", []) if isinstance(plugins, Mapping) else None
    if (
        not isinstance(modules, list)
        or set(plugins) - {"modules"}
        or not all(isinstance(each, str) for each in modules)
    ):
        raise ConfigurationError(
            f"[plugins]: expected nothing but a list `modules` of names, was {plugins!r:.200}; "
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
    """What to raise where a module cannot be imported: with the last line of its own at which that failed."""
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
