"""Components of the user: modules that the configuration names, imported before the parameters are read."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from agents.settings import config_path, config_table
from schemas.errors import ConfigurationError
from streams.parameters import Parameters, load_parameters


def configured_parameters(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Parameters of the configuration file, once the modules of `[plugins]` have registered what they bring.

    Raises:
        ConfigurationError: with the table and the field that makes no sense.
    """
    table = config_table(environment)
    folder = str(config_path(environment).parent.resolve())
    import_plugins(table, folder)
    return load_parameters(table)


def import_plugins(table: Mapping[str, Any], folder: str) -> None:
    """Import the modules of `[plugins] modules`; they stand in `folder`, or are installed.

    Raises:
        ConfigurationError: the table makes no sense, or there is no such module.
    """
    plugins = table.get("plugins", {})
    modules = plugins.get("modules", []) if isinstance(plugins, Mapping) else None
    if (
        not isinstance(modules, list)
        or set(plugins) - {"modules"}
        or not all(isinstance(each, str) for each in modules)
    ):
        raise ConfigurationError(f"[plugins]: expected nothing but a list `modules` of names, was {plugins}")
    if modules and folder not in sys.path:
        sys.path.append(folder)
    for name in modules:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"[plugins] modules: expected a module {name!r} in {folder} or installed: {error}"
            ) from error
