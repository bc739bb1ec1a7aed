"""Hidden Markov filter over two learned levels of activity: how often quotes move the mid, and how far."""

from dataclasses import dataclass
from math import exp, log
from typing import Final

RAREST: Final = 1e-4
"""Least probability of a move, and of none, at any level."""

FAINTEST: Final = 1e-18
"""Least mean square of moves, bps^2: smaller moves are rounding."""

FARTHEST: Final = 25.0
"""Mean squares of the larger level to which the square of a move is clipped, so that one jump is no level."""

EMPTY: Final = 1e-3
"""Share of the remembered quotes below which a level keeps its numbers."""

EVERY: Final = 10
"""Quotes from one maximisation step to the next; expectations are taken at each."""

APART: Final = 2.25
"""Ratio of variances below which both levels count as one."""

RATIO: Final = 2.0
"""Factors on moves and on mean square for the second level while there is only one."""

NOTHING = (0.0, 0.0, 0.0)

SLIGHT: Final = 0.02
"""Share of the past that such a level starts with."""


@dataclass
class Level:
    """One level of activity: the probability that a quote moves the mid, and the mean square of such a move.

    Attributes:
        belief: filtered probability that the market is at this level.
        moves: probability that a quote moves the mid.
        square: mean square of such a move, bps^2.
        mass, moved, squares: smoothed means over the past of being at this level, of moving while at it, and of the
            squares of these moves: expected, given that the market is at this level now.
        away_mass, away_moved, away_squares: the same, given that it is at the other one.
    """

    belief: float
    moves: float
    square: float
    mass: float
    moved: float
    squares: float
    away_mass: float
    away_moved: float
    away_squares: float

    @property
    def variance(self) -> float:
        """Variance of a return, bps^2."""
        return self.moves * self.square


@dataclass
class ActivityState:
    """State of the filter and of the learned levels.

    Attributes:
        seen: quotes taken, up to the memory.
        moves: moves among them, until there are levels.
        square: mean square of these, bps^2.
        levels: both, in no order; none until enough moves were seen.
        learned: quotes since the last maximisation step.
        for_still: log-odds of the second level against the first by a quote that does not move the mid.
        for_move, for_square: the same by one that moves it by r: `for_move + for_square * r**2`.
    """

    seen: int = 0
    moves: int = 0
    square: float = 0.0
    levels: tuple[Level, Level] | None = None
    learned: int = 0
    for_still: float = 0.0
    for_move: float = 0.0
    for_square: float = 0.0


