"""The base class of nodes: each is a pure function over one topic, with one state for each key.

Two programs run nodes: `streams.engine.loop_partition` in one process, for backtests, replays and verification, and
`agents.runtime` on Kafka. Both apply records by `streams.engine.partition`, so that a backtest and the live system
share every line of code that can change a prediction.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from msgspec import MsgspecError, Struct, msgpack

from schemas.codec import decoder, encode
from schemas.errors import StateError
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, Topic

State = TypeVar("State")

NO_KEY = ""
"""Key of an event that belongs to no key: only the context of its partition takes it."""

KEPT_AT_A_RESET = (COMMANDS, EXPERIMENT_PARTIALS)
"""Topics that do not follow from the ticks alone: `tickloop topics reset` keeps the states computed from them."""


class Node(ABC, Generic[State]):
    """A deterministic function over the records of one topic, with one state for each key (mostly a symbol).

    A subclass names its topics and the type of its states, and defines `open` and `step`. The same records always give
    the same bytes: a node knows the times of events, but never the present time.

    Attributes:
        name: name of the node in snapshots, metrics, configuration and diagrams; it never changes.
        source: topic that the node reads.
        outputs: topics that the node writes; the type of a record determines its topic.
        state: type of a state that MessagePack can hold, such as a dataclass or a struct; None for a node that
            overrides `dump` and `load`.
        made_with: digest of the parameters that the node computes with; the field `made_with` of every restored state
            must equal it. Empty if `revive` compares parameters in another way, or if no parameters matter.
        references: symbols that all keys look at: a copy of each of their events has to be in every partition.
        keys_per_partition: largest number of keys in one partition. A further key replaces one that may be dropped; if
            there is none, records of the further key are refused.
        failures: how often each component of the node has failed since this object was made, by component; for people,
            since no record depends on it.
        quiet_records: number of records of other keys that must have come since a key's last record before the key may
            be dropped.
    """

    name: str
    source: Topic
    outputs: tuple[Topic, ...]
    state: Any = None
    made_with: str = ""
    failures: dict[str, int]
    references: frozenset[str] = frozenset()
    keys_per_partition: int = 10_000
    quiet_records: int = 10_000

    def __init__(self) -> None:
        self._decode = decoder(self.source.record, self.source.max_message_bytes)
        if self.state is None and type(self).load is Node.load:
            raise TypeError(f"{type(self).__name__}: expected the type of its states as `state`, was none")
        self._load = msgpack.Decoder(self.state).decode
        self._dump = msgpack.Encoder().encode
        self.failures = {}

    def decode(self, value: bytes | None) -> Any:
        """The event in the value of a record.

        Raises:
            Refused: the value is empty, not valid JSON, or an event that `check` refuses.
        """
        event = self._decode(value)
        self.check(event)
        return event

    def check(self, event: Any) -> None:
        """Make those checks of a decoded event that need no state; the base class makes none.

        Subclasses may override the method.

        Raises:
            Refused: the event is not valid.
        """

    def receive(self, record: Struct) -> Any:
        """The event that `decode` would return for the JSON of a record.

        A record for which `is_plain` is true is returned as it is, since encoding and decoding would not change it.

        Raises:
            Refused: in the same cases as `decode`.
        """
        return record if self.is_plain(record) else self.decode(encode(record))

    def is_plain(self, record: Struct) -> bool:
        """Whether encoding a record and decoding it again would surely give an equal record.

        The answer is False if that is not known. For a record with the answer True, neither `decode`
        nor `check` is called. So before it returns True, a subclass must make the checks of `check`
        itself.

        Raises:
            Refused: one of these checks refuses the record.
        """
        return False

    def key(self, event: Any) -> str:
        """Key of the state that an event belongs to: its symbol, unless a subclass chooses another.

        It is `NO_KEY` for an event that only the context of the partition takes.
        """
        symbol: str = event.symbol
        return symbol

    def open_context(self) -> Any:
        """What all keys of a partition look at together, before its first record; None, as here, if there is nothing.

        A context has a method `dump`, which returns it as bytes, and a method `load`, which takes them over.
        """
        return None

    def notice(self, context: Any, event: Any, record_id: str) -> Struct | None:
        """Take an event into the context of its partition, before `step` takes it into the state of its key.

        It is called for every event of a partition that has a context, each exactly once in the order of the log, also
        where the state of the event's key has it already and `step` is passed over. The call of `step` that follows
        looks at this context.

        Args:
            context: what `open_context` returned for the partition, which is changed.
            event: event that `decode` returned.
            record_id: id of its record: topic, partition and offset.

        Returns:
            A record that must be written to every other partition of the topic that the node reads, or None.
        """
        return None

    def admit(self, event: Any, record_id: str) -> None:
        """Check the first event of a key before a state is opened for it; here every event passes.

        Args:
            event: first event of its key.
            record_id: id of the event's record: topic, partition and offset.

        Raises:
            Refused: the event must not open a state.
        """

    def may_leave(self, state: State) -> bool:
        """Whether the state of a key holds nothing of value, so that it may be dropped to make room; here always False.

        A subclass that once returns False for a state must do so for all later states of that key.
        """
        return False

    @abstractmethod
    def open(self, key: str) -> State:
        """A fresh state for a key that has none."""

    @abstractmethod
    def step(self, state: State, event: Any, record_id: str) -> Sequence[Struct]:
        """Process one event: change `state` and return the records that follow from the event.

        Args:
            state: state of the event's key.
            event: event that `decode` returned.
            record_id: id of the input record, from which the ids of the returned records are made.

        Raises:
            Refused: the event does not fit the state; the caller writes a dead letter for it.
        """

    def dump(self, state: State) -> bytes:
        """A state as bytes (MessagePack, in which floats keep all their bits): `load` returns an equal state."""
        return self._dump(state)

    def load(self, snapshot: bytes) -> State:
        """The state that `dump` turned into these bytes.

        Raises:
            StateError: the bytes are damaged, or were written by code with other fields.
            OtherParameters: the state was computed with other parameters.
        """
        try:
            state: State = self._load(snapshot)
        except MsgspecError as error:
            raise not_a_snapshot(self, error) from error
        return self.revive(state)

    def revive(self, state: Any) -> State:
        """Turn a state as decoded from a snapshot into one that `step` can take.

        Here the same object is returned, after a check that it was computed with the parameters of this node.
        Subclasses override the method if decoding does not restore everything.

        Raises:
            StateError: the state has other fields than this code expects.
            OtherParameters: the state was computed with other parameters than this node has.
        """
        if self.made_with and state.made_with != self.made_with:
            raise self.other_parameters(state.made_with)
        revived: State = state
        return revived

    def other_parameters(self, was: str, *expected: str) -> "OtherParameters":
        """An error which says that a stored state was computed with parameters that are not this node's.

        The error is returned for the caller to raise.

        Args:
            was: digest of the parameters that the state was computed with.
            expected: digests that would be accepted; `made_with` if none are given.
        """
        named = " or ".join(digest[:12] for digest in expected or (self.made_with,))
        return OtherParameters(
            f"expected a snapshot of the {self.name} node computed with the parameters {named}, was {was[:12]}; fix: "
            f"restore the earlier parameters of [{self.name}]; or `tickloop topics reset` to compute everything anew, "
            "or start under another prefix and replay the ticks",
            was,
        )


class OtherParameters(StateError):
    """Error: a stored state was computed with other parameters than those of the node that is to restore it.

    Args:
        sentence: message for a person, with the ways to go on.
        was: digest of the parameters that the state was computed with, for callers that compare it with other digests.
    """

    def __init__(self, sentence: str, was: str) -> None:
        super().__init__(sentence)
        self.was = was


def not_a_snapshot(node: Node[Any], error: Exception, expected: str = "a snapshot") -> StateError:
    """An error which says that stored bytes cannot be decoded as a state of a node, and what a person can do.

    The error is returned for the caller to raise.

    Args:
        node: node that the bytes were stored for.
        error: error of the decoder.
        expected: what the bytes should have been, for the message.

    >>> from streams.account.node import AccountNode
    >>> str(not_a_snapshot(AccountNode(), ValueError("truncated")))[:70]
    'expected a snapshot of the account node, was something else: truncated'
    """
    way = "go on under another TICKLOOP_PREFIX" if node.source in KEPT_AT_A_RESET else "`tickloop topics reset`"
    return StateError(
        f"expected {expected} of the {node.name} node, was something else: {error}; fix: put back the code that stored "
        f"it; or {way}, which computes everything anew from the ticks"
    )


def following(nodes: Sequence[Node[Any]], source: Topic) -> list[Node[Any]]:
    """The nodes that read a topic, the nodes that read outputs of these nodes, and so on.

    A node that reads `commands`, or another topic that people or nodes of several partitions write to, is
    returned only if `source` is that topic. It does not count as a reader of outputs, because not all
    records of its topic come from the given nodes.

    Args:
        nodes: nodes to choose from, each after the nodes whose outputs it reads.
        source: topic to begin with.

    >>> from streams.topology import nodes
    >>> from streams.parameters import Parameters
    >>> from schemas.topics import TICKS
    >>> [node.name for node in following(nodes(Parameters()), TICKS)]
    ['market', 'account', 'monitor', 'experiments']
    """
    found: list[Node[Any]] = []
    topics = [source]
    for node in nodes:
        if node.source in topics:
            found.append(node)
            topics += [topic for topic in node.outputs if not topic.is_root]
    return found
