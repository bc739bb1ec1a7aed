"""The pooling node: decides experiments over several symbols from the sums (partials) that each symbol sends."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from operator import sub

from msgspec import UNSET, Struct, json

from schemas.commands import PromoteVariant, StopVariant
from schemas.errors import Refused
from schemas.experiments import ExperimentPartial, PooledDecided, PooledMoved
from schemas.limits import END_OF_TIME, LONGEST_CAUSE, cut
from schemas.positions import as_of, pooled_id, root_id
from schemas.topics import COMMANDS, DEAD_LETTERS, EXPERIMENT_PARTIALS, POOLED_EXPERIMENTS, TICKS
from streams.engine.node import Node, OtherParameters
from streams.engine.signing import UNSIGNED, Signing
from streams.experiments.declaration import Declaration
from streams.experiments.experiment import OPEN, Experiment, ExperimentState
from streams.experiments.standing import moved

EVERYONE = "*"
"""Symbol of records about all symbols of an experiment."""

MOST_WAITING = 5_000
"""Windows that may wait for the slowest symbol, over all symbols, an equal number each; at most 0.5 MB."""

COUNTS = 5
"""Number of counts at the beginning of a symbol's figures; sums of scores follow."""


class WaitingWindow(Struct, array_like=True):
    """Sums of one symbol up to the end of a window of event time, kept until all symbols have completed the window.

    Attributes:
        window: number of the window: event time // length of a window.
        figures: sums over all predictions of the symbol up to the end of the window. The first five are numbers of
            predictions: all, scored, rejected, won only by A (the challenger), won only by B (the champion). Sums of
            scores and returns follow.
        ended: sentence on why the comparison on the symbol has ended; empty: it goes on.
        offset: offset of the tick that showed the end of the window.
    """

    window: int
    figures: list[float]
    ended: str
    offset: int = 0


class Member(Struct, array_like=True):
    """State of one symbol of an experiment over several symbols.

    Windows are windows of event time. Figures are sums, as in `WaitingWindow.figures`.

    Attributes:
        partition: partition of the symbol's ticks and commands.
        challenger, champion: names of the two versions.
        first: number of the window with the symbol's first scored prediction.
        passed: number of the last window that the symbol has completed.
        base: figures at the end of the last closed batch.
        now: figures at the end of the last window that every symbol has completed.
        waiting: later windows, which this symbol has completed and others have not.
        ended: whether the comparison on the symbol has ended.
        offset: offset of the tick that showed the end of the window of `now`.
    """

    partition: int
    challenger: str
    champion: str
    first: int
    passed: int
    base: list[float]
    now: list[float]
    waiting: list[WaitingWindow] = []
    ended: bool = False
    offset: int = 0

    @property
    def tells_no_more(self) -> bool:
        """Whether the comparison on this symbol has ended, so that further sums from it are ignored."""
        return self.ended or (bool(self.waiting) and bool(self.waiting[-1].ended))

    @property
    def place(self) -> str:
        """Id of the tick at `offset`; this id is part of what is signed in commands for the symbol."""
        return root_id(TICKS.name, self.partition, self.offset)


class PoolState(Struct, array_like=True):
    """State of an experiment over several symbols.

    Attributes:
        experiment: name of the experiment.
        made_with: digest of its test and its symbols.
        members: state of each symbol that has sent its sums at least once, by name.
        test: state of the test, whose batches hold the pairs of all symbols; None only in snapshots of earlier
            releases.
    """

    experiment: str
    made_with: str
    members: dict[str, Member]
    test: ExperimentState | None


def digest_of(declaration: Declaration) -> str:
    """Digest of the plan of an experiment over several symbols: of the test parameters and the set of symbols."""
    symbols = tuple(sorted(set(declaration.symbols)))
    return sha256(json.encode((declaration.test.digest(), symbols))).hexdigest()[:16]