class Activity:
    """Advances an `ActivityState`.

    At a level a quote leaves the mid where it is with probability 1 - p, else moves it by a normal number of mean
    square q: most real quotes do not move it, and a normal distribution alone would take each move for a regime. The
    levels are learned by online expectation maximisation: with filter f, transition t and step g, the expectation of
    a statistic s given the present level k goes to g s 1{k} + (1 - g) sum_j rho(j) f(j) t(j, k) / sum_i f(i) t(i, k).

    Args:
        spell: quotes that a level lasts on average.
        evidence: log-odds that one quote can count for at most.
        warmup: moves that the first levels are taken from.
        memory: quotes that the levels look back on.

    >>> activity = Activity(spell=100.0, evidence=2.0, warmup=20, memory=10_000)
    >>> state = ActivityState()
    >>> for _ in range(20):
    ...     for change in [0.5, -0.5] * 100 + [2.0, -2.0] * 50:
    ...         belief = activity.advance(state, change)
    >>> round(belief, 3), sorted(round(level.square, 1) for level in state.levels)
    (0.998, [0.3, 3.9])

    References:
        Cappé (2011), Online EM algorithm for hidden Markov models, algorithm 1.
        Lambert (1992), Zero-inflated Poisson regression, for a point mass at zero beside a distribution.
    """

    def __init__(self, spell: float, evidence: float, warmup: int, memory: int) -> None:
        self._leave = 1.0 / spell
        self._stay = 1.0 - self._leave
        self._evidence = evidence
        self._warmup = warmup
        self._memory = memory

    def variance(self, state: ActivityState) -> float:
        """Variance of the next return as far as is known, bps^2."""
        levels = state.levels
        if levels is None:
            return state.square * state.moves / state.seen if state.seen else 0.0
        first, second = levels
        return first.belief * first.variance + second.belief * second.variance

    def advance(self, state: ActivityState, change: float) -> float:
        """Take the next return, bps; return the probability of the more volatile level, 0 while there is only one."""
        if state.seen < self._memory:
            state.seen += 1
        square = change * change
        levels = state.levels
        if levels is None:
            if square > FAINTEST:
                state.moves += 1
                state.square += (square - state.square) / state.moves
                if state.moves == self._warmup:
                    only = Level(1.0, _probable(state.moves / state.seen), state.square, *NOTHING, *NOTHING)
                    state.levels = only, self._above(only)
                    _weigh(state, *state.levels)
            return 0.0

        first, second = levels
        stay, leave, fresh = self._stay, self._leave, 1.0 / state.seen
        here, there = first.belief, second.belief
        # Before the quote: chance of each level, and for each the chance that it was already there.
        to_first = here * stay + there * leave
        to_second = there * stay + here * leave
        still_first = here * stay / to_first
        still_second = there * stay / to_second
        from_second, from_first = 1.0 - still_first, 1.0 - still_second

        moved = square > FAINTEST
        if moved:
            square = min(square, FARTHEST * max(first.square, second.square))
            evidence = state.for_move + state.for_square * square
        else:
            evidence = state.for_still
        limit = self._evidence
        evidence = limit if evidence > limit else -limit if evidence < -limit else evidence
        odds = to_second / to_first * exp(evidence)
        first.belief = 1.0 / (1.0 + odds)
        second.belief = odds / (1.0 + odds)

        kept = 1.0 - fresh
        keep, swap = kept * still_first, kept * from_second
        back, hold = kept * from_first, kept * still_second
        for level, same, other, far_same, far_other in (
            (first, keep, swap, hold, back),
            (second, hold, back, keep, swap),
        ):
            mass, moves, squares = level.mass, level.moved, level.squares
            away_mass, away_moves, away_squares = level.away_mass, level.away_moved, level.away_squares
            level.mass = same * mass + other * away_mass + fresh
            level.away_mass = far_other * mass + far_same * away_mass
            level.moved = same * moves + other * away_moves
            level.away_moved = far_other * moves + far_same * away_moves
            level.squares = same * squares + other * away_squares
            level.away_squares = far_other * squares + far_same * away_squares
            if moved:
                level.moved += fresh
                level.squares += fresh * square

        state.learned += 1
        if state.learned >= EVERY:
            self._learn(state, first, second)
        first, second = state.levels or levels
        return first.belief if first.variance > second.variance else second.belief

    def _learn(self, state: ActivityState, first: Level, second: Level) -> None:
        mass_of_first = _maximise(first, second.belief)
        mass_of_second = _maximise(second, first.belief)
        low, high = (first, second) if first.variance < second.variance else (second, first)
        if high.variance < APART * low.variance:
            # Both levels are one, which counts as calm; the other is set above it.
            only = first if mass_of_first > mass_of_second else second
            state.levels = first, second = only, self._above(only)
        _weigh(state, first, second)

    def _above(self, only: Level) -> Level:
        moves, square = _probable(RATIO * only.moves), only.square
        square *= RATIO * RATIO * only.moves / moves
        only.belief, only.mass, only.away_mass = self._stay, 1.0 - SLIGHT, 1.0 - SLIGHT
        only.moved = only.away_moved = only.mass * only.moves
        only.squares = only.away_squares = only.moved * only.square
        slight = (SLIGHT, SLIGHT * moves, SLIGHT * moves * square)
        return Level(self._leave, moves, square, *slight, *slight)


def _maximise(level: Level, away: float) -> float:
    """Maximisation step of a level; return the share of the past that was spent at it."""
    at = level.belief
    mass = at * level.mass + away * level.away_mass
    moved = at * level.moved + away * level.away_moved
    if mass > EMPTY:
        level.moves = _probable(moved / mass)
        if moved > EMPTY * RAREST:
            level.square = max(FAINTEST, (at * level.squares + away * level.away_squares) / moved)
    return mass


def _weigh(state: ActivityState, first: Level, second: Level) -> None:
    state.learned = 0
    state.for_still = log((1.0 - second.moves) / (1.0 - first.moves))
    state.for_move = log(second.moves / first.moves) - 0.5 * log(second.square / first.square)
    state.for_square = 0.5 / first.square - 0.5 / second.square


def _probable(share: float) -> float:
    return min(max(share, RAREST), 1.0 - RAREST)
