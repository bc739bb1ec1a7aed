"""The experiments node: reads outcomes; writes the progress of experiments, their verdicts, and commands."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from schemas.commands import PromoteVariant, RollBack, StopVariant
from schemas.errors import ConfigurationError
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.names import LIVE, is_candidate
from schemas.outcomes import OutcomeMatured
from schemas.topics import COMMANDS, DEAD_LETTERS, EXPERIMENT_DECISIONS, EXPERIMENT_PARTIALS, EXPERIMENTS, OUTCOMES
from streams.engine.node import Node, OtherParameters
from streams.engine.signing import UNSIGNED, Signing
from streams.experiments import partials
from streams.experiments.declaration import Declaration
from streams.experiments.experiment import OPEN
from streams.experiments.trial import Trial, TrialState
from streams.market.outcomes import is_plain

Trials = dict[str, TrialState]

MOST_CANDIDATES = 6
"""Candidates whose experiments are kept for a symbol; decided ones that are not live are dropped first."""

MOST_BUILT = 256
"""Candidates of all symbols whose operators are cached."""


def asked(
    decided: ExperimentDecided, moved: ExperimentMoved, outcome: OutcomeMatured, command_id: str
) -> PromoteVariant | StopVariant | RollBack | None:
    """The command that carries out the verdict of an experiment, or None if there is nothing to do.

    A winner is promoted, a version that failed after its promotion is rolled back, and a challenger that did not win is
    stopped. There is nothing to do if the winner has passed its watch, since it is live already; or if the challenger
    does not run any more under the name of the experiment.

    Args:
        decided: record of the verdict.
        moved: record of the experiment's progress; its figures are repeated in the command.
        outcome: outcome after which the verdict was reached; it lists the versions that run.
        command_id: id for the command.
    """
    verdict = decided.verdict
    cause = f"experiment {decided.experiment}: {verdict}, decision {decided.id}"
    symbol, ts_event, arm = decided.symbol, decided.ts_event, decided.experiment
    if verdict == "winner":
        figures = {"effect": moved.effect, "log_e": moved.log_e_better, "pairs": float(moved.scored)}
        return PromoteVariant(id=command_id, symbol=symbol, ts_event=ts_event, arm=arm, cause=cause, metrics=figures)
    if verdict == "rolled_back":
        figures = {"alarm": moved.alarm, "pairs": float(moved.watched)}
        return RollBack(
            id=command_id, symbol=symbol, ts_event=ts_event, cause=cause, metrics=figures, version=decided.challenger
        )
    if verdict not in ("promoted", "confirmed") and any(each.arm == arm for each in outcome.arms):
        return StopVariant(id=command_id, symbol=symbol, ts_event=ts_event, arm=arm, cause=cause, automatic=True)
    return None


class ExperimentsNode(Node[Trials]):
    """Node that runs every declared experiment on every symbol on which its challenger runs.

    Each symbol decides by itself. In experiments for which several symbols decide together, the sums of each symbol are
    sent to another node, which decides for all. Candidates (versions that a retrain made) are tested as well, each in
    an experiment of its own; all of these experiments have the same declaration.

    Args:
        declarations: declared experiments by name.
        signing: signs commands and sums, if the deployment has a signing key.
        candidates: common declaration of the candidates' experiments; None: candidates are not tested.

    Raises:
        ConfigurationError: an experiment has a name that is reserved for the live version or for candidates.
    """

    name = "experiments"
    source = OUTCOMES
    outputs = (EXPERIMENTS, EXPERIMENT_DECISIONS, EXPERIMENT_PARTIALS, COMMANDS, DEAD_LETTERS)
    state = Trials

    def __init__(
        self,
        declarations: Mapping[str, Declaration],
        signing: Signing = UNSIGNED,
        candidates: Declaration | None = None,
    ) -> None:
        super().__init__()
        self._signing = signing
        if LIVE in declarations:
            raise ConfigurationError(f"[experiments.{LIVE}]: expected another name, that is the live arm's")
        for name in declarations:
            if is_candidate(name):
                raise ConfigurationError(f"[experiments.{name}]: expected another name, candidates are called so")
        self._trials = {name: Trial(name, declaration) for name, declaration in declarations.items()}
        self._declared = tuple(self._trials)
        self._candidates = candidates

    def is_plain(self, record: Struct) -> bool:
        """Whether a record is an outcome with finite numbers only, so that encoding and decoding it changes nothing."""
        return type(record) is OutcomeMatured and is_plain(record)

    def open(self, key: str) -> Trials:
        """State of a symbol on which no experiment has begun yet: an empty dictionary."""
        return {}

    def step(self, state: Trials, event: OutcomeMatured, record_id: str) -> Sequence[Struct]:
        """Give one outcome to every experiment of its symbol.

        An experiment begins with the first outcome in which its challenger appears.

        Returns:
            Records of progress and verdicts, commands that carry out verdicts, and sums for experiments over several
            symbols.
        """
        written: list[Struct] = []
        for name, trial in self._of(state, event):
            own = state.get(name)
            if own is None:
                if not trial.begins(event) or not trial.declaration.covers(event.symbol):
                    continue
                own = state[name] = trial.start(event)
            if not trial.move_clock(own, event):
                continue
            if trial.pooled and (partial := partials.ended_window(trial, own, event, f"{record_id}:{len(written)}")):
                written.append(self._signing.sign(partial, record_id))
            step = trial.update(own, event)
            if trial.pooled and (partial := partials.follow(trial, own, event, f"{record_id}:{len(written)}")):
                written.append(self._signing.sign(partial, record_id))
            if not step:
                continue
            moved = trial.moved(own, event, f"{record_id}:{len(written)}")
            written.append(moved)
            if step == "decided":
                decided = ExperimentDecided(
                    id=f"{record_id}:{len(written)}",
                    symbol=event.symbol,
                    ts_event=event.ts_event,
                    experiment=name,
                    challenger=own.challenger,
                    champion=own.champion,
                    verdict=own.status,
                    reason=own.reason,
                    applied=trial.declaration.apply == "automatic",
                )
                written.append(decided)
                if decided.applied and (command := asked(decided, moved, event, f"{record_id}:{len(written)}")):
                    written.append(self._signing.ask(command, record_id))
        return written

    def _of(self, state: Trials, outcome: OutcomeMatured) -> Iterator[tuple[str, Trial]]:
        """The declared experiments, then those of known candidates, then those of new ones."""
        for name in self._declared:
            yield name, self._trials[name]
        if self._candidates is None:
            return
        known = [name for name in state if is_candidate(name)]
        shadows = dict.fromkeys(arm.arm for arm in outcome.arms[1:] if is_candidate(arm.arm))
        new = [name for name in shadows if name not in state][:MOST_CANDIDATES]
        if not known and not new:
            return
        for name in (*known, *new):
            yield name, self._trial(name)
        running = [arm.arm for arm in outcome.arms[1:]] if len(known) + len(new) > MOST_CANDIDATES else ()
        while known and len(known) + len(new) > MOST_CANDIDATES:
            live = outcome.arms[0].model_version
            over = [name for name in known if state[name].status not in OPEN and state[name].challenger != live]
            # One that still runs (a winner that a pin holds back) would be taken for a new one and tested again.
            gone = next((name for name in over if name not in running), over[0] if over else known[0])
            known.remove(gone)
            del state[gone]

    def _trial(self, name: str) -> Trial:
        """Operator of a candidate's experiment, built anew if it is not cached."""
        found = self._trials.get(name)
        if found is None:
            assert self._candidates is not None, "only candidates have no declaration of their own"
            for other in [each for each in self._trials if is_candidate(each)][:-MOST_BUILT]:
                del self._trials[other]
            found = self._trials[name] = Trial(name, self._candidates)
        return found

    def revive(self, state: Trials) -> Trials:
        """Check that every stored experiment is declared as it was when it began; returns `state` unchanged.

        Raises:
            OtherParameters: the test of an experiment was changed since.
        """
        for name, own in state.items():
            trial = self._trials.get(name)
            if self._candidates is not None and is_candidate(name):
                trial = self._trial(name)
            if trial is not None and own.test.made_with != trial.experiment.digest:
                table = "retraining.trial" if is_candidate(name) else f"experiments.{name}"
                raise OtherParameters(
                    f"experiment {name}: expected the test that was registered when it began "
                    f"({own.test.made_with}), was {trial.experiment.digest}; fix: restore [{table}.test], "
                    "and give what was changed another name",
                    own.test.made_with,
                )
        return state
