"""A node of the loop: its topics, its state and its step, for any interpreter to run.

Two interpreters run nodes: `streams.engine.loop_partition` in one process, for backtests, replays and verification, and
`agents.runtime` on Kafka. Neither knows what a node computes, and both apply records by `streams.engine.partition`: a
backtest and the live system share every line that can change a prediction.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from msgspec import MsgspecError, Struct, msgpack

from schemas.codec import decoder, encode
from schemas.errors import StateError
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, Topic

State = TypeVar("State")

KEPT_AT_A_RESET = (COMMANDS, EXPERIMENT_PARTIALS)
"""Topics that do not follow from the ticks alone: `tickloop topics reset` keeps the states computed from them."""


class Node(ABC, Generic[State]):
    """A deterministic operator over one input topic, with one state for each key.

    A subclass names its topics and the type of its states, and defines `open` and `step`. It knows event time only; the
    same events give the same bytes.

    Attributes:
        name: stable name, used for its snapshot table, its metrics, its table of parameters and the diagram.
        source: topic that it reads.
        outputs: topics that it writes; the type of a record determines the topic.
        state: type of a state, that MessagePack can hold: a dataclass, a struct, a dictionary of these. A node that has
            its own `dump` and `load` needs none.
        made_with: digest of the parameters that states are computed with, which each state holds as `made_with`;
            empty: states do not depend on parameters, or `revive` compares them in another way.
        keys_per_partition: most keys of one partition. A further one replaces a key that may leave, or its records are
            refused.
        quiet_records: records of the partition without one of a key, after which the key may leave.
    """

    name: str
    source: Topic
    outputs: tuple[Topic, ...]
    state: Any = None
    made_with: str = ""
    keys_per_partition: int = 10_000
    quiet_records: int = 10_000

    def __init__(self) -> None:
        self._decode = decoder(self.source.record, self.source.max_message_bytes)
        if self.state is None and type(self).load is Node.load:
            raise TypeError(f"{type(self).__name__}: expected the type of its states as `state`, was none")
        self._load = msgpack.Decoder(self.state).decode
        self._dump = msgpack.Encoder().encode

    def decode(self, value: bytes | None) -> Any:
        """Decode bytes to an event; raises `Refused` for whatever is invalid regardless of the state."""
        event = self._decode(value)
        self.check(event)
        return event

    def check(self, event: Any) -> None:
        """Check an event that was decoded, without a state; raises `Refused` if it is not valid."""

    def receive(self, record: Struct) -> Any:
        """The event for a record of this process: what `decode` would make of its bytes, mostly without encoding it.

        Raises:
            Refused: as `decode` does.
        """
        return record if self.is_plain(record) else self.decode(encode(record))

    def is_plain(self, record: Struct) -> bool:
        """Whether encoding and decoding a record gives the record itself; False if that is not known.

        Raises:
            Refused: `decode` would refuse it.
        """
        return False

    def key(self, event: Any) -> str:
        """Key of the state that the event belongs to."""
        symbol: str = event.symbol
        return symbol

    def admit(self, event: Any, record_id: str) -> None:
        """Called before an event of a new key opens a state; raises `Refused` if it must not."""

    def may_leave(self, state: State) -> bool:
        """Whether a key may be dropped, as its state holds nothing that would be missed; once False, always False."""
        return False

    @abstractmethod
    def open(self, key: str) -> State:
        """State of a key that was never seen."""

    @abstractmethod
    def step(self, state: State, event: Any, record_id: str) -> Sequence[Struct]:
        """Take one event: change `state` and return the records that follow from it.

        Args:
            state: of the event's key.
            event: what `decode` returned.
            record_id: id of the input record; ids of outputs derive from it.

        Raises:
            Refused: the event cannot be taken in this state; it becomes a dead letter.
        """

    def dump(self, state: State) -> bytes:
        """Snapshot of a state: `load(dump(state))` continues exactly as `state` would.

        It is MessagePack, in which doubles keep all their bits.
        """
        return self._dump(state)

    def load(self, snapshot: bytes) -> State:
        """State from a snapshot.

        Raises:
            StateError: it is damaged, or of another layout.
            OtherParameters: it was computed with other parameters.
        """
        try:
            state: State = self._load(snapshot)
        except MsgspecError as error:
            raise not_a_snapshot(self, error) from error
        return self.revive(state)

    def revive(self, state: Any) -> State:
        """Turn a decoded state into one that steps can take, if it was computed with the parameters of this node.

        Raises:
            StateError: parts of it are of another layout.
            OtherParameters: it was computed with other parameters.
        """
        if self.made_with and state.made_with != self.made_with:
            raise self.other_parameters(state.made_with)
        revived: State = state
        return revived

    def other_parameters(self, was: str, *expected: str) -> "OtherParameters":
        """The error for a state that was computed with other parameters.

        Args:
            was: digest of those parameters.
            expected: digests that would be accepted; none given: `made_with`.
        """
        named = " or ".join(digest[:12] for digest in expected or (self.made_with,))
        return OtherParameters(
            f"expected a snapshot of the {self.name} node computed with the parameters {named}, was {was[:12]}; fix: "
            f"restore the earlier parameters of [{self.name}]; or `tickloop topics reset` to compute everything anew, "
            "or start under another prefix and replay the ticks",
            was,
        )


class OtherParameters(StateError):
    """Stored state was computed with other parameters, which a caller that knows them can compare.

    Args:
        sentence: for a person, with the ways to go on.
        was: digest of the parameters that it was computed with.
    """

    def __init__(self, sentence: str, was: str) -> None:
        super().__init__(sentence)
        self.was = was


def not_a_snapshot(node: Node[Any], error: Exception, expected: str = "a snapshot") -> StateError:
    """The error for stored bytes that are not a state of a node.

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
    """Nodes whose whole input follows from one topic: its readers, and the readers of their outputs.

    Readers of root topics among the outputs are left out, since others write to those, too.

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
