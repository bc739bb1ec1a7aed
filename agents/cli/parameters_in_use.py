"""Parameters for a command that computes, and a line on where they come from."""

import os
from collections.abc import Mapping

import click

from agents.plugins import configured_parameters
from streams.components.promises import expect_no_look_ahead
from streams.parameters import Parameters


def parameters_in_use(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Parameters of the configuration file; which one that is is said when nobody named it.

    Raises:
        ConfigurationError: with the table and the field that makes no sense, or the part of a plug-in that looks ahead.
    """
    parameters = configured_parameters(environment, lambda sentence: click.secho(sentence, dim=True, err=True))
    expect_no_look_ahead(parameters)
    return parameters
