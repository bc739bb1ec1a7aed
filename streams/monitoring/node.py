"""The monitor node: reads outcomes; writes scores of every model version over windows, and commands to retrain."""

from collections.abc import Sequence
from math import log
from typing import Literal

from msgspec import UNSET, Struct
from msgspec.structs import replace

from schemas.commands import Retrain
from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.positions import breach_id
from schemas.topics import ACCURACY_WINDOWS, COMMANDS, DEAD_LETTERS, OUTCOMES
from schemas.windows import AccuracyWindow, Breach
from streams.engine.node import Node
from streams.engine.signing import UNSIGNED, Signing
from streams.market.outcomes import is_plain
from streams.monitoring import drift, window
from streams.monitoring.alarm import Alarm
from streams.monitoring.limits import LimitsState, RetrainLimits, Withheld
from streams.monitoring.parameters import MonitorParameters
from streams.monitoring.watch import BreachWatch, BreachWatchState
from streams.monitoring.window import AccuracyWindowState
from streams.scoring import scores
from streams.scoring.baselines import BASELINES

MOST_VERSIONS = 16
"""Versions that are kept for a symbol; the one that predicted longest ago makes room for a new one."""

BASELINE_MEMORY = 1_000
"""Outcomes in the running mean log-loss by which the best baseline is chosen."""

DEFAULTS = MonitorParameters()

ClosedBy = Literal["count", "time", "breach", "break"]


class VersionState(Struct, array_like=True):
    """State of one model version of one symbol.

    A breach is a finding that calls for a retrain of the live version.

    Attributes:
        window: sums over the open window of outcomes.
        watch: state of the detectors.
        alarm: breach for which no retrain may start; it is reported with the scores of the next window.
            None: there is none.
        awaited: breach that was reported, but whose retrain waits for data: until enough outcomes with a
            move have come since the market changed. None: there is none.
        noticed_at: number of outcomes of the symbol whose price moved, at the time when the breach in
            `awaited` was found.
    """

    window: AccuracyWindowState
    watch: BreachWatchState
    alarm: Breach | None = None
    awaited: Breach | None = None
    noticed_at: int = 0


class MonitorState(Struct, array_like=True):
    """State of the monitor node for one symbol.

    Attributes:
        made_with: digest of the monitor's parameters.
        versions: state of each model version by name; the one that predicted last comes last.
        baseline_losses: running mean log-loss of each baseline, nats.
        limits: numbers of labels and of retrains so far, for the limits on retrains.
        generation: generation of the last outcome, a number that rises whenever the symbol's event time is set back.
    """

    made_with: str
    versions: dict[str, VersionState]
    baseline_losses: list[float]
    limits: LimitsState
    generation: int = 0


