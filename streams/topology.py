"""The six nodes (stream processors) of the system, built from parameters.

They compute predictions, outcomes, paper accounts, monitoring, experiments and retrain jobs from ticks and commands.
"""

from typing import Any

from streams.account.node import AccountNode
from streams.engine.node import Node
from streams.engine.signing import UNSIGNED, Signing
from streams.experiments.declared_arms import expect_arms
from streams.experiments.node import ExperimentsNode
from streams.experiments.pooling_node import PoolingNode
from streams.lifecycle.node import LifecycleNode
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode
from streams.parameters import Parameters


def nodes(parameters: Parameters, signing: Signing = UNSIGNED) -> list[Node[Any]]:
    """The six nodes, in the order in which records pass through them.

    Args:
        parameters: parameters of all nodes.
        signing: keys with which nodes sign what they send and check what they receive; the default does neither.

    >>> [node.name for node in nodes(Parameters())]
    ['market', 'account', 'monitor', 'experiments', 'pooling', 'lifecycle']

    Raises:
        ConfigurationError: a name in the parameters is unknown, or the challenger that an experiment declares could not
            be started.
    """
    expect_arms(parameters, parameters.experiments)
    return [
        MarketNode(parameters, signing),
        AccountNode(parameters.account),
        MonitorNode(parameters.monitor, signing),
        ExperimentsNode(parameters.experiments, signing, parameters.retraining.trial),
        PoolingNode(parameters.experiments, signing),
        LifecycleNode(parameters, signing),
    ]
