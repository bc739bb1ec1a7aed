"""Parameters for a command that computes, and a line on where they come from."""

import os
from collections.abc import Mapping

import click

from agents.config.plugins import configured_parameters
from agents.config.settings import config_table, named_in_errors
from streams.parameters import Parameters
from streams.topology import nodes


def parameters_in_use(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Parameters of the configuration file; which one that is is said when nobody named it.

    Nodes are made of them, too, since only that shows names of parts that nobody knows: whoever goes on with what this
    returns is not stopped by the configuration later, behind a file of ticks that was read for an hour.

    Raises:
        ConfigurationError: with the file, the table and the field that makes no sense, or the part of a plug-in that
            looks ahead.
    """
    parameters = configured_parameters(environment, lambda sentence: click.secho(sentence, dim=True, err=True))
    table = config_table(environment)
    with named_in_errors(environment, table):
        if table.get("plugins"):
            from streams.components.promises import expect_no_look_ahead

            expect_no_look_ahead(parameters)
        nodes(parameters)
    return parameters
