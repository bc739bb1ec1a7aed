"""Properties that every registered component must have, each tested by one function.

Such a function returns a text that says how the component violates the property, or an empty text if it does not.
"""

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
    """Test that a component restored from bytes gives exactly the answers of a component that was not interrupted.

    Returns:
        The event and the two answers that differ, or what differs in the state; empty if nothing does.
    """
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
    """Test that answers do not depend on later events.

    One object processes two sequences of events, each from a fresh state. The sequences begin with the same events, and
    the answers to these events must be equal.

    Returns:
        The first event with different answers, and both answers; empty if there is none.
    """
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
    """Test that all answers are finite floats within the bounds of the component's kind.

    Returns:
        The first event with an answer that breaks this rule, and that answer; empty if there is none.
    """
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
    """Test that the size of the stored state stays bounded, however many events the component has seen.

    Returns:
        The sizes that show growth, each with the number of events after which it was measured; empty if the size is
            bounded.
    """
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
    """Result of testing one component for one property.

    Attributes:
        part: kind and name of the component, or the plug-in module that could not be imported.
        check: name of the property.
        detail: how the component violates the property; empty if it does not.
    """

    part: str
    check: str
    detail: str


def check(component: Registered) -> list[PromiseFinding]:
    """Test one component for every property; an exception during a test counts as a violation of that property.

    Returns:
        One result for each property.
    """
    return [PromiseFinding(str(component), each.__name__, outcome(each, component)) for each in PROMISES]


def outcome(promise: Callable[[Registered], str], component: Registered) -> str:
    """Test a component for one property, and return how it violates the property; empty if it does not.

    If the component raises an exception, the text describes the exception.

    Args:
        promise: the function that tests the property.
        component: the component.
    """
    try:
        return promise(component)
    except Exception as error:  # noqa: BLE001 - the part may be the user's: whatever it raises is reported
        return raised(error)


def raised(error: Exception) -> str:
    """A text that describes an exception of a component, with the file and line where it was raised, if known.

    >>> raised(ValueError("no"))
    'raised ValueError: no'
    """
    said = f"raised {error if isinstance(error, TickloopError) else f'{type(error).__name__}: {error}'}"
    frames = extract_tb(error.__traceback__)
    return f"{said:.300}" + (f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else "")


def expect_no_look_ahead(parameters: Parameters) -> None:
    """Check that no plug-in component that the parameters use gives answers that depend on later events.

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
    """Digest (SHA-256, hex) of a component's answers to fixed test events and of its last state.

    The digest of a component is the same in every process.

    Args:
        component: the component to run.
        before: seed of events that another object of the component processes first, to show that objects share no
            state; 0: none.
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
