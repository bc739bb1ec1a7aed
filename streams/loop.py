"""The loop: every node of the topology, from parameters."""

from typing import Any

from streams.account.node import AccountNode
from streams.experiments.node import ExperimentsNode
from streams.lifecycle.node import LifecycleNode
from streams.market import MarketNode
from streams.monitoring.node import MonitorNode
from streams.parameters import Parameters
from streams.topology import Node


def nodes(parameters: Parameters, directive_key: bytes = b"") -> list[Node[Any]]:
    """Nodes in the order of the loop.

    >>> [node.name for node in nodes(Parameters())]
    ['market', 'account', 'monitor', 'experiments', 'lifecycle']
    """
    return [
        MarketNode(parameters, directive_key),
        AccountNode(parameters.account),
        MonitorNode(parameters.monitor),
        ExperimentsNode(parameters.experiments, parameters.retraining.trial),
        LifecycleNode(parameters, directive_key),
    ]
