"""What every component promises; each function says how the promise is broken, or nothing."""

from hashlib import sha256
from math import isfinite

from components import EVENTS, Registered

RESTARTS = (1, 2, 17, EVENTS // 2, EVENTS - 1)
LARGEST_STATE = 16_384


def goes_on_after_a_restart(component: Registered) -> str:
    """Another object with the state from bytes answers as if nothing had happened, to the last bit."""
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
    """Another future leaves earlier answers as they were, even if the object has seen the first one."""
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
    """Floats within the bounds of its kind, whatever it is fed with."""
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
    """The state is bounded: as small after many events as after a few."""
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


def fingerprint(component: Registered) -> str:
    """Digest of all answers and the last state: the same in every process."""
    one = component.build()
    state = one.start()
    digest = sha256()
    for event in one.events(4, EVENTS):
        digest.update(repr(one.take(state, event)).encode())
    digest.update(one.dump(state))
    return digest.hexdigest()
