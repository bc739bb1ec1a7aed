"""The lifecycle node: commands in; directives, what became of versions, and dead letters out."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct, json, msgpack

from schemas.commands import Command, PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.errors import Refused, StateError
from schemas.ticks import BUILTIN, Directive
from schemas.topics import COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, TICKS
from schemas.versions import ModelVersion, Status
from streams.directives import LONGEST_NAME, apply
from streams.lifecycle.life import Life, Reign, Running, new_life
from streams.parameters import Parameters
from streams.pipeline import builtin_version
from streams.signatures import is_signed, sign
from streams.topology import Node
from streams.validation import Validation
from streams.variants import Variants

DEFAULTS = Parameters()

LONGEST_CAUSE = 1_000
MOST_METRICS = 64


class LifecycleNode(Node[Life]):
    """Carries out commands: it alone writes directives.

    A command becomes one directive of the same id in the tick log, on the partition that it came on itself, so the
    market node meets it in order with the ticks. What the market node would refuse is refused here, by the same rules.
    An id that was carried out before changes nothing, so a client may put a command twice, and a crash may repeat one.

    Args:
        parameters: of all symbols: what overrides are held against.
        directive_key: secret to sign directives with, and that commands must be signed with; empty: neither.

    >>> node = LifecycleNode()
    >>> life = node.open("X")
    >>> start = StartVariant("c1", "X", 5, "bold", "a person", {"sizing": {"kelly_fraction": 0.001}}, from_live=True)
    >>> directive, version, _ = node.step(life, start, "commands:0:0")
    >>> directive.action, directive.arm, directive.version, version.status, version.key
    ('start_arm', 'bold', 'bold-1', 'shadow', b'X|bold-1')
    >>> node.step(life, start, "commands:0:1")
    ()
    """

    name = "lifecycle"
    source = COMMANDS
    outputs = (TICKS, MODEL_VERSIONS, DEAD_LETTERS)

    def __init__(self, parameters: Parameters = DEFAULTS, directive_key: bytes = b"") -> None:
        super().__init__()
        self._key = directive_key
        self._parameters = parameters
        self._variants = Variants(parameters.market)
        self._own_variants = {symbol: Variants(own) for symbol, own in parameters.symbols.items()}
        self._check = Validation(parameters.market.validation).check
        self._load = msgpack.Decoder(Life).decode
        self._dump = msgpack.Encoder().encode

    def decode(self, value: bytes | None) -> Any:
        """Bytes to a command of some symbol at some time; raises `Refused` for any other."""
        command = super().decode(value)
        if self._key and not is_signed(command, self._key):
            raise Refused("unsigned_command", f"expected the signature of command {command.id!r:.80}, was another")
        self._check(command)
        _check_sizes(command)
        return command

    def open(self, key: str) -> Life:
        """State of a symbol that nothing was asked of."""
        return new_life()

    def step(self, state: Life, event: Any, record_id: str) -> Sequence[Struct]:
        """The directive, then what it makes of versions; nothing for a command that was carried out before."""
        if event.id in state.applied:
            return ()
        live = state.arms[0]
        reign = Reign(live.version, live.since, live.command)
        runs = list(state.arms)
        directive = self._directive(state, event)
        try:
            apply(state, directive, lambda _, version, number: self._begin(state, event, version, number))
        except Refused as refused:
            raise Refused("bad_command", refused.detail) from refused
        news = _Told(self, event, record_id)
        if isinstance(event, StartVariant):
            news.tell(state.arms[-1], "shadow", event.cause)
            if state.arms[-1].number == 1:
                news.tell(live, "champion", "what the symbol began with")
        elif isinstance(event, StopVariant):
            (stopped,) = [arm for arm in runs if arm not in state.arms]
            state.retire(stopped.version)
            stopped.name = ""
            news.tell(stopped, "stopped", event.cause)
        else:
            promoted, demoted = state.arms[0], live
            for arm in (promoted, demoted):
                arm.since, arm.command = event.ts_event, event.id
            news.tell(promoted, "champion", event.cause)
            if isinstance(event, RollBack):
                state.forget(promoted.version)
                news.tell(demoted, "rolled_back", event.cause)
            else:
                state.succeeded(promoted, reign)
                news.tell(demoted, "shadow", f"{self.shown(event.symbol, promoted.version)} is live: {event.cause}")
        return (sign(directive, self._key) if self._key else directive, *news.records)

    def shown(self, symbol: str, version: str) -> str:
        """Name of a version as predictions carry it."""
        return builtin_version(self._parameters.for_symbol(symbol).digest()) if version == BUILTIN else version

    def _directive(self, life: Life, command: Command) -> Directive:
        identity = (command.id, command.symbol, command.ts_event)
        if isinstance(command, StartVariant):
            return Directive(
                *identity,
                "start_arm",
                command.arm,
                command.cause,
                command.model,
                overrides=command.overrides,
                from_live=command.from_live,
                version="" if command.model else command.version or f"{command.arm}-{life.next_number}",
            )
        if isinstance(command, RollBack):
            if not life.before:
                raise Refused("bad_command", "expected a version that was live before and still runs, there is none")
            return Directive(*identity, "promote_arm", life.before[-1].version, command.cause)
        arm = BUILTIN if command.arm == self.shown(command.symbol, BUILTIN) else command.arm
        if isinstance(command, PromoteVariant):
            return Directive(*identity, "promote_arm", arm, command.cause)
        return Directive(*identity, "stop_arm", arm, command.cause)

    def _begin(self, life: Life, command: StartVariant, version: str, number: int) -> Running:
        variants = self._own_variants.get(command.symbol, self._variants)
        overrides, _ = variants.asked(command)
        if version == self.shown(command.symbol, BUILTIN) or command.arm == self.shown(command.symbol, BUILTIN):
            raise Refused("bad_command", f"start_variant: expected new names, was {command.arm!r:.80}, {version!r:.80}")
        if version in life.retired:
            raise Refused(
                "bad_command", f"start_variant: expected a new version, {version!r:.80} ran before and was stopped"
            )
        parent = command.model.parent if command.model else life.arms[0].version if command.from_live else ""
        return Running(
            command.arm,
            version,
            number,
            command.ts_event,
            command.id,
            life.descent(parent),
            command.experiment,
            overrides,
        )

    def dump(self, state: Life) -> bytes:
        """Snapshot: MessagePack."""
        return self._dump(state)

    def load(self, snapshot: bytes) -> Life:
        """State from a snapshot; raises `StateError` when it is damaged or of another layout."""
        try:
            return self._load(snapshot)
        except MsgspecError as error:
            raise StateError(f"expected a snapshot of the lifecycle node, was something else: {error}") from error


class _Told:
    """Records of what a command made of versions."""

    def __init__(self, node: LifecycleNode, command: Command, record_id: str) -> None:
        self._node, self._command, self._id = node, command, record_id
        self.records: list[ModelVersion] = []

    def tell(self, arm: Running, status: Status, reason: str) -> None:
        """Add the record of one version."""
        command = self._command
        lineage = tuple(self._node.shown(command.symbol, version) for version in arm.lineage)
        self.records.append(
            ModelVersion(
                id=f"{self._id}:{len(self.records)}",
                symbol=command.symbol,
                version=self._node.shown(command.symbol, arm.version),
                parent=lineage[-1] if lineage else "",
                status=status,
                reason=reason,
                ts_event=command.ts_event,
                command=command.id,
                metrics={} if isinstance(command, StopVariant) else command.metrics,
                lineage=lineage,
                arm=self._node.shown(command.symbol, arm.name),
                experiment=arm.experiment,
                overrides=json.decode(arm.overrides) if arm.overrides else {},
            )
        )


def _check_sizes(command: Command) -> None:
    """What it leads to must fit into the topics it goes to, or one command would stop its partition for ever."""
    if len(command.cause) > LONGEST_CAUSE:
        raise Refused(
            "bad_command", f"expected a cause of at most {LONGEST_CAUSE} characters, was {len(command.cause)}"
        )
    names: list[str] = []
    if not isinstance(command, StopVariant):
        if len(command.metrics) > MOST_METRICS:
            raise Refused("bad_command", f"expected at most {MOST_METRICS} metrics, was {len(command.metrics)}")
        names.extend(command.metrics)
    if isinstance(command, StartVariant):
        names += [command.experiment, *([command.model.parent] if command.model else ())]
    for name in names:
        if len(name) > LONGEST_NAME:
            raise Refused("bad_command", f"expected names of at most {LONGEST_NAME} characters, was {name!r:.80}")
