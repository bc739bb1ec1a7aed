"""Describes model versions and results of retrains for people, a line for each."""

from collections.abc import Iterator, Mapping, Sequence, Set

from agents.audit.lineage import failed_gates
from agents.clients.predicting import Predicting
from agents.experiments.status import HELD_BACK
from agents.pages.expert_names import with_models
from agents.pages.fault_words import fault_words
from agents.pages.wording import moment, stands
from agents.process.printable import printable
from schemas.faults import ComponentFailed
from schemas.names import is_builtin
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion

NOW = "predicts now"
MOST_NAMED = 12


def listed(versions: Sequence[ModelVersion], newest: Mapping[str, Predicting]) -> Iterator[str]:
    """Yield a line for each model version, then lines about the symbols whose predicting version has no record.

    Args:
        versions: newest records of the versions, in the order of the lines.
        newest: newest prediction of each symbol, by symbol.
    """
    told: set[str] = set()
    for each in versions:
        made = newest.get(each.symbol)
        now = made is not None and is_same(each.version, made.model_version)
        told |= {each.symbol} if now else set()
        yield printable(_line(each, made, now))
    rest = {symbol: made for symbol, made in newest.items() if symbol not in told}
    known = {each.symbol for each in versions}
    for symbol, made in sorted(rest.items()):
        if symbol in known:
            yield printable(f"{symbol}  {made.model_version}  {NOW}  {_unknown(made)}")
    alone = sorted(symbol for symbol in rest if symbol not in known)
    if alone:
        named = ", ".join(f"{symbol} ({rest[symbol].model_version})" for symbol in alone[:MOST_NAMED])
        more = f" and {len(alone) - MOST_NAMED} more" if len(alone) > MOST_NAMED else ""
        yield printable(f"predicted by their built-in version, nothing was ever asked of it: {named}{more}")
    elif not versions and not newest:
        yield "nothing but the built-in version of each symbol"


def is_same(version: str, predicting: str) -> bool:
    """Return whether two names mean the same version; all built-in versions count as the same.

    The name of a built-in version, with which each symbol begins, changes with its parameters.

    >>> is_same("builtin-00000000", "builtin-1f2e3d4c"), is_same("v1", "v2")
    (True, False)
    """
    return version == predicting or (is_builtin(version) and is_builtin(predicting))


def _line(version: ModelVersion, made: Predicting | None, now: bool) -> str:
    said = stands(version.status) + " (pinned)" * version.pinned + f" ({HELD_BACK})" * (version.held is True)
    name = version.version
    if now and made is not None:
        said += f", {NOW}"
        if made.model_version != name:
            name, said = made.model_version, f"{said} (called {name} when this was written)"
    elif version.status == "champion":
        said += f" by the registry, but {made.model_version} {NOW}" if made is not None else ", no prediction found"
    return (
        f"{version.symbol}  {name}  {said}  since {moment(version.ts_event)}  manual steps {version.manual_steps}  "
        f"{with_models(version)}{version.reason}"
    )


def _unknown(made: Predicting) -> str:
    return "nothing was ever asked of it" if is_builtin(made.model_version) else "the registry has no record of it"


def said_of(symbol: str, record: ModelVersion | None, newest: Predicting | None, live: ModelVersion | None) -> str:
    """Return a sentence that says which version predicts a symbol now, since when and why.

    The built-in version has no record until a command about it is sent; the sentence then says "nothing
    was ever asked of it". If `live` is another version than the one that predicts, the sentence names
    both.

    >>> said_of("X", None, Predicting("ticks:0:9", "X", 10**18, "builtin-1f2e3d4c"), live=None)
    'builtin-1f2e3d4c predicts X now (ticks:0:9, 2001-09-09 01:46:40 UTC): nothing was ever asked of it'

    Args:
        symbol: symbol that is predicted.
        record: newest record of the version that predicts; None: it has none.
        newest: newest prediction of the symbol; None: none was found.
        live: version that the topic `model-versions` says is live; None: it names none.
    """
    if newest is None:
        if record is None:
            return printable(f"{symbol} has no prediction that was found, and nothing was ever asked of it")
        return printable(
            f"{record.version} is {stands(record.status)} by the registry, no prediction was found: {record.reason}"
        )
    said = f"{newest.model_version} predicts {symbol} now ({newest.id}, {moment(newest.ts_event)} UTC): "
    said += (
        f"{stands(record.status)} since {moment(record.ts_event)} UTC: {record.reason}" if record else _unknown(newest)
    )
    if live is not None and not is_same(live.version, newest.model_version):
        said += (
            f"; the registry says that {live.version} is live since {moment(live.ts_event)} UTC: that is in effect "
            f"from the next tick on, or `tickloop models list {symbol}` says the way out"
        )
    return printable(said)


def faulty(faults: Sequence[ComponentFailed], running: Mapping[str, Set[str]]) -> Iterator[str]:
    """Yield a line for each component that failed, and for each model that reached its largest size.

    Faults of versions that run no more are passed over.

    Args:
        faults: newest records of the faults.
        running: names of the versions that run, by symbol.
    """
    for each in faults:
        if not each.version or each.version in running.get(each.symbol, ()):
            yield printable(f"FAULT: {each.symbol}  {fault_line(each)}")


def fault_line(failed: ComponentFailed) -> str:
    """What has become of a component, its version and since when, in one line."""
    of = f" of {failed.version}" if failed.version else ""
    return f"{failed.component}{of} {fault_words(failed)}, since {moment(failed.ts_event)}"


def retrained(finished: RetrainFinished) -> str:
    """Return a line with the result of a retrain: the version that it made, or why it made none."""
    result = finished.result
    when = f"at {moment(finished.ts_event)}"
    if result.status == "rejected":
        name = result.candidate.version if result.candidate is not None else result.job_id
        why = f"failed: {failed_gates(result) or result.sentence}"
        return printable(f"{finished.symbol}  {name}  rejected by the gates  {when}  {why}")
    return printable(f"{finished.symbol}  {result.job_id}  {result.status}  {when}  {result.sentence}")
