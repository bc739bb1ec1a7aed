"""Promises of every component: each function returns how the promise is broken, or an empty text."""

from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from traceback import extract_tb

from msgspec import Struct

from schemas.errors import ConfigurationError, TickloopError
from streams.components.kinds import EVENTS, Registered, used
from streams.market.expected_names import expect_names
from streams.parameters import Parameters

RESTARTS = (1, 2, 17, EVENTS // 2, EVENTS - 1)
LARGEST_STATE = 16_384


def goes_on_after_a_restart(component: Registered) -> str:
    """A new object with the state restored from bytes gives the same answers, to the last bit."""
    one = component.build()
    events = one.events(1, EVENTS)
    state = one.start()
    uninterrupted = [one.take(state, event) for event in events]
    other = component.build()
    state = other.start()
    for at, event in enumerate(events):
        if at in RESTARTS:
            snapshot = other.dump(state)
            other = component.build()
            state = other.load(snapshot)
            if other.dump(state) != snapshot:
                return f"event {at}: the state that was read is not the one that was written"
        answer = other.take(state, event)
        if answer != uninterrupted[at]:
            return f"event {at}: {answer} after a restart, {uninterrupted[at]} without"
    return ""


def does_not_look_ahead(component: Registered) -> str:
    """Answers do not depend on later events, even if the same object has seen other ones."""
    one = component.build()
    events, others = one.events(1, EVENTS), one.events(2, EVENTS)
    state = one.start()
    before = [one.take(state, event) for event in events]
    for cut in (1, EVENTS // 3, EVENTS - 1):
        state = one.start()
        after = [one.take(state, event) for event in [*events[:cut], *others[cut:]]]
        for at in range(cut):
            if after[at] != before[at]:
                return f"event {at}: {after[at]} when events from {cut} on were others, {before[at]} before"
    return ""


def answers_finite_numbers(component: Registered) -> str:
    """Answers are floats within the bounds of the kind."""
    one = component.build()
    for seed in range(3):
        state = one.start()
        for at, event in enumerate(one.events(seed, EVENTS)):
            answer = one.take(state, event)
            for value in answer:
                if type(value) is not float or not isfinite(value) or not one.lowest <= value <= one.highest:
                    return f"event {at}: expected floats from {one.lowest} to {one.highest}, was {answer}"
    return ""


def stays_small(component: Registered) -> str:
    """The size of the state is bounded, whatever the number of events."""
    one = component.build()
    state = one.start()
    for seed in range(5):
        for event in one.events(seed, EVENTS):
            one.take(state, event)
        size = len(one.dump(state))
        if size > LARGEST_STATE:
            return f"{size:,} bytes after {(seed + 1) * EVENTS:,} events"
        if seed == 0:
            early = size
    # Numbers take up to nine bytes each, small ones fewer: a bounded state may still fill up a little.
    return f"{early:,} bytes after {EVENTS:,} events, {size:,} after {5 * EVENTS:,}" if size > 2 * early + 256 else ""


PROMISES = (goes_on_after_a_restart, does_not_look_ahead, answers_finite_numbers, stays_small)


class PromiseFinding(Struct, frozen=True):
    """Result of one check of one component.

    Attributes:
        part: kind and name, or the module that could not be imported.
        check: name of the promise.
        detail: how the promise is broken; empty if it is kept.
    """

    part: str
    check: str
    detail: str


def check(component: Registered) -> list[PromiseFinding]:
    """Results for every promise of one component; a check that raises counts as broken."""
    return [PromiseFinding(str(component), each.__name__, outcome(each, component)) for each in PROMISES]


def outcome(promise: Callable[[Registered], str], component: Registered) -> str:
    """How a promise is broken, or empty; an exception of the component is reported as such."""
    try:
        return promise(component)
    except Exception as error:  # noqa: BLE001 - the part may be the user's: whatever it raises is reported
        return raised(error)


def raised(error: Exception) -> str:
    """Text of an exception of a component, with file and line if they are not tickloop's own.

    >>> raised(ValueError("no"))
    'raised ValueError: no'
    """
    said = f"raised {error if isinstance(error, TickloopError) else f'{type(error).__name__}: {error}'}"
    frames = extract_tb(error.__traceback__)
    return f"{said:.300}" + (f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else "")


def expect_no_look_ahead(parameters: Parameters) -> None:
    """Refuse used components of plug-ins whose answers depend on later events.

    Raises:
        ConfigurationError: a component looks ahead, or cannot be built; the message names it.
    """
    for own in (parameters.market, *parameters.symbols.values()):
        expect_names(own)
        try:
            parts = used(own)
        except TickloopError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"[plugins]: expected parts that can be built, one {raised(error)}; fix: see "
                "`tickloop components check`"
            ) from error
        for each in parts:
            if said := outcome(does_not_look_ahead, each):
                raise ConfigurationError(
                    f"[plugins]: expected {each} to answer from what it has seen, was: {said}; fix: what it remembers "
                    "belongs into its state, see `tickloop components check`"
                )


def fingerprint(component: Registered, before: int = 0) -> str:
    """Digest of all answers and the last state: the same in every process.

    Args:
        component: to run.
        before: seed of the events of another symbol that the object takes before; 0: none.
    """
    one = component.build()
    if before:
        other = one.start()
        for event in one.events(before, EVENTS):
            one.take(other, event)
        one = component.build()
    state = one.start()
    digest = sha256()
    for event in one.events(4, EVENTS):
        digest.update(repr(one.take(state, event)).encode())
    digest.update(one.dump(state))
    return digest.hexdigest()