class MonitorNode(Node[MonitorState]):
    """Node that scores every model version over windows of outcomes, and asks for retrains if the live one gets worse.

    Args:
        parameters: parameters of the monitor.
        signing: signs the commands to retrain, if the deployment has a signing key.

    >>> from streams.market.node import MarketNode
    >>> from streams.engine.replay import replay_events
    >>> from streams.sources.synthetic import synthetic_market
    >>> ticks = synthetic_market(seed=1, symbols=["ACORN"], ticks=4_000)
    >>> outcomes = [each for each in replay_events(MarketNode(), ticks) if isinstance(each, OutcomeMatured)]
    >>> (seen, *_) = replay_events(MonitorNode(MonitorParameters(window=500)), outcomes)
    >>> seen.moved, seen.n_eff, seen.figures[0].name[:7], seen.best_baseline, seen.breach
    (500, 35, 'builtin', 'imbalance_sign', None)
    """

    name = "monitor"
    source = OUTCOMES
    outputs = (ACCURACY_WINDOWS, COMMANDS, DEAD_LETTERS)
    state = MonitorState

    def __init__(self, parameters: MonitorParameters = DEFAULTS, signing: Signing = UNSIGNED) -> None:
        super().__init__()
        self._signing = signing
        self.parameters = parameters
        self.made_with = parameters.digest()
        drift.prepare(parameters.drift_detector)
        self._watch = BreachWatch(parameters)
        self._limits = RetrainLimits(parameters)

    def is_plain(self, record: Struct) -> bool:
        """Whether a record is an outcome with finite numbers only, so that encoding and decoding it changes nothing."""
        return type(record) is OutcomeMatured and is_plain(record)

    def open(self, key: str) -> MonitorState:
        """State of a symbol before its first outcome."""
        return MonitorState(self.made_with, {}, [log(2.0)] * len(BASELINES), LimitsState())

    def step(self, state: MonitorState, event: OutcomeMatured, record_id: str) -> Sequence[Struct]:
        """Add an outcome to `state`; returns the records of windows that it closes, and commands to retrain.

        Raises:
            Refused: the outcome names no version, or a probability is not between 0 and 1.
            OtherParameters: `state` was computed with other parameters.
        """
        if state.made_with != self.made_with:
            raise self.other_parameters(state.made_with)
        opinions = [event.baselines.get(name, 0.5) for name in BASELINES]
        _check(event, opinions)
        moved = event.label != 0
        limits = state.limits
        closed: list[AccuracyWindow] = []
        if event.generation and event.generation != state.generation:
            closed += self._break(state, event, event.generation)
        if not limits.reference_ts:
            limits.reference_ts = event.ts_event
        theirs: list[float] = []
        best = 0.0
        if moved:
            limits.labels += 1
            theirs = [scores.log_loss(opinion, event.label) for opinion in opinions]
            means = state.baseline_losses
            # The best baseline is chosen by earlier outcomes only.
            best = theirs[means.index(min(means))]
            share = 1.0 / min(limits.labels + 1, BASELINE_MEMORY)
            for index, loss in enumerate(theirs):
                means[index] += share * (loss - means[index])
        for number, arm in enumerate(event.arms):
            version = self._version(state, arm.model_version)
            window.score(version.window, event, arm.probability, opinions, theirs)
            ended = False
            if moved:
                told = arm.probability
                loss = scores.log_loss(told, event.label)
                surprise = loss - scores.entropy(told)
                ended = self._watch.take(version.watch, event.ts_prediction, surprise, loss - best)
            found = self._window(state, event, arm.model_version, version, number == 0, ended, len(closed))
            if found is not None:
                closed.append(found)
        return [*closed, *map(self._command, filter(_calls, closed))] if closed else ()

    def _command(self, window: AccuracyWindow) -> Retrain:
        breach = window.breach
        assert breach is not None, "windows without a breach call for nothing"
        command = Retrain(
            id=breach.id, symbol=window.symbol, ts_event=window.ts_event, cause=breach.sentence, breach=breach
        )
        return self._signing.ask(command, window.id)

    def _version(self, state: MonitorState, name: str) -> VersionState:
        versions = state.versions
        version = versions.pop(name, None)
        if version is None:
            if len(versions) >= MOST_VERSIONS:
                del versions[next(iter(versions))]
            version = VersionState(window.start(), self._watch.start())
        versions[name] = version
        return version

    def _window(
        self,
        state: MonitorState,
        event: OutcomeMatured,
        name: str,
        version: VersionState,
        live: bool,
        ended: bool,
        index: int,
    ) -> AccuracyWindow | None:
        """The window of one version, if this outcome closes it."""
        parameters, open_ = self.parameters, version.window
        sums = open_.tallies[0]
        full = sums.moved >= parameters.window
        late = parameters.window_ns > 0 and event.ts_prediction - open_.ts_from >= parameters.window_ns
        breach = None
        if live:
            alarm = self._awaited(state, version)
            if alarm is None and version.awaited is None and ended:
                alarm = self._watch.after_block(version.watch)
            if full and alarm is None:
                alarm = self._watch.after_window(version.watch, sums.right / sums.moved, open_.ts_from, sums.moved)
            breach = self._breach(state, event, version, alarm or self._due(state, event))
        if not (full or late or breach):
            return None
        closed_by: ClosedBy = "breach" if breach else "count" if full else "time"
        closed = self._close(event, name, version, live, index, closed_by, breach)
        if breach:
            self._watch.clear(version.watch)
            if breach.retrain:
                version.awaited = None
        return closed

    def _close(
        self,
        event: OutcomeMatured,
        name: str,
        version: VersionState,
        live: bool,
        index: int,
        closed_by: ClosedBy,
        breach: Breach | None,
    ) -> AccuracyWindow:
        """The open window of a version as a record; the next one begins."""
        open_ = version.window
        summed = window.summary(open_, name)
        closed = AccuracyWindow(
            id=f"{event.id}:{index}",
            symbol=event.symbol,
            ts_event=event.ts_event,
            ts_from=open_.ts_from,
            ts_until=open_.ts_until,
            version=name,
            live=live,
            closed_by=closed_by,
            n=open_.n,
            moved=open_.tallies[0].moved,
            n_eff=open_.independent,
            figures=summed.figures,
            best_baseline=summed.best_baseline,
            skill=summed.skill,
            skill_low=summed.skill_low,
            skill_high=summed.skill_high,
            detectors=self._watch.figures(version.watch) if live else (),
            breach=breach or version.alarm,
        )
        version.window, version.alarm = window.start(), None
        return closed

    def _break(self, state: MonitorState, event: OutcomeMatured, generation: int) -> list[AccuracyWindow]:
        """After a break of the symbol's clock: everything counted by event time begins anew.

        Open windows are closed. Blocks, sums and breaches that wait for labels are dropped, as they hold times. The
        usual mean and deviation of each version are kept.
        """
        state.generation = generation
        state.limits.break_at(event.ts_event)
        closed: list[AccuracyWindow] = []
        for name, version in state.versions.items():
            if version.window.n:
                live = name == event.arms[0].model_version
                closed.append(self._close(event, name, version, live, len(closed), "break", None))
            self._watch.begin_anew(version.watch)
            version.awaited = version.alarm = None
        return closed

    def _due(self, state: MonitorState, event: OutcomeMatured) -> Alarm | None:
        interval, since = self.parameters.check_interval_ns, state.limits.reference_ts
        if not interval or event.ts_event - since < interval:
            return None
        waited = (event.ts_event - since) / 1e9
        sentence = f"scheduled: {waited:,.0f} s since the last retrain or the start, every {interval / 1e9:,.0f} s"
        return Alarm("schedule", "check_interval", waited, interval / 1e9, 0, 0, sentence)

    def _breach(
        self, state: MonitorState, event: OutcomeMatured, version: VersionState, alarm: Alarm | None
    ) -> Breach | None:
        """The alarm as a breach, if a retrain may start; otherwise it is kept for the next window."""
        if alarm is None:
            return None
        waits = self._waits(alarm)
        withheld = waits or self._limits.withheld(state.limits, event.ts_event)
        breach = Breach(
            id=breach_id(event.id),
            trigger=alarm.trigger,
            detector=alarm.detector,
            statistic=alarm.statistic,
            limit=alarm.limit,
            since=alarm.since,
            since_outcomes=alarm.since_outcomes,
            retrain=withheld is None,
            withheld="" if withheld is None else withheld.sentence,
            sentence=alarm.sentence,
            withheld_by=UNSET if withheld is None else withheld.by,
        )
        if waits:
            version.awaited, version.noticed_at = breach, state.limits.labels
            return breach
        if withheld:
            version.alarm = breach
            return None
        self._limits.spend(state.limits, event.ts_event)
        return breach

    def _waits(self, alarm: Alarm) -> Withheld | None:
        """Why a retrain for this alarm has to wait, if the time of the change is known; empty if not."""
        needed = self.parameters.min_samples_since_change
        if not 0 < alarm.since_outcomes < needed or alarm.trigger not in ("skill", "drift"):
            return None
        return Withheld("waiting", f"waiting for labels since the change: {alarm.since_outcomes:,} of {needed:,}")

    def _awaited(self, state: MonitorState, version: VersionState) -> Alarm | None:
        """The waiting alarm, once there are enough labels, unless it has passed."""
        breach = version.awaited
        if breach is None:
            return None
        since = breach.since_outcomes + state.limits.labels - version.noticed_at
        if since < self.parameters.min_samples_since_change:
            return None
        if breach.trigger == "skill" and not self._watch.lasts(version.watch, breach.detector):
            withheld = f"passed: not worse any more, {since:,} outcomes after it began"
            version.awaited = None
            version.alarm = replace(breach, withheld=withheld, since_outcomes=since, withheld_by="passed")
            return None
        return Alarm(
            breach.trigger, breach.detector, breach.statistic, breach.limit, breach.since, since, breach.sentence
        )


def _calls(window: AccuracyWindow) -> bool:
    return window.breach is not None and window.breach.retrain


def _check(event: OutcomeMatured, opinions: list[float]) -> None:
    if not event.arms:
        raise Refused("no_arms", "expected an outcome of at least one arm, was none")
    for told in [arm.probability for arm in event.arms] + opinions:
        if not 0.0 <= told <= 1.0:
            raise Refused("bad_probability", f"expected probabilities from 0 to 1, was {told}")
