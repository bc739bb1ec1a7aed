"""Comparison of the running versions by the registry (lifecycle node) with those in outcomes (market node)."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.errors import FIX
from schemas.limits import cut
from schemas.names import BUILTIN, is_builtin
from schemas.outcomes import OutcomeMatured
from schemas.positions import Position, position_of
from schemas.versions import ModelVersion


class Runs(NamedTuple):
    """The versions of one symbol that run.

    Attributes:
        live: the live version; the built-in one before the first command.
        shadow: versions in shadow, each with the name of its arm.
    """

    live: str
    shadow: dict[str, str]


def valid_versions(versions: Iterable[ModelVersion]) -> list[ModelVersion]:
    """Valid version records of one symbol: all, but of the built-in version only the newest.

    With other parameters the built-in arm goes on under another name, and no record ends the name before: its last one
    would for ever say that it is live.

    >>> before = ModelVersion("commands:0:3:0", "X", "builtin-00000000", "", "champion", "", 3, "c0", arm="live")
    >>> after = ModelVersion("commands:0:7:1", "X", "builtin-1f2e3d4c", "", "shadow", "", 7, "c1", arm="mine")
    >>> [each.version for each in valid_versions([before, after])]
    ['builtin-1f2e3d4c']
    """
    known = list(versions)
    built_in = newest(each for each in known if is_builtin(each.version))
    return [each for each in known if each is built_in or not is_builtin(each.version)]


def newest(versions: Iterable[ModelVersion]) -> ModelVersion | None:
    """The record that was written last, of records of one symbol; None if there are none."""
    return max(versions, key=_place, default=None)


def _place(version: ModelVersion) -> Position:
    try:
        return position_of(version.id)
    except ValueError:  # nothing that a lifecycle node wrote
        return ()


def said(versions: Iterable[ModelVersion]) -> Runs:
    """Running versions by the registry: the newest record of each version of one symbol.

    >>> said([ModelVersion("commands:0:7:0", "X", "v2", "v1", "champion", "better", 5, "c1", arm="live"),
    ...     ModelVersion("commands:0:7:1", "X", "v1", "", "shadow", "v2 is live", 5, "c1", arm="v1"),
    ...     ModelVersion("commands:0:3:0", "X", "v0", "", "stopped", "no use", 3, "c0")])
    Runs(live='v2', shadow={'v1': 'v1'})
    """
    running = [version for version in valid_versions(versions) if version.arm]
    live = next((version.version for version in running if version.status == "champion"), BUILTIN)
    return Runs(live, {version.version: version.arm for version in running if version.status != "champion"})


def shown(outcome: OutcomeMatured) -> Runs:
    """Running versions by the market node: the arms of one outcome, the live one first."""
    live, *others = outcome.arms
    return Runs(live.model_version, {arm.model_version: arm.arm for arm in others})


class Difference(NamedTuple):
    """A difference between the arms of the lifecycle node and those of the market node.

    Attributes:
        found: what each of them says.
        fix: the way out.
    """

    found: str
    fix: str

    @property
    def sentence(self) -> str:
        """Both, for a person; cut to what a field of a record takes."""
        return cut(f"{self.found}{FIX}{self.fix}")


def difference(symbol: str, lifecycle: Runs, market: Runs) -> Difference | None:
    """The difference, with what to do about it; None if there is none.

    >>> found = difference("X", Runs("v2", {"builtin-1f2e3d4c": "builtin-1f2e3d4c"}), Runs("builtin-1f2e3d4c", {}))
    >>> found.sentence # doctest: +NORMALIZE_WHITESPACE
    'the lifecycle node says that v2 is live on X and builtin-1f2e3d4c runs beside it, the market node shows
    builtin-1f2e3d4c alone; fix: `tickloop models promote X builtin-1f2e3d4c`, then `tickloop arm stop X v2`'
    >>> difference("X", Runs("builtin-00000000", {}), Runs("builtin-1f2e3d4c", {}))
    """
    if (_name(lifecycle.live), *_names(lifecycle)) == (_name(market.live), *_names(market)):
        return None
    told = (
        f"the lifecycle node says that {_live(symbol, lifecycle)}, the market node shows {market.live}"
        f"{_beside(market, ' and beside it ') or ' alone'}"
    )
    return Difference(told, _way_out(symbol, lifecycle, market))


def _way_out(symbol: str, lifecycle: Runs, market: Runs) -> str:
    """Commands that make both agree: each is carried out by the node that needs it, and refused by the other."""
    unknown = [version for version in (market.live, *market.shadow) if _name(version) not in _names(lifecycle)]
    if BUILTIN in map(_name, unknown):
        return "none by commands, the built-in version was stopped for good: start under another TICKLOOP_PREFIX"
    steps, arms = [], dict(market.shadow)
    if _name(lifecycle.live) != _name(market.live):
        again = next((version for version in lifecycle.shadow if _name(version) == _name(market.live)), "")
        if again:
            steps.append(f"`tickloop models promote {symbol} {again}`")
        else:
            arms[market.live] = market.live
            steps.append(f"`tickloop arm start {symbol} NEW`, `tickloop arm promote {symbol} NEW`")
    running = {**lifecycle.shadow, lifecycle.live: lifecycle.live}
    missing = [running[version] for version in sorted(running) if _name(version) not in _names(market)]
    steps += [f"`tickloop arm stop {symbol} {arm}`" for arm in missing]
    steps += [
        f"`tickloop arm start {symbol} {arm}`, `tickloop arm stop {symbol} {arm}`"
        for arm in sorted(arms[each] for each in unknown)
    ]
    return ", then ".join(steps)


def _live(symbol: str, runs: Runs) -> str:
    beside = _beside(runs, " and ")
    verb = "" if not beside else " runs beside it" if len(runs.shadow) == 1 else " run beside it"
    return f"{runs.live} is live on {symbol}{beside}{verb}"


def _beside(runs: Runs, word: str) -> str:
    return f"{word}{', '.join(sorted(runs.shadow))}" if runs.shadow else ""


def _names(runs: Runs) -> list[str]:
    return sorted({_name(runs.live), *map(_name, runs.shadow)})


def _name(version: str) -> str:
    """The version that a symbol begins with is called by its parameters too, which may have changed since."""
    return BUILTIN if is_builtin(version) else version
