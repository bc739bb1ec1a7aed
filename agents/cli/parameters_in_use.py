"""Loads and checks the parameters for commands that compute with them, and prints which file they come from."""

import os
from collections.abc import Mapping

import click

from agents.config.plugins import configured_parameters
from agents.config.settings import config_table, named_in_errors
from streams.parameters import Parameters
from streams.topology import nodes


def parameters_in_use(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Return the parameters of the configuration file after checking all of them.

    The check builds the whole pipeline once, so that an error in the configuration comes up before files have
    been read for an hour. The path of the file is printed if the user did not name it.

    Args:
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: a field is invalid, or a part of a plug-in uses future data; the message names file,
            table and field.
    """
    parameters = configured_parameters(environment, lambda sentence: click.secho(sentence, dim=True, err=True))
    table = config_table(environment)
    with named_in_errors(environment, table):
        if table.get("plugins"):
            from streams.components.promises import expect_no_look_ahead

            expect_no_look_ahead(parameters)
        nodes(parameters)
    return parameters
