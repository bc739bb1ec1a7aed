"""The experiments node: outcomes in; where experiments stand and what they decide out."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack

from schemas.codec import encode
from schemas.commands import PromoteVariant, RollBack, StopVariant
from schemas.errors import ConfigurationError, StateError
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.outcomes import OutcomeMatured
from schemas.topics import COMMANDS, DEAD_LETTERS, EXPERIMENT_DECISIONS, EXPERIMENT_PARTIALS, EXPERIMENTS, OUTCOMES
from streams.arms import LIVE
from streams.experiments import partials
from streams.experiments.declaration import Declaration
from streams.experiments.trial import Trial, TrialState
from streams.maturing import is_plain
from streams.signatures import sign
from streams.topology import Node

Trials = dict[str, TrialState]


def asked(
    decided: ExperimentDecided, moved: ExperimentMoved, outcome: OutcomeMatured, command_id: str
) -> PromoteVariant | StopVariant | RollBack | None:
    """The command that applies a decision: a winner goes live, what fell is rolled back, any other challenger stops.

    None where there is nothing to do: a winner that came through its watch is live already, and a challenger that runs
    no more under its name cannot be stopped.
    """
    verdict = decided.verdict
    cause = f"experiment {decided.experiment}: {verdict}, decision {decided.id}"
    identity = (command_id, decided.symbol, decided.ts_event)
    if verdict == "winner":
        figures = {"effect": moved.effect, "log_e": moved.log_e_better, "pairs": float(moved.scored)}
        return PromoteVariant(*identity, decided.experiment, cause, figures)
    if verdict == "rolled_back":
        return RollBack(*identity, cause, {"alarm": moved.alarm, "pairs": float(moved.watched)})
    if verdict not in ("promoted", "confirmed") and any(arm.arm == decided.experiment for arm in outcome.arms):
        return StopVariant(*identity, decided.experiment, cause)
    return None


class ExperimentsNode(Node[Trials]):
    """Runs every declared experiment on every symbol whose outcomes show its arm.

    Each symbol decides by itself, or tells the pooling node what it adds, see `streams.experiments.pooling`.

    Args:
        declarations: by name.
        directive_key: secret to sign commands with; empty: they are not signed.

    Raises:
        ConfigurationError: one is named like the live arm.
    """

    name = "experiments"
    source = OUTCOMES
    outputs = (EXPERIMENTS, EXPERIMENT_DECISIONS, EXPERIMENT_PARTIALS, COMMANDS, DEAD_LETTERS)

    def __init__(self, declarations: Mapping[str, Declaration], directive_key: bytes = b"") -> None:
        super().__init__()
        self._key = directive_key
        if LIVE in declarations:
            raise ConfigurationError(f"[experiments.{LIVE}]: expected another name, that is the live arm's")
        self._trials = {name: Trial(name, declaration) for name, declaration in declarations.items()}
        self._load = msgpack.Decoder(Trials).decode
        self._dump = msgpack.Encoder().encode

    def receive(self, record: Struct) -> Any:
        """See `Node.receive`: an outcome of finite numbers is its own bytes decoded."""
        if type(record) is OutcomeMatured and is_plain(record):
            return record
        return self.decode(encode(record))

    def open(self, key: str) -> Trials:
        """No experiment has begun."""
        return {}

    def step(self, state: Trials, event: OutcomeMatured, record_id: str) -> Sequence[Struct]:
        """Give the outcome to the experiments that are in it."""
        written: list[Struct] = []
        for name, trial in self._trials.items():
            own = state.get(name)
            if own is None:
                if not trial.begins(event) or not trial.declaration.covers(event.symbol):
                    continue
                own = state[name] = trial.start(event)
            if trial.pooled and (partial := partials.before(trial, own, event, f"{record_id}:{len(written)}")):
                written.append(partial)
            step = trial.update(own, event)
            if trial.pooled and (partial := partials.after(trial, own, event, f"{record_id}:{len(written)}")):
                written.append(partial)
            if not step:
                continue
            moved = trial.moved(own, event, f"{record_id}:{len(written)}")
            written.append(moved)
            if step == "decided":
                decided = ExperimentDecided(
                    f"{record_id}:{len(written)}",
                    event.symbol,
                    event.ts_event,
                    name,
                    own.challenger,
                    own.champion,
                    own.status,
                    own.reason,
                    trial.declaration.apply == "automatic",
                )
                written.append(decided)
                if decided.applied and (command := asked(decided, moved, event, f"{record_id}:{len(written)}")):
                    written.append(sign(command, self._key) if self._key else command)
        return written

    def dump(self, state: Trials) -> bytes:
        """Snapshot: MessagePack, in which doubles keep all their bits."""
        return self._dump(state)

    def load(self, snapshot: bytes) -> Trials:
        """State from a snapshot.

        Raises:
            StateError: it is damaged, or an experiment was declared otherwise when it began.
        """
        try:
            state = self._load(snapshot)
        except MsgspecError as error:
            raise StateError(f"expected a snapshot of the experiments node, was something else: {error}") from error
        for name, own in state.items():
            trial = self._trials.get(name)
            if trial is not None and own.test.made_with != trial.experiment.digest:
                raise StateError(
                    f"experiment {name}: expected the test that was registered when it began "
                    f"({own.test.made_with}), was {trial.experiment.digest}; fix: restore [experiments.{name}.test], "
                    "and give what was changed another name"
                )
        return state