class Pool:
    """Operator of one experiment over several symbols: updates a `PoolState` with each partial.

    A partial holds sums over all predictions of one symbol up to the end of a window of event time. It
    replaces earlier partials of its symbol, so repeats change nothing. The result does not depend on
    the order in which partials of different symbols come: a window counts only when *every* symbol has
    completed it, and sums are added in the order of the symbols' names. A symbol without ticks holds up
    the whole experiment, since its results are not known.

    A batch is all predictions of all symbols in the windows since the last batch. It closes once it has
    as many predictions as the declaration's parameter `batch`. Moves of several symbols at the same
    time are therefore in one batch and count as one observation. The test begins with the first window
    in which every symbol has scores.

    Args:
        name: name of the experiment.
        declaration: declaration of the experiment.
    """

    def __init__(self, name: str, declaration: Declaration) -> None:
        self.name = name
        self.declaration = declaration
        self.symbols = tuple(sorted(set(declaration.symbols)))
        self.experiment = Experiment(declaration.test)
        self._most = MOST_WAITING // len(self.symbols)
        self._sums = len(self.experiment.start().evidence.totals)
        self.digest = digest_of(declaration)

    def start(self) -> PoolState:
        """State before the first partial (sums of one symbol)."""
        return PoolState(self.name, self.digest, {}, self.experiment.start())

    def check(self, partial: ExperimentPartial) -> None:
        """Check that a partial (sums of one symbol) agrees with the declaration of the experiment and with itself.

        Raises:
            Refused: the symbol is not declared (`unknown_symbol`), the test is not the declared one (`other_plan`), the
                numbers of the windows contradict each other (`bad_window`), or parts exceed their whole (`bad_counts`).
        """
        if partial.symbol not in self.symbols:
            raise Refused(
                "unknown_symbol", f"expected a symbol that experiment {self.name} declares, was {partial.symbol!r}"
            )
        if partial.plan != self.experiment.digest or len(partial.sums) != self._sums:
            raise Refused("other_plan", f"expected the plan {self.experiment.digest}, was {partial.plan!r:.80}")
        if partial.window > partial.passed or self._end(partial.passed) >= END_OF_TIME:
            raise Refused(
                "bad_window", f"expected windows of event time, was window {partial.window}, passed {partial.passed}"
            )
        if partial.scored + partial.rejected > partial.pairs or partial.only_a + partial.only_b > partial.scored:
            raise Refused("bad_counts", f"expected parts of {partial.pairs} pairs, was more")

    def take(self, state: PoolState, partial: ExperimentPartial) -> Iterator[Struct]:
        """Update `state` with a partial (sums of one symbol); yield the records and commands that follow from it.

        Nothing follows once the experiment has ended, nor from a window that the symbol has completed before.

        Raises:
            Refused: counts or windows of the symbol go back, or it is too many windows ahead of the slowest symbol.
        """
        test = state.test
        assert test is not None, "a declared experiment has one, see `PoolingNode.revive`"
        if test.status not in OPEN:
            return
        member = state.members.get(partial.symbol)
        counts = (partial.pairs, partial.scored, partial.rejected, partial.only_a, partial.only_b)
        if member is not None:
            if member.tells_no_more or partial.passed <= member.passed:
                return
            self._check_goes_on(partial, counts, member)
        begun = len(state.members) == len(self.symbols)
        if begun and member is not None and len(member.waiting) >= self._most:
            raise Refused(
                "too_far_apart", f"expected {partial.symbol} within {self._most} windows of the slowest symbol"
            )
        place = as_of(partial.id)
        if member is None:
            nothing = [0.0] * (COUNTS + len(partial.sums))
            member = state.members[partial.symbol] = Member(
                place.partition, partial.challenger, partial.champion, partial.window, partial.passed, nothing, nothing
            )
            member.offset = place.offset
        member.passed = partial.passed
        ended = cut(partial.ended, LONGEST_CAUSE)
        member.waiting.append(WaitingWindow(partial.window, [*map(float, counts), *partial.sums], ended, place.offset))
        if len(state.members) == len(self.symbols):
            yield from self._advance(state, test)
        elif len(member.waiting) > self._most:
            # The test begins with the last symbol; earlier windows of the others do not count.
            gone = member.waiting.pop(0)
            member.base = member.now = gone.figures
            member.offset = gone.offset
            member.first = member.waiting[0].window

    def _check_goes_on(self, partial: ExperimentPartial, counts: tuple[int, ...], member: Member) -> None:
        """Check that windows and counts do not go back."""
        if partial.window <= member.passed:
            raise Refused("bad_window", f"expected a window after {member.passed}, was {partial.window}")
        before = member.waiting[-1].figures if member.waiting else member.now
        if any(count < known for count, known in zip(counts, before, strict=False)):
            raise Refused("bad_counts", f"expected no count to fall, was {counts} after {before[:COUNTS]}")

    def _advance(self, state: PoolState, test: ExperimentState) -> Iterator[Struct]:
        members = [state.members[symbol] for symbol in self.symbols]
        frontier, begin = min(each.passed for each in members), max(each.first for each in members)
        while True:
            window = min((each.waiting[0].window for each in members if each.waiting), default=frontier + 1)
            if window > frontier:
                return
            ended = ""
            for symbol, member in zip(self.symbols, members, strict=True):
                if member.waiting and member.waiting[0].window == window:
                    passed = member.waiting.pop(0)
                    member.now, member.offset = passed.figures, passed.offset
                    if passed.ended:
                        member.ended, ended = True, ended or f"{symbol} has ended: {passed.ended.rstrip('.')}"
            if window < begin:
                for member in members:
                    member.base = member.now
            elif sum(each.now[1] - each.base[1] for each in members) >= self.declaration.test.batch:
                self._close(test, members, window)
                yield from self._told(state, test, window, 0)
            if ended and test.status in OPEN:
                self.experiment.stop(test, ended)
                yield from self._told(state, test, window, 2)
            if test.status not in OPEN:
                for member in members:
                    member.waiting = []
                return

    def _close(self, test: ExperimentState, members: Sequence[Member], window: int) -> None:
        figures = [0.0] * len(members[0].now)
        for member in members:
            figures = [total + more for total, more in zip(figures, map(sub, member.now, member.base), strict=True)]
            member.base = member.now
        counts = tuple(map(int, figures[:COUNTS]))
        self.experiment.take_batch(test, self._end(window), counts, figures[COUNTS:])

    def _told(self, state: PoolState, test: ExperimentState, window: int, index: int) -> Iterator[Struct]:
        members = list(state.members.values())
        identity, ts_event = f"{self.name}:{self.digest}:{window}", self._end(window)
        challengers = sorted({member.challenger for member in members})
        challenger = cut(", ".join(challengers))
        champion = cut(", ".join(sorted({member.champion for member in members})))
        yield moved(
            PooledMoved,
            self.experiment,
            test,
            id=f"{identity}:{index}",
            symbol=EVERYONE,
            ts_event=ts_event,
            experiment=self.name,
            challenger=challenger,
            champion=champion,
            symbols=self.symbols,
            challengers=tuple(challengers) if len(challengers) > 1 else UNSET,
        )
        if test.status in OPEN:
            return
        applied = self.declaration.apply == "automatic"
        decision = f"{identity}:{index + 1}"
        yield PooledDecided(
            id=decision,
            symbol=EVERYONE,
            ts_event=ts_event,
            experiment=self.name,
            challenger=challenger,
            champion=champion,
            verdict=test.status,
            reason=test.reason,
            applied=applied,
            symbols=self.symbols,
        )
        if applied:
            yield from self._commands(state, test, window, decision)

    def _commands(self, state: PoolState, test: ExperimentState, window: int, decision: str) -> Iterator[Struct]:
        cause = f"experiment {self.name}: {test.status} over {len(self.symbols)} symbols, decision {decision}"
        _, effect, _ = self.experiment.evidence.moments(test.evidence, self.declaration.test.primary)
        figures = {"effect": effect, "log_e": test.best, "pairs": float(test.scored)}
        for symbol in self.symbols:
            member = state.members[symbol]
            name, ts_event = pooled_id(member.partition, window, self.name, symbol), self._end(window)
            if test.status == "winner":
                yield PromoteVariant(
                    id=name, symbol=symbol, ts_event=ts_event, arm=self.name, cause=cause, metrics=figures
                )
            elif not member.ended:
                yield StopVariant(id=name, symbol=symbol, ts_event=ts_event, arm=self.name, cause=cause)

    def _end(self, window: int) -> int:
        """Event time at which a window ends, ns."""
        return (window + 1) * self.declaration.test.clock_ns


