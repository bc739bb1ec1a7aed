"""The loop: every node of the topology, from parameters."""

from typing import Any

from streams.account.node import AccountNode
from streams.experiments.live.node import ExperimentsNode
from streams.experiments.live.pooling import PoolingNode
from streams.lifecycle.node import LifecycleNode
from streams.market.known import expect_arms
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode
from streams.parameters import Parameters
from streams.signatures import UNSIGNED, Signing
from streams.topology import Node


def nodes(parameters: Parameters, signing: Signing = UNSIGNED) -> list[Node[Any]]:
    """Nodes in the order of the loop.

    >>> [node.name for node in nodes(Parameters())]
    ['market', 'account', 'monitor', 'experiments', 'pooling', 'lifecycle']

    Raises:
        ConfigurationError: a parameter names what there is not, or an arm could not be started.
    """
    expect_arms(parameters)
    return [
        MarketNode(parameters, signing),
        AccountNode(parameters.account),
        MonitorNode(parameters.monitor, signing),
        ExperimentsNode(parameters.experiments, signing, parameters.retraining.trial),
        PoolingNode(parameters.experiments, signing),
        LifecycleNode(parameters, signing),
    ]
