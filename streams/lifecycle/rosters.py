"""Compares the versions that run on a symbol according to the registry with the versions that appear in outcomes.

The lifecycle node writes the registry, and the market node writes the outcomes. If the two do not agree, `difference`
says which commands make them agree.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.errors import FIX
from schemas.limits import cut
from schemas.names import BUILTIN, is_builtin
from schemas.outcomes import OutcomeMatured
from schemas.positions import Position, position_of
from schemas.versions import ModelVersion


class Runs(NamedTuple):
    """The versions that run on one symbol.

    Attributes:
        live: name of the live version; the built-in one before the first command.
        shadow: versions that run in shadow (unpublished). Key: name of the version; value: name of the arm (variant of
            the pipeline) that runs it.
    """

    live: str
    shadow: dict[str, str]


def valid_versions(versions: Iterable[ModelVersion]) -> list[ModelVersion]:
    """The records of one symbol's versions without outdated records of the built-in version.

    Of the built-in version, with which a symbol begins, only the newest record is kept; of other versions,
    every record. For the built-in version is named after the symbol's parameters, and goes on under another
    name if they change. No record ends the old name. So the last record under the old name would say for
    ever that the version is live.

    >>> before = ModelVersion("commands:0:3:0", "X", "builtin-00000000", "", "champion", "", 3, "c0", arm="live")
    >>> after = ModelVersion("commands:0:7:1", "X", "builtin-1f2e3d4c", "", "shadow", "", 7, "c1", arm="mine")
    >>> [each.version for each in valid_versions([before, after])]
    ['builtin-1f2e3d4c']
    """
    known = list(versions)
    built_in = newest(each for each in known if is_builtin(each.version))
    return [each for each in known if each is built_in or not is_builtin(each.version)]


def newest(versions: Iterable[ModelVersion]) -> ModelVersion | None:
    """The record of one symbol that was written last, judging by the offset in its id; None if there are no records."""
    return max(versions, key=_place, default=None)


def _place(version: ModelVersion) -> Position:
    try:
        return position_of(version.id)
    except ValueError:  # nothing that a lifecycle node wrote
        return ()


def said(versions: Iterable[ModelVersion]) -> Runs:
    """The versions that run on one symbol according to the registry.

    Args:
        versions: the newest record of each version of the symbol.

    >>> said([ModelVersion("commands:0:7:0", "X", "v2", "v1", "champion", "better", 5, "c1", arm="live"),
    ...     ModelVersion("commands:0:7:1", "X", "v1", "", "shadow", "v2 is live", 5, "c1", arm="v1"),
    ...     ModelVersion("commands:0:3:0", "X", "v0", "", "stopped", "no use", 3, "c0")])
    Runs(live='v2', shadow={'v1': 'v1'})
    """
    running = [version for version in valid_versions(versions) if version.arm]
    live = next((version.version for version in running if version.status == "champion"), BUILTIN)
    return Runs(live, {version.version: version.arm for version in running if version.status != "champion"})


def shown(outcome: OutcomeMatured) -> Runs:
    """The versions that run on a symbol according to the market node, taken from one outcome."""
    live, *others = outcome.arms
    return Runs(live.model_version, {arm.model_version: arm.arm for arm in others})


class Difference(NamedTuple):
    """A disagreement of the lifecycle node and the market node about the versions that run on a symbol.

    Attributes:
        found: what each of the two nodes says, a sentence.
        fix: commands that make both agree.
    """

    found: str
    fix: str

    @property
    def sentence(self) -> str:
        """`found` and `fix` in one sentence for a person, cut to the longest text that a record field may hold."""
        return cut(f"{self.found}{FIX}{self.fix}")


def difference(symbol: str, lifecycle: Runs, market: Runs) -> Difference | None:
    """How two nodes disagree on the versions that run on a symbol, and how to mend it; None if they agree.

    All names of the built-in version, `builtin` or `builtin-` and 8 hex digits, count as the same version.
    So the second call in the example returns None.

    Args:
        symbol: symbol that the versions run on.
        lifecycle: running versions according to the lifecycle node.
        market: running versions according to the market node.

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
    """Commands that make both nodes agree: the node that needs a command carries it out, the other one refuses it."""
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
    """The version's name; `builtin` for any built-in version, whose full name changes with its parameters."""
    return BUILTIN if is_builtin(version) else version