class PoolingNode(Node[PoolState]):
    """Node that decides every declared experiment over several symbols (`scope = "pooled"`); it has a state for each.

    It reads partials (sums that each symbol sends) and writes progress, verdicts and commands.

    Args:
        declarations: all declared experiments by name; those in which each symbol decides by itself are passed over.
        signing: signs commands and checks partials, if the deployment has a signing key.
    """

    name = "pooling"
    source = EXPERIMENT_PARTIALS
    outputs = (POOLED_EXPERIMENTS, COMMANDS, DEAD_LETTERS)
    state = PoolState

    def __init__(self, declarations: Mapping[str, Declaration], signing: Signing = UNSIGNED) -> None:
        super().__init__()
        self._signing = signing
        self._pools = {
            name: Pool(name, declaration)
            for name, declaration in declarations.items()
            if declaration.test.scope == "pooled"
        }

    def check(self, event: ExperimentPartial) -> None:
        """Check a partial (sums of one symbol): its signature, and that it agrees with its experiment's declaration.

        Raises:
            Refused: the signature or the content is not valid, or the partial names no experiment over several symbols.
        """
        self._signing.check(event)
        pool = self._pools.get(event.experiment)
        if pool is None:
            raise Refused("unknown_experiment", f"expected a pooled experiment, was {event.experiment!r:.80}")
        pool.check(event)

    def key(self, event: ExperimentPartial) -> str:
        """Key of the state that a partial belongs to: the name of its experiment, whose symbols share one state."""
        return event.experiment

    def admit(self, event: ExperimentPartial, record_id: str) -> None:
        """Check that the signature of a partial (sums of one symbol) holds where the partial lies.

        It lies at the partition and offset that `record_id` names.

        Raises:
            Refused: the partial was signed for another partition or a later offset, or its signing key
                was retired before this offset.
        """
        self._signing.admit(event, record_id)

    def open(self, key: str) -> PoolState:
        """State of an experiment before the first partial (sums of one symbol); `key` is the experiment's name."""
        return self._pools[key].start()

    def step(self, state: PoolState, event: ExperimentPartial, record_id: str) -> Sequence[Struct]:
        """Add a partial (sums of one symbol) to `state`; returns progress and verdict of its experiment, and commands.

        Ids of these records are made of the experiment and the window of event time, not of `record_id`, so they do not
        depend on the order in which the symbols send.

        Raises:
            Refused: the partial does not fit the state of its experiment or of its symbol.
        """
        self.admit(event, record_id)
        return [
            self._signing.ask(each, state.members[each.symbol].place)
            if isinstance(each, (PromoteVariant, StopVariant))
            else each
            for each in self._pools[event.experiment].take(state, event)
        ]

    def revive(self, state: PoolState) -> PoolState:
        """Check that the stored experiment is declared as it was when it began; returns its state.

        A state without a test, which earlier releases stored for undeclared experiments, is replaced by a new one.

        Raises:
            OtherParameters: the test or the symbols were changed since.
        """
        pool = self._pools.get(state.experiment)
        if pool is not None and state.test is None:  # earlier releases kept one of an experiment that nobody declared
            return pool.start()
        if pool is not None and state.made_with != pool.digest:
            raise OtherParameters(
                f"experiment {state.experiment}: expected the test and the symbols that were registered when it began "
                f"({state.made_with}), was {pool.digest}; fix: restore [experiments.{state.experiment}], and give what "
                "was changed another name",
                state.made_with,
            )
        return state
