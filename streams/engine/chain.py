"""A chain: a node and the nodes that read its outputs, run as if they were one node, with one snapshot per key.

A node is a pure function over one topic. Each output is handed at once, in memory, to the nodes that read its topic. So
these nodes get the outputs in the same order as they would from the topic. Each output is written to Kafka as well, for
other readers.
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
    """A node (a pure function over one topic) and its followers, the nodes that read its outputs, run as one node.

    The chain keeps one state for each key of the first node: a list with the state of every node. Its name, source
    topic, decoding and largest number of keys are those of the first node.

    Args:
        nodes: the first node, then its followers, each after the nodes whose outputs it reads.

    >>> from schemas.ticks import Quote
    >>> from streams.account.node import AccountNode
    >>> from streams.market.node import MarketNode
    >>> chain = Chain([MarketNode(), AccountNode()])
    >>> chain.name, chain.source.name, [topic.name for topic in chain.outputs]
    ('market', 'ticks', ['predictions', 'outcomes', 'breaks', 'faults', 'dead-letters', 'paper-account'])
    >>> quote = Quote("X", ts_event=1, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0)
    >>> [type(record).__name__ for record in chain.step(chain.open("X"), quote, "ticks:0:0")]
    ['Prediction', 'AccountMarked']
    """

    def __init__(self, nodes: Sequence[Node[Any]]) -> None:
        self._head, *_ = self._nodes = tuple(nodes)
        self.name = self._head.name
        self.source = self._head.source
        self.outputs = tuple(dict.fromkeys(topic for node in nodes for topic in node.outputs))
        self.references = self._head.references
        self.keys_per_partition = self._head.keys_per_partition
        self.failures = self._head.failures
        self.quiet_records = self._head.quiet_records
        behind = list(enumerate(nodes))[1:]
        self._readers: dict[type, list[tuple[int, Node[Any]]]] = {
            record: readers
            for topic in self.outputs
            if not topic.is_root and (readers := [(place, node) for place, node in behind if node.source is topic])
            for record in topic.records
        }

    def decode(self, value: bytes | None) -> Any:
        """The event that the first node of the chain decodes from bytes; see `Node.decode`."""
        return self._head.decode(value)

    def receive(self, record: Struct) -> Any:
        """The event that the chain's first node makes of a record written in this process; see `Node.receive`."""
        return self._head.receive(record)

    def key(self, event: Any) -> str:
        """The key (mostly a symbol) whose state the first node of the chain uses for an event; see `Node.key`."""
        return self._head.key(event)

    def open_context(self) -> Any:
        """The context of a partition, as the first node of the chain opens it; see `Node.open_context`."""
        return self._head.open_context()

    def notice(self, context: Any, event: Any, record_id: str) -> Struct | None:
        """Let the first node of the chain take an event into the context of its partition; see `Node.notice`."""
        return self._head.notice(context, event, record_id)

    def admit(self, event: Any, record_id: str) -> None:
        """Ask the first node of the chain whether an event may open a state for a new key; see `Node.admit`.

        Raises:
            Refused: the event must not open a state.
        """
        self._head.admit(event, record_id)

    def may_leave(self, state: States) -> bool:
        """Whether a key may be dropped; the first node of the chain alone decides. See `Node.may_leave`."""
        return self._head.may_leave(state[0])

    def open(self, key: str) -> States:
        """States of all nodes for a new key: a fresh one for the first node, None for each follower.

        A follower's state is opened when its first record comes.
        """
        return [self._head.open(key), *[None] * (len(self._nodes) - 1)]

    def step(self, state: States, event: Any, record_id: str) -> Sequence[Struct]:
        """Let all nodes process one event: change their states in `state` and return everything that they write.

        After each output come the records that other nodes of the chain write in answer to it. If such a node refuses
        the output, a dead letter is written and the chain goes on.

        Raises:
            Refused: the first node refuses the event.
        """
        written: list[Struct] = []
        self._pass_on(state, self._head.step(state[0], event, record_id), written)
        return written

    def _pass_on(self, states: States, outputs: Sequence[Struct], written: list[Struct]) -> None:
        for output in outputs:
            written.append(output)
            for place, node in self._readers.get(type(output), ()):
                self._pass_on(states, _followed(states, place, node, output), written)

    def dump(self, state: States) -> bytes:
        """The states of all nodes as bytes (MessagePack): a table from the name of each node to its own snapshot."""
        return msgpack.encode(
            {node.name: None if own is None else node.dump(own) for node, own in zip(self._nodes, state, strict=True)}
        )

    def load(self, snapshot: bytes) -> States:
        """The states of all nodes, from bytes that `dump` returned.

        Raises:
            StateError: the bytes are damaged, or were written by other nodes or with other parameters.
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
    """Group nodes (functions over one topic each) into as few parts as possible that can run independently.

    A root topic is a topic that people or nodes of several partitions write to, such as `ticks`. Each part
    begins with a node that reads a root topic. The nodes that read its outputs, directly or indirectly,
    follow in the same part. A part of several nodes is a `Chain`.

    Raises:
        ValueError: a node does not belong to exactly one part, for example because nodes of two parts write
            the topic that it reads.

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
