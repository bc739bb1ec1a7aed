"""Hidden Markov model of how active a market is: how often quotes move the mid, and how far."""

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
    """One of two levels of market activity (hidden states of a Markov model), with the numbers learned for it.

    Averages over past quotes give more weight to recent quotes. They are expected values, since the level at a past
    quote is not known for sure.

    Attributes:
        belief: probability that the market is at this level now, given all quotes so far.
        moves: probability that a quote moves the mid while the market is at this level.
        square: mean square of such a move, bps^2.
        mass: fraction of past quotes at which the market was at this level, given that the market is at this level now.
        moved: fraction of past quotes at which the market was at this level and the mid moved, given that the market is
            at this level now.
        squares: mean over all past quotes of the squared move, bps^2, where quotes at the other level count as 0; given
            that the market is at this level now.
        away_mass, away_moved, away_squares: `mass`, `moved` and `squares` given that the market is at the other level
            now.
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
        """Variance of the mid's return at one quote while the market is at this level, bps^2."""
        return self.moves * self.square


@dataclass
class ActivityState:
    """State of the model for one symbol: both levels of activity, and numbers that make the next step quick.

    Attributes:
        seen: number of quotes taken, counted up to the model's memory.
        moves: number of quotes that moved the mid, counted until `levels` exist.
        square: mean square of these moves, bps^2.
        levels: the two levels in no particular order; None until enough moves were seen.
        learned: number of quotes since the numbers of the levels were last updated.
        for_still: change of the log-odds of the second level (against the first) at a quote that leaves the mid
            unchanged.
        for_move, for_square: at a quote that moves the mid by r bps, the log-odds change by
            `for_move + for_square * r**2`.
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
    """Gives the probability that a market is at the more volatile of two levels of activity, and learns both levels.

    The levels are the states of a hidden Markov model. At each level a quote leaves the mid unchanged with probability
    1 - p; otherwise it moves the mid by a normally distributed amount of mean square q. The probability 1 - p is needed
    because most real quotes do not move the mid: with a normal distribution alone each move would look like a change of
    level.

    p and q of each level are learned by online expectation maximisation. For each level l and each statistic s of a
    quote (such as its squared move), two numbers rho(k) are kept, one for each level k. rho(k) is the average over past
    quotes of s at level l, where quotes at the other level count as 0, given that the present level is k. A quote
    replaces rho(k) by

        g s 1{k} + (1 - g) sum_j rho(j) f(j) t(j, k) / sum_i f(i) t(i, k)

    where f(j) is the probability of level j before the quote, t(j, k) the probability of going from level j to level k,
    and g the weight of the new quote. 1{k} is 1 if k is l, else 0.

    Args:
        spell: number of quotes that the market stays at a level on average.
        evidence: largest change of the log-odds of the levels by one quote.
        warmup: number of quotes that must move the mid before the first levels are computed.
        memory: number of quotes over which the averages are taken.

    >>> activity = Activity(spell=100.0, evidence=2.0, warmup=20, memory=10_000)
    >>> state = ActivityState()
    >>> for _ in range(20):
    ...     for change in [0.5, -0.5] * 100 + [2.0, -2.0] * 50:
    ...         belief = activity.advance(state, change)
    >>> round(belief, 3), sorted(round(level.square, 1) for level in state.levels)  # close to 0.5^2 and 2^2
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
        """Return the expected variance of the mid's return at the next quote, bps^2; 0 before the first move."""
        levels = state.levels
        if levels is None:
            return state.square * state.moves / state.seen if state.seen else 0.0
        first, second = levels
        return first.belief * first.variance + second.belief * second.variance

    def advance(self, state: ActivityState, change: float) -> float:
        """Take one quote into the state; return the probability that the market is at the more volatile of two levels.

        Args:
            state: the symbol's state, which is changed.
            change: return of the mid at this quote, bps.

        Returns:
            The probability, 0 to 1. It is 0 until `warmup` quotes have moved the mid, as there are no levels before.
        """
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
    """Compute the numbers of a level anew from its averages; return the fraction of past quotes at this level.

    `away` is the probability that the market is at the other level now.
    """
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
