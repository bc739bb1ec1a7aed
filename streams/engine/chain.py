"""A chain: a node together with those that read its outputs, run as one node with one snapshot.

The followers take a record in the same step in which it was made, in the order in which its topic holds it, and read
nothing back from Kafka. The topics between them are written all the same, for other readers.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack

from schemas.codec import encode
from schemas.errors import Refused, StateError
from schemas.topics import Topic
from streams.engine.dead_letters import dead_letter
from streams.engine.node import Node, not_a_snapshot

States = list[Any]
"""State of each node of a chain for one key; None for a follower before its first record."""


class Chain(Node[States]):
    """A node and its followers, run as one node.

    All keep their state under the key of the event that the first one takes. Name, source, decoding and the limit of
    keys are those of the first one.

    Args:
        nodes: the first one, then its followers, in the order of the loop.

    >>> from schemas.ticks import Quote
    >>> from streams.account.node import AccountNode
    >>> from streams.market.node import MarketNode
    >>> chain = Chain([MarketNode(), AccountNode()])
    >>> chain.name, chain.source.name, [topic.name for topic in chain.outputs]
    ('market', 'ticks', ['predictions', 'outcomes', 'breaks', 'dead-letters', 'paper-account'])
    >>> written = chain.step(chain.open("X"), Quote("X", 1, 99.0, 3.0, 101.0, 1.0), "ticks:0:0")
    >>> [type(record).__name__ for record in written]
    ['Prediction', 'AccountMarked']
    """

    def __init__(self, nodes: Sequence[Node[Any]]) -> None:
        self._head, *_ = self._nodes = tuple(nodes)
        self.name = self._head.name
        self.source = self._head.source
        self.outputs = tuple(dict.fromkeys(topic for node in nodes for topic in node.outputs))
        self.keys_per_partition = self._head.keys_per_partition
        self.quiet_records = self._head.quiet_records
        behind = list(enumerate(nodes))[1:]
        self._readers: dict[type, list[tuple[int, Node[Any]]]] = {
            record: readers
            for topic in self.outputs
            if not topic.is_root and (readers := [(place, node) for place, node in behind if node.source is topic])
            for record in topic.records
        }

    def decode(self, value: bytes | None) -> Any:
        """See `Node.decode`: done by the first node of the chain."""
        return self._head.decode(value)

    def receive(self, record: Struct) -> Any:
        """See `Node.receive`: done by the first node of the chain."""
        return self._head.receive(record)

    def key(self, event: Any) -> str:
        """See `Node.key`: done by the first node of the chain."""
        return self._head.key(event)

    def admit(self, event: Any, record_id: str) -> None:
        """See `Node.admit`: done by the first node of the chain."""
        self._head.admit(event, record_id)

    def may_leave(self, state: States) -> bool:
        """See `Node.may_leave`: decided by the first node, as long as the nodes after it have taken nothing."""
        return self._head.may_leave(state[0])

    def open(self, key: str) -> States:
        """State of a key that was never seen."""
        return [self._head.open(key), *[None] * (len(self._nodes) - 1)]

    def step(self, state: States, event: Any, record_id: str) -> Sequence[Struct]:
        """Outputs of the first node for an event, each followed by the outputs that followers make of it."""
        written: list[Struct] = []
        self._pass_on(state, self._head.step(state[0], event, record_id), written)
        return written

    def _pass_on(self, states: States, outputs: Sequence[Struct], written: list[Struct]) -> None:
        for output in outputs:
            written.append(output)
            for place, node in self._readers.get(type(output), ()):
                self._pass_on(states, _followed(states, place, node, output), written)

    def dump(self, state: States) -> bytes:
        """Snapshots of all nodes, by their names."""
        return msgpack.encode(
            {node.name: None if own is None else node.dump(own) for node, own in zip(self._nodes, state, strict=True)}
        )

    def load(self, snapshot: bytes) -> States:
        """State from a snapshot.

        Raises:
            StateError: it is damaged, or of other nodes or parameters.
        """
        try:
            stored = msgpack.decode(snapshot, type=dict[str, bytes | None])
        except MsgspecError as error:
            raise not_a_snapshot(self, error) from error
        names = [node.name for node in self._nodes]
        if list(stored) != names:
            raise StateError(
                f"expected a snapshot of the nodes {', '.join(names)}, was one of {', '.join(stored)}; "
                "fix: `tickloop topics reset` computes everything anew from the log"
            )
        return [None if own is None else node.load(own) for node, own in zip(self._nodes, stored.values(), strict=True)]


def _followed(states: States, place: int, node: Node[Any], record: Any) -> Sequence[Struct]:
    try:
        event = node.receive(record)
        state = states[place]
        if state is None:
            state = states[place] = node.open(node.key(event))
        return node.step(state, event, record.id)
    except Refused as refused:
        return (dead_letter(record.id, node.name, refused, record.symbol.encode(), encode(record)),)


def chained(nodes: Sequence[Node[Any]]) -> list[Node[Any]]:
    """The loop in as few nodes as possible: the readers of a root topic with their followers, each as one chain.

    Raises:
        ValueError: a node reads what nodes of several chains write.

    >>> from streams.topology import nodes
    >>> from streams.parameters import Parameters
    >>> [(node.name, node.source.name) for node in chained(nodes(Parameters()))]
    [('market', 'ticks'), ('pooling', 'experiment-partials'), ('lifecycle', 'commands')]
    """
    inner = {topic for node in nodes for topic in node.outputs if not topic.is_root}
    chains = [_behind(head, nodes) for head in nodes if head.source not in inner]
    for node in nodes:
        if sum(node in chain for chain in chains) != 1:
            raise ValueError(
                f"expected {node.source.name}, which {node.name} reads, to be written by nodes of one chain"
            )
    return [Chain(chain) if len(chain) > 1 else chain[0] for chain in chains]


def _behind(head: Node[Any], nodes: Sequence[Node[Any]]) -> list[Node[Any]]:
    found, topics = [head], _inner(head)
    for node in nodes:
        if node.source in topics:
            found.append(node)
            topics |= _inner(node)
    return found


def _inner(node: Node[Any]) -> set[Topic]:
    return {topic for topic in node.outputs if not topic.is_root}
