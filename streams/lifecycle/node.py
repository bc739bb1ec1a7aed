"""The lifecycle node: it reads commands, and writes directives, retrain jobs, version records and dead letters.

A directive is a record in the log of ticks that starts, promotes or stops an arm. An arm is one of the variants of the
pipeline that run side by side on a symbol.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from schemas.commands import (
    MODEL_SCHEMA,
    Command,
    PinVersion,
    PromoteVariant,
    Retrain,
    RollBack,
    StartVariant,
    StopVariant,
)
from schemas.errors import EnvironmentProblem, Refused
from schemas.models import ModelState, state_sha256
from schemas.names import BUILTIN, arms_version, builtin_version, is_candidate
from schemas.retraining import RetrainJob
from schemas.ticks import Action, Directive
from schemas.topics import COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, RETRAIN_JOBS, TICKS
from streams.engine.node import Node
from streams.engine.signing import UNSIGNED, Signing
from streams.lifecycle.arm_states import RunningArm, SymbolArms, initial_arms
from streams.lifecycle.version_records import VersionRecords
from streams.market.directives import MOST_ARMS, apply, remember, shadow
from streams.market.state_size import limited_arm_parameters
from streams.parameters import Parameters

DEFAULTS = Parameters()

Directed = StartVariant | StopVariant | PromoteVariant | RollBack
"""Commands that lead to directives."""


class LifecycleNode(Node[SymbolArms]):
    """Node that carries out commands on the arms of a symbol.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Most commands become a directive, a
    record in the log of ticks that starts, promotes or stops an arm. No other node writes directives. The directive has
    the command's id and is written to the same partition number, so that the market node takes it in order with the
    ticks. Whatever the market node would refuse is refused here, by the same rules. A command whose id was carried out
    before changes nothing, so it may be sent twice by a client or repeated after a crash.

    While the live version is pinned, automatic promotions and roll-backs wait. They are carried out when the pin is
    released, provided that the same version is still live. If another one is live, a winner that waited is stopped,
    because it won against a version that is not live any more.

    A retrain command becomes a retrain job. A retrain that no person asked for is not carried out shortly after a
    roll-back, or while enough candidates (retrained models) are being tested. If there is no room for a candidate's
    arm, one more directive stops another arm, usually that of the version that was live longest ago.

    Args:
        parameters: parameters of all symbols; overrides in commands are checked against them.
        signing: keys with which directives and jobs are signed and commands are checked; the default does neither.

    The first start of an arm on a symbol gives a third record besides the directive and the record of the new version:
    one for the version that the symbol began with. The same command sent again gives nothing:

    >>> node = LifecycleNode()
    >>> arms = node.open("X")
    >>> start = StartVariant("c1", "X", 5, "bold", "a person", {"sizing": {"kelly_fraction": 0.001}}, from_live=True)
    >>> directive, version, _ = node.step(arms, start, "commands:0:0")
    >>> directive.action, directive.arm, directive.version, version.status, version.key
    ('start_arm', 'bold', 'bold-1', 'shadow', b'X|bold-1')
    >>> node.step(arms, start, "commands:0:1")
    ()
    """

    name = "lifecycle"
    source = COMMANDS
    outputs = (TICKS, MODEL_VERSIONS, RETRAIN_JOBS, DEAD_LETTERS)
    state = SymbolArms

    def __init__(self, parameters: Parameters = DEFAULTS, signing: Signing = UNSIGNED) -> None:
        super().__init__()
        self._signing = signing
        self._parameters = parameters
        self._variants = limited_arm_parameters(parameters.market, "[market]")
        self._own_variants = {
            symbol: limited_arm_parameters(own, f"[symbols.{symbol}.market]")
            for symbol, own in parameters.spelled_out().symbols.items()
        }

    def check(self, event: Any) -> None:
        """Check a command's signature, and that a retrain command and its breach (reason for it) have the same id.

        Raises:
            Refused: the signature is not valid, or the ids differ.
        """
        self._signing.check(event)
        if isinstance(event, Retrain) and event.breach.id != event.id:
            raise Refused("bad_command", f"retrain: expected the id of its breach, was {event.breach.id!r:.80}")

    def admit(self, event: Any, record_id: str) -> None:
        """Check that a symbol's first command was signed for the partition on which it lies.

        Without signing keys every command passes.

        Raises:
            Refused: the command was signed for another partition, or with a key that is not valid any more.
        """
        self._signing.admit(event, record_id)

    def open(self, key: str) -> SymbolArms:
        """State of a symbol before the first command."""
        return initial_arms()

    def may_leave(self, state: SymbolArms) -> bool:
        """Whether a symbol's state may be dropped, because nothing of value would be lost.

        That is so while no command was carried out, and no command with a valid signature was seen.
        """
        judged = state.judged
        return not (state.next_number > 1 or state.applied or judged.ids or judged.floors)

    def step(self, state: SymbolArms, event: Any, record_id: str) -> Sequence[Struct]:
        """Carry out one command, and return the records that follow from it.

        These are a retrain job, or directives (records that start, promote or stop a variant of the pipeline) followed
        by records of the versions that changed. For a command whose id was carried out before, nothing is returned.

        Raises:
            Refused: the command cannot be carried out in this state; it becomes a dead letter.
        """
        if not self._signing.meet(state.judged, event, record_id) or event.id in state.applied:
            return ()
        if isinstance(event, Retrain):
            return self._retrain(state, event, record_id)
        records = VersionRecords(event, record_id, state, self.shown)
        if isinstance(event, PinVersion):
            remember(state, event.id)
            state.pinned = event.pinned
            state.arms[0].changed_by(event)
            records.add(state.arms[0], f"{'pinned' if event.pinned else 'released'}: {event.cause}")
            directives = [] if event.pinned else self._release(state, event, records)
            return (*(self._signing.sign(each, record_id) for each in directives), *records.records)
        self._check_may(state, event)
        if state.pinned and event.automatic and isinstance(event, (PromoteVariant, RollBack)):
            self._hold(state, event, records)
            return records.records
        directives = []
        if isinstance(event, StartVariant) and is_candidate(event.arm) and len(state.arms) >= MOST_ARMS:
            directives += self._make_room(state, event, records)
        if isinstance(event, RollBack):
            directives += self._taken_back(state, event, records)
        else:
            directives.append(self._carry_out(state, event, records))
        if isinstance(event, (PromoteVariant, RollBack)):
            directives += self._stop_beaten(state, event, records)
        return (*(self._signing.sign(each, record_id) for each in directives), *records.records)

    def shown(self, symbol: str, version: str) -> str:
        """Name that a version has in predictions: `version` itself, except for the built-in version.

        In predictions, the name of the built-in version ends with a digest of the symbol's parameters.
        """
        return builtin_version(self._parameters.for_symbol(symbol).digest()) if version == BUILTIN else version

    def _retrain(self, state: SymbolArms, command: Retrain, record_id: str) -> Sequence[Struct]:
        """The retrain job, which may be withheld unless a person asked for it."""
        remember(state, command.id)
        withheld, tested = "", state.candidates()
        to_go = state.cools_until - command.ts_event
        # More than a whole cool-down to go: the symbol's clock was set back, so the cool-down is over.
        if command.automatic and 0 < to_go <= self._parameters.retraining.cool_down_ns:
            withheld = f"cool-down after a roll-back: {to_go / 1e9:,.0f} s to go"
        elif command.automatic and len(tested) >= self._parameters.retraining.candidates:
            withheld = f"still being tested: {', '.join(arm.version for arm in tested)}"
        job = RetrainJob(
            id=f"{record_id}:0",
            symbol=command.symbol,
            ts_event=command.ts_event,
            job=command.id,
            breach=command.breach,
            automatic=command.automatic,
            withheld=withheld,
            until=command.until,
            pool=state.pool() or UNSET,
        )
        return (self._signing.sign(job, record_id),)

    def _check_may(self, state: SymbolArms, command: Directed) -> None:
        live = self.shown(command.symbol, state.arms[0].version)
        if isinstance(command, RollBack) and command.version and live != command.version:
            raise Refused("bad_command", f"roll_back: expected {command.version!r:.80} to be live, {live} is")
        if isinstance(command, StartVariant) and command.automatic and command.model:
            self._check_wanted(state, command.model, command.judged_against, live)

    def _check_wanted(self, state: SymbolArms, model: ModelState, judged_against: str, live: str) -> None:
        """Refuse a candidate that was compared with a version no longer live, or while enough others are tested."""
        if judged_against not in ("", live):
            raise Refused("stale", f"{model.version} was judged against {judged_against}, {live} is live")
        tested = state.candidates()
        if len(tested) >= self._parameters.retraining.candidates:
            others = ", ".join(arm.version for arm in tested)
            raise Refused("too_many_candidates", f"{model.version} is not started, still being tested: {others}")

    def _hold(self, state: SymbolArms, command: PromoteVariant | RollBack, records: VersionRecords) -> None:
        live, arm = self.shown(command.symbol, state.arms[0].version), state.arms[0]
        if isinstance(command, PromoteVariant):
            try:
                arm = shadow(state, self._directive(state, command).arm)
            except Refused as refused:
                raise Refused("bad_command", refused.detail) from refused
        if state.hold(command, arm):
            records.add(arm, f"held back by a pin on {live}: {command.cause}")

    def _release(self, state: SymbolArms, pin: PinVersion, records: VersionRecords) -> list[Directive]:
        """Carry out what the pin held back: a roll-back first, then the first promotion; later winners are stopped."""
        directives = []
        for held in sorted(state.held, key=lambda each: isinstance(each.command, PromoteVariant)):
            arm = next((each for each in state.arms if each.number == held.number), None)
            if arm is None or held.live != state.arms[0].version:
                continue
            command: PromoteVariant | RollBack = replace(held.command, ts_event=pin.ts_event, signature="")
            if isinstance(command, PromoteVariant):
                command = replace(command, arm=arm.name)
            elif not state.before:
                continue
            state.held = [each for each in state.held if each.number != held.number]
            records.now(command)
            if isinstance(command, RollBack):
                directives += self._taken_back(state, command, records)
            else:
                directives.append(self._carry_out(state, command, records))
        return directives + self._stop_beaten(state, pin, records)

    def _taken_back(self, state: SymbolArms, command: RollBack, records: VersionRecords) -> list[Directive]:
        """Directives of a roll-back; if the command asks for it, the version that was rolled back is stopped as well.

        The directive to stop it follows the one that makes the other version live, on the same partition. So both take
        effect at the same ticks whenever the log is read again. The built-in version is never stopped in this way.
        """
        demoted = state.arms[0]
        directives = [self._carry_out(state, command, records)]
        if command.stop is not True or demoted.version == BUILTIN:
            return directives
        stop_id = f"{records.record_id}:stop"
        symbol, ts_event, automatic = command.symbol, command.ts_event, command.automatic
        stop = StopVariant(
            id=stop_id, symbol=symbol, ts_event=ts_event, arm=demoted.name, cause=command.cause, automatic=automatic
        )
        # Of the version it is told what was asked for: the roll-back, which stands on `commands`.
        return [*directives, self._carry_out(state, stop, records)]

    def _stop_beaten(self, state: SymbolArms, command: Command, records: VersionRecords) -> list[Directive]:
        """Stop winners that a pin held back for a version that is not live any more, and drop its roll-back."""
        live = state.arms[0]
        over = [each for each in state.held if each.live != live.version or not state.pinned]
        state.held = [each for each in state.held if each not in over]
        directives: list[Directive] = []
        for held in over:
            arm = next((each for each in state.arms[1:] if each.number == held.number), None)
            if arm is None or isinstance(held.command, RollBack):
                continue
            cause = (
                f"won against {self.shown(command.symbol, held.live)} and was held back by a pin until "
                f"{self.shown(command.symbol, live.version)} was live"
            )
            stop_id = f"{records.record_id}:held{len(directives)}"
            stop = StopVariant(
                id=stop_id, symbol=command.symbol, ts_event=command.ts_event, arm=arm.name, cause=cause, automatic=True
            )
            records.now(stop)
            directives.append(self._carry_out(state, stop, records))
        return directives

    def _make_room(self, state: SymbolArms, command: StartVariant, records: VersionRecords) -> list[Directive]:
        stopped = state.dispensable()
        if stopped is None:
            return []
        # On a copy first: if the candidate is refused, no arm must be stopped for it.
        attempt = deepcopy(state)
        attempt.arms = [arm for arm in attempt.arms if arm.number != stopped.number]
        self._apply(attempt, command)
        directive = Directive(
            id=f"{command.id}:room",
            symbol=command.symbol,
            ts_event=command.ts_event,
            action="stop_arm",
            arm=stopped.name,
            cause=f"room for {command.arm}",
        )
        state.arms.remove(stopped)
        remember(state, directive.id)
        kept = "kept in the pool, to make" if stopped.was_live else "held back by a pin, made"
        state.stopped(stopped, command)
        records.add(stopped, f"{kept} room for {command.arm}")
        return [directive]

    def _apply(self, state: SymbolArms, command: Directed) -> Directive:
        directive = self._directive(state, command)
        try:
            apply(state, directive, lambda _, version, number: self._begin(state, command, version, number))
        except Refused as refused:
            raise Refused("bad_command", refused.detail) from refused
        except EnvironmentProblem as lacking:
            # Its directive would stop every worker that reads it here, so there is none.
            raise Refused("bad_command", f"start_variant: {lacking}") from lacking
        return directive

    def _carry_out(self, state: SymbolArms, command: Directed, records: VersionRecords) -> Directive:
        live = state.arms[0]
        runs = list(state.arms)
        directive = self._apply(state, command)
        if isinstance(command, StartVariant):
            arm = state.started(command)
            records.add(arm, command.cause)
            if arm.number == 1:
                records.add(live, "what the symbol began with")
        elif isinstance(command, StopVariant):
            (stopped,) = [arm for arm in runs if arm not in state.arms]
            state.stopped(stopped, command)
            records.add(stopped, command.cause)
        else:
            promoted = state.went_live(live, command)
            taken_back = isinstance(command, RollBack)
            if taken_back and command.automatic:
                state.cools_until = command.ts_event + self._parameters.retraining.cool_down_ns
            records.add(promoted, command.cause)
            shown = self.shown(command.symbol, promoted.version)
            records.add(live, command.cause if taken_back else f"{shown} is live: {command.cause}")
        return directive

    def _directive(self, state: SymbolArms, command: Directed) -> Directive:
        if isinstance(command, StartVariant):
            return Directive(
                id=command.id,
                symbol=command.symbol,
                ts_event=command.ts_event,
                action="start_arm",
                arm=command.arm,
                cause=command.cause,
                model=command.model,
                overrides=command.overrides,
                from_live=command.from_live,
                version="" if command.model else command.version or arms_version(command.arm, state.next_number),
                world=command.world,
            )
        if isinstance(command, RollBack):
            if not state.before:
                raise Refused("bad_command", "expected a version that was live before and still runs, there is none")
            return _of_arm(command, "promote_arm", state.before[-1].version)
        action: Action = "promote_arm" if isinstance(command, PromoteVariant) else "stop_arm"
        return _of_arm(command, action, BUILTIN if command.arm == self.shown(command.symbol, BUILTIN) else command.arm)

    def _begin(self, state: SymbolArms, command: Any, version: str, number: int) -> RunningArm:
        _check_model(command)
        variants = self._own_variants.get(command.symbol, self._variants)
        overrides, _ = variants.asked(command)
        variants.expect_room(overrides, [arm.overrides for arm in state.arms])
        if version == self.shown(command.symbol, BUILTIN) or command.arm == self.shown(command.symbol, BUILTIN):
            raise Refused("bad_command", f"start_variant: expected new names, was {command.arm!r:.80}, {version!r:.80}")
        sha256 = state_sha256(command.model) if command.model else ""
        if version in state.retired and state.frozen.get(version, "none") != sha256:
            raise Refused(
                "bad_command", f"start_variant: expected a new version, {version!r:.80} ran before and was stopped"
            )
        parent = command.model.parent if command.model else state.arms[0].version if command.from_live else ""
        return RunningArm(
            command.arm,
            version,
            number,
            command.ts_event,
            command.id,
            state.descent(parent),
            command.experiment,
            overrides,
            sha256,
            candidate=is_candidate(command.arm),
        )


def _of_arm(command: Directed, action: Action, arm: str) -> Directive:
    return Directive(
        id=command.id, symbol=command.symbol, ts_event=command.ts_event, action=action, arm=arm, cause=command.cause
    )


def _check_model(command: StartVariant) -> None:
    if command.model_schema != MODEL_SCHEMA:
        raise Refused(
            "bad_command", f"start_variant: expected a model of schema {MODEL_SCHEMA}, was {command.model_schema}"
        )
    if command.sha256:
        found = state_sha256(command.model) if command.model else "no model"
        if found != command.sha256:
            raise Refused(
                "bad_command",
                f"start_variant: expected a model of SHA-256 {command.sha256[:12]}, was {found[:12]}: it is corrupt",
            )
