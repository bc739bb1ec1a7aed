"""Properties that every registered component must have, each tested by one function.

Such a function returns a text that says how the component violates the property, or an empty text if it does not.
"""

from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from traceback import extract_tb

from msgspec import Struct

from schemas.errors import ConfigurationError, TickloopError
from streams.components.kinds import AModel, Registered, used
from streams.market.expected_names import expect_names
from streams.parameters import Parameters

ROUNDING = 1e-9


def goes_on_after_a_restart(component: Registered) -> str:
    """Test that a component restored from bytes gives exactly the answers of a component that was not interrupted.

    Returns:
        The event and the two answers that differ, or what differs in the state; empty if nothing does.
    """
    one = component.build()
    events = one.events(1, one.count)
    restarts = (1, 2, 17, one.count // 2, one.count - 1)
    state = one.start()
    uninterrupted = [one.take(state, event) for event in events]
    other = component.build()
    state = other.start()
    for at, event in enumerate(events):
        if at in restarts:
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
    events, others = one.events(1, one.count), one.events(2, one.count)
    state = one.start()
    before = [one.take(state, event) for event in events]
    for cut in (1, one.count // 3, one.count - 1):
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
        for at, event in enumerate(one.events(seed, one.count)):
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
        for event in one.events(seed, one.count):
            one.take(state, event)
        size = len(one.dump(state))
        if size > one.largest_bytes:
            return f"{size:,} bytes after {(seed + 1) * one.count:,} events"
        if seed == 0:
            early = size
    # Numbers take up to nine bytes each, small ones fewer: a bounded state may still fill up a little.
    grown = f"{early:,} bytes after {one.count:,} events, {size:,} after {5 * one.count:,}"
    return grown if size > 2 * early + 256 else ""


def mirrors_as_it_says(component: Registered) -> str:
    """Test that a model that claims to be symmetric gives the mirrored probability in a mirrored market.

    In a mirrored market rises are falls, so features with a sign have the opposite sign, and labels the
    opposite direction. The probabilities in the market and in the mirrored one must add up to 1. A model
    that does not claim to be symmetric passes, and so does a component that is not a model.

    Returns:
        The event and the two probabilities that do not add up to 1; empty if all do.
    """
    one, other = component.build(), component.build()
    if not (isinstance(one, AModel) and isinstance(other, AModel) and one.symmetric):
        return ""
    state, mirror = one.start(), other.start()
    for at, event in enumerate(one.events(1, one.count)):
        (answer,), (opposite,) = one.take(state, event), other.take(mirror, other.mirrored(event))
        if abs(answer + opposite - 1.0) > ROUNDING:
            return f"event {at}: {answer}, and {opposite} in the mirrored market, which do not add up to 1"
    return ""


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
    promises = (*PROMISES, mirrors_as_it_says) if component.kind == AModel.kind else PROMISES
    return [PromiseFinding(str(component), each.__name__, outcome(each, component)) for each in promises]


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
        for event in one.events(before, one.count):
            one.take(other, event)
        one = component.build()
    state = one.start()
    digest = sha256()
    for event in one.events(4, one.count):
        digest.update(repr(one.take(state, event)).encode())
    digest.update(one.dump(state))
    return digest.hexdigest()
