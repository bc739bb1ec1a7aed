"""Loads the parameters of a command that computes, and prints which file they come from."""

import os
from collections.abc import Mapping

import click

from agents.config.plugins import configured_parameters
from agents.config.settings import config_table, named_in_errors
from streams.parameters import Parameters
from streams.topology import nodes


def parameters_in_use(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Parameters of the configuration file; prints its path where the user did not name it.

    Nodes are built from them as a check, which finds unknown names of parts, so no error of the configuration comes
    later, after a file of ticks was read for an hour.

    Raises:
        ConfigurationError: a field is invalid, or the part of a plug-in looks ahead; names file, table and field.
    """
    parameters = configured_parameters(environment, lambda sentence: click.secho(sentence, dim=True, err=True))
    table = config_table(environment)
    with named_in_errors(environment, table):
        if table.get("plugins"):
            from streams.components.promises import expect_no_look_ahead

            expect_no_look_ahead(parameters)
        nodes(parameters)
    return parameters
