"""A node of the loop as data: what it reads, what it writes and its step, for any interpreter to run.

Two interpreters run nodes: `streams.engine.replay` in one process, `agents.runtime` on Kafka. Neither knows what a node
computes, so a backtest and the live system share every line that can change a prediction.
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
"""Logs that do not follow from the ticks alone: what nodes made of them, `tickloop topics reset` keeps."""


class Node(ABC, Generic[State]):
    """A deterministic operator over one input topic, with one state a key.

    A subclass names its topics and the type of its states, and says how a state is opened and what a step does. Event
    time only; the same events give the same bytes.

    Attributes:
        name: stable name: of its snapshot table, its metrics, its table of parameters and its place in the diagram.
        source: topic that it reads.
        outputs: topics that it writes; the type of a record says to which.
        state: type of a state, that MessagePack can hold: a dataclass, a struct, a dictionary of these. A node that has
            its own `dump` and `load` needs none.
        made_with: digest of the parameters that states are computed with, as each holds it in `made_with`; empty: no
            state of this node hangs on parameters, or it holds them otherwise and `revive` compares them.
        keys_per_partition: how many keys one partition may hold. A further one takes the place of one that may leave,
            or its records are refused.
        quiet_records: a key may leave when so many records of its partition came since its last one.
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
        """Bytes to an event; raises `Refused` for what can be told without any state."""
        event = self._decode(value)
        self.check(event)
        return event

    def check(self, event: Any) -> None:
        """Let an event pass that makes sense by itself, whatever the state; raises `Refused` for any other."""

    def receive(self, record: Struct) -> Any:
        """What `decode` makes of the bytes of a record of this process, mostly without making them.

        Raises:
            Refused: as `decode` does.
        """
        return record if self.is_plain(record) else self.decode(encode(record))

    def is_plain(self, record: Struct) -> bool:
        """Whether `decode` would make of the bytes of a record the record itself; False where that is not known.

        Raises:
            Refused: `decode` would refuse it.
        """
        return False

    def key(self, event: Any) -> str:
        """Key whose state the event belongs to."""
        symbol: str = event.symbol
        return symbol

    def admit(self, event: Any, record_id: str) -> None:
        """Asked before an event of a new key opens a state; raises `Refused` for one that must not."""

    def may_leave(self, state: State) -> bool:
        """Whether a key has earned nothing that would be missed if it began anew; once it has, it always has."""
        return False

    @abstractmethod
    def open(self, key: str) -> State:
        """State of a key that was never seen."""

    @abstractmethod
    def step(self, state: State, event: Any, record_id: str) -> Sequence[Struct]:
        """Take one event: change `state`, return the records that follow from it.

        Args:
            state: of the event's key.
            event: what `decode` returned.
            record_id: id of the input record; ids of outputs derive from it.

        Raises:
            Refused: the event cannot be taken in this state; it becomes a dead letter.
        """

    def dump(self, state: State) -> bytes:
        """Snapshot of a state: `load(dump(state))` goes on bit for bit as `state` would.

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
        """A state as it was decoded, made one that steps can take, if it was computed with the parameters of this node.

        Raises:
            StateError: parts of it are of another layout.
            OtherParameters: it was computed with other parameters.
        """
        if self.made_with and state.made_with != self.made_with:
            raise self.other_parameters(state.made_with)
        revived: State = state
        return revived

    def other_parameters(self, was: str, *expected: str) -> "OtherParameters":
        """What to raise when a state was computed with other parameters.

        Args:
            was: digest of these.
            expected: digests that it may be; none given: `made_with`.
        """
        named = " or ".join(digest[:12] for digest in expected or (self.made_with,))
        return OtherParameters(
            f"expected a snapshot of the {self.name} node computed with the parameters {named}, was {was[:12]}; fix: "
            f"restore the earlier parameters of [{self.name}]; or `tickloop topics reset` to compute everything anew, "
            "or start under another prefix and replay the ticks",
            was,
        )


class OtherParameters(StateError):
    """Stored state was computed with other parameters; whoever knows the earlier ones can say which differ.

    Args:
        sentence: for a person, with the ways on.
        was: digest of the parameters that it was computed with.
    """

    def __init__(self, sentence: str, was: str) -> None:
        super().__init__(sentence)
        self.was = was


def not_a_snapshot(node: Node[Any], error: Exception, expected: str = "a snapshot") -> StateError:
    """What to raise when stored bytes are no state of a node.

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
    """Nodes whose whole input follows from one topic: those that read it, and those that read what these write.

    What is written to a root is left out: it lies there among what others asked for.

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
