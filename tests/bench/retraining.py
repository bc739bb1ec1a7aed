"""Computes the tables in docs/retraining.md: `python -m tests.bench.retraining [--quick] [--write] [folder of ticks]`.

Labels are made from known relations ("concepts") on features of real ticks (default: `../shared/data`), or of
a synthetic market if there are none. Everything is seeded: the same ticks give the same tables. `--write`
puts them into the document.
"""

import csv
import gzip
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from schemas.outcomes import OutcomeMatured
from schemas.ticks import Quote, Trade
from schemas.windows import AccuracyWindow
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode
from streams.monitoring.parameters import MonitorParameters
from streams.sources.synthetic import synthetic_market
from tests.support import planted_concepts as planted
from tests.support.places import ROOT
from tests.support.planted_concepts import CONCEPTS, Planted, Stream
from tests.support.retraining_contenders import CONTENDERS, Traced, tickloop

FILES = {"btcusdt-perp-20240808": 90_000, "ethusdt-perp-20240808": 70_000, "bac-20131007": 60_000}
CHANGE = 8_000
ROUND = 6_000
RUNS = 3
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
OVERLAPS = (1, 4, 20)
SINCE = MonitorParameters().min_samples_since_change
NEVER = 10**9
BLOCK, RUN = 50, 50_000
ENDLESS = ("decay to noise", "no change")
"""Changes after which there is no relation to learn again."""


def file_ticks(path: Path, count: int) -> Iterator[Quote | Trade]:
    with gzip.open(path, "rt") as lines:
        for row in islice(csv.DictReader(lines), count):
            symbol, ts = row["symbol"], int(row["ts_event"])
            if row["kind"] == "quote":
                bid, bid_size, ask, ask_size = (float(row[name]) for name in ("bid", "bid_size", "ask", "ask_size"))
                yield Quote(symbol, ts, bid, bid_size, ask, ask_size)
            else:
                yield Trade(symbol, ts, float(row["price"]), float(row["size"]), row["side"])


def streams(folder: Path, quick: bool) -> dict[str, Stream]:
    """Features of real ticks, or of a synthetic market if there are none; by name of the stream."""
    ticks = {name: file_ticks(folder / f"{name}.csv.gz", count) for name, count in FILES.items()}
    found = {name: each for name, each in ticks.items() if (folder / f"{name}.csv.gz").is_file()}
    if quick or not found:
        found = {"synthetic": iter(synthetic_market(seed=1, symbols=["ACORN"], ticks=20_000 if quick else 60_000))}
    return {
        name: planted.stream_of(
            [each for each in replay_events(MarketNode(), some) if isinstance(each, OutcomeMatured)]
        )
        for name, some in found.items()
    }


def shown(stream: Stream, count: int, accuracy: float) -> np.ndarray:
    """Scores of concept `a`, scaled so that the best possible forecaster is right with probability `accuracy`."""
    score = np.resize(planted.scores(stream, CONCEPTS["a"]), count)
    return planted.strength(score, accuracy) * score


class Noticed(NamedTuple):
    """What the monitor node found in a stream.

    Attributes:
        alarms: numbers of the outcomes at which it found a change.
        retrains: numbers of the outcomes at which it called for a retrain.
    """

    alarms: list[int]
    retrains: list[int]


def noticed(case: Planted, probabilities: Sequence[float]) -> Noticed:
    """Run the monitor node on a version that predicts `probabilities` and does not learn."""
    node = MonitorNode()
    state = node.open("X")
    found = Noticed([], [])
    for outcome in planted.outcomes_of(case, probabilities):
        for window in node.step(state, outcome, outcome.id):
            if not isinstance(window, AccuracyWindow) or window.breach is None:
                continue
            at, breach = int(outcome.prediction_id.split(":")[2]), window.breach
            if breach.retrain:
                found.retrains.append(at)
            if breach.withheld_by == "waiting" or (breach.retrain and breach.since_outcomes != SINCE):
                found.alarms.append(at)
    return found


def shortest(cases: Sequence[Planted], before: Sequence[float], factor: float) -> float:
    """Smallest mean delay, in outcomes, that a detector can have which raises one false alarm in 50,000 outcomes.

    The bound is `log(run) / D`, for a detector that knows the change. `run` is the mean number of blocks between
    false alarms; D is the divergence of block means after the change from those before, both taken as normal.

    Args:
        cases: streams that change in the middle.
        before: probabilities that were right before the change.
        factor: strength of the relation after the change: 0 for none, -1 for the opposite.

    References:
        Lorden (1971), Procedures for reacting to a change in distribution, theorem 3.
    """
    said = np.array(before)
    after = np.full_like(said, 0.5) if factor == 0.0 else 1.0 - said
    means = []
    for case in cases:
        up = np.array(case.labels) > 0
        ratio = np.where(up, np.log(after / said), np.log((1.0 - after) / (1.0 - said)))
        means.append(ratio[: len(ratio) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1))
    half = len(means[0]) // 2
    was, now = (np.concatenate(each) for each in ([m[:half] for m in means], [m[half:] for m in means]))
    shift = (now.mean() - was.mean()) / now.std()
    return float(BLOCK * np.log(RUN / BLOCK) / (0.5 * shift**2))


def detection(found: dict[str, Stream], quick: bool) -> Iterator[str]:
    """Rows of the table on detection: false alarms and retrains without a change, and delays after one.

    The version does not learn.
    """
    runs, length, even = (4, 8_000, 20_000) if quick else (12, 8_000, 100_000)
    yield (
        "| stream | overlap | outcomes | false alarms per 50k | false retrains per 50k "
        "| change | runs | noticed within 1,000 | median | 90 % | shortest possible mean | retrain follows |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for name, stream in found.items():
        long, short = stream.repeated(even), stream.repeated(length)
        for overlap in OVERLAPS:
            quiet = []
            for seed in range(2):
                case = planted.plant(long, shown(stream, even, 0.6), seed, overlap)
                quiet.append(noticed(case, case.oracle))
            alarms, retrains = (sum(len(each[kind]) for each in quiet) * RUN / (2 * even) for kind in (0, 1))
            for change, factor in (("to noise: .60 to .50", 0.0), ("sign flip: .60 to .40", -1.0)):
                said = shown(stream, length, 0.6)
                after = said.copy()
                after[length // 2 :] *= factor
                before = planted.plant(short, said, 0, 1).oracle
                cases = [planted.plant(short, after, 100 + seed, overlap) for seed in range(runs)]
                told = [noticed(case, before) for case in cases]
                delays = [
                    min((at - length // 2 for at in each.alarms if at >= length // 2), default=length) for each in told
                ]
                within = sum(delay < 1_000 for delay in delays)
                follows = sum(any(at >= length // 2 for at in each.retrains) for each in told)
                yield (
                    f"| {name} | {overlap} | {2 * even:,} | {alarms:.2f} | {retrains:.2f} | {change} | {runs} "
                    f"| {within} | {_delay(np.median(delays), length)} | {_delay(np.quantile(delays, 0.9), length)} "
                    f"| {shortest(cases, before, factor):,.0f} | {follows} |"
                )


def _delay(delay: float, never: int) -> str:
    return f"{delay:,.0f}" if delay < never // 2 else f"> {never // 2:,}"


def story(stream: Stream, kind: str, seed: int) -> Planted:
    """A stream with one change after `CHANGE` outcomes, or with two concepts that alternate every `ROUND` outcomes.

    Args:
        stream: features.
        kind: kind of the change, for example `sign flip`; `recurring` for the second form.
        seed: seed of the noise.
    """
    if kind == "recurring":
        count = 4 * ROUND
        first, second = (np.resize(planted.scores(stream, CONCEPTS[name]), count) for name in ("a", "b"))
        turn = (np.arange(count) // ROUND) % 2 == 0
        said = np.where(turn, planted.strength(first, 0.68) * first, planted.strength(second, 0.68) * second)
    else:
        count = 2 * CHANGE
        said = shown(stream, count, 0.68)
        said[CHANGE:] *= {"sign flip": -1.0, "decay to noise": 0.0, "scale shift": 0.3, "no change": 1.0}[kind]
    return planted.plant(stream.repeated(count), said, seed, overlap=20, dependence=4)


def stories(found: dict[str, Stream], quick: bool) -> Iterator[str]:
    """Rows of the tables on forecasters and retrains on streams with changes."""
    yield ("| change | contender | log-loss before | first 1,000 after | after these | back to 90 % of oracle skill |")
    yield "|---|---|---|---|---|---|"
    retrains: list[str] = []
    for kind in ("sign flip", "decay to noise", "scale shift", "no change", "recurring"):
        losses: dict[str, list[list[float]]] = {}
        traces: list[Traced] = []
        for stream in found.values():
            for seed in range(1 if quick else RUNS):
                case = story(stream, kind, seed)
                told = {name: contender(case) for name, contender in CONTENDERS.items()}
                trace = tickloop(case)
                traces.append(trace)
                told |= {"Tickloop": trace.told, "oracle": case.oracle}
                for name, each in told.items():
                    losses.setdefault(name, []).append(
                        [planted.loss(p, label) for p, label in zip(each, case.labels, strict=False)]
                    )
        length = min(len(each) for every in losses.values() for each in every)
        means = {name: np.mean([each[:length] for each in every], axis=0) for name, every in losses.items()}
        at = 2 * ROUND if kind == "recurring" else CHANGE
        until = 3 * ROUND if kind == "recurring" else length
        for name, mean in means.items():
            before, soon, later = mean[at - 2_000 : at], mean[at : at + 1_000], mean[at + 1_000 : until]
            back = (
                _back(mean[at:until], means["oracle"][at:until]) if kind not in ("decay to noise", "no change") else "-"
            )
            yield f"| {kind} | {name} | {before.mean():.4f} | {soon.mean():.4f} | {later.mean():.4f} | {back} |"
        changes = (ROUND, 2 * ROUND, 3 * ROUND) if kind == "recurring" else (CHANGE,) if kind != "no change" else ()
        retrains.append(_retrains(kind, traces, changes))
    yield ""
    yield (
        "| change | runs | retrains before the first change | after | promoted | of these stored versions "
        "| rejected | first retrain after the change: median |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    yield from retrains


def _retrains(kind: str, traces: Sequence[Traced], changes: Sequence[int]) -> str:
    first = changes[0] if changes else NEVER
    every = [(at, result) for trace in traces for at, result in trace.results]
    delays = [
        min((at - change for at, _ in trace.results if at >= change), default=NEVER)
        for trace in traces
        for change in changes
    ]
    promoted = [result for _, result in every if result.status == "candidate"]
    return (
        f"| {kind} | {len(traces)} | {sum(at < first for at, _ in every)} | {sum(at >= first for at, _ in every)} "
        f"| {len(promoted)} | {sum(result.recipe == 'stored' for result in promoted)} "
        f"| {len(every) - len(promoted)} | {_median(delays)} |"
    )


def _median(delays: Sequence[int]) -> str:
    middle = np.median(delays) if delays else 0.0
    return "-" if not delays else "none" if middle >= NEVER else f"{middle:,.0f}"


def _back(mean: np.ndarray, oracle: np.ndarray, width: int = 500) -> str:
    """Number of the first outcome from which on `width` outcomes have 90 % of the best possible skill."""
    kernel = np.ones(width) / width
    ours, best = (np.convolve(np.log(2.0) - each, kernel, "valid") for each in (mean, oracle))
    at = np.flatnonzero(ours >= 0.9 * best)
    return f"{at[0]:,}" if len(at) else f"not within {len(mean):,}"


def useless(found: dict[str, Stream], quick: bool) -> Iterator[str]:
    """Rows of the table on retrained models that cannot be better than the live one: how many pass the checks."""
    from tests.support.retraining_contenders import useless_candidate

    runs, all_runs, all_passed = 10 if quick else 120, 0, 0
    yield "| nothing to gain because | overlap | runs | passed the gates | upper 95 % bound |"
    yield "|---|---|---|---|---|"
    for why, accuracy in (("labels are noise", 0.5), ("the concept has not changed", 0.6)):
        for overlap in (1, 4):
            passed = 0
            for seed in range(runs):
                stream = list(found.values())[seed % len(found)]
                said = shown(stream, 2_000, accuracy) if accuracy > 0.5 else np.zeros(2_000)
                case = planted.plant(stream.repeated(2_000), said, 1_000 + seed, overlap)
                passed += useless_candidate(case).status == "candidate"
            all_runs, all_passed = all_runs + runs, all_passed + passed
            yield f"| {why} | {overlap} | {runs} | {passed} | {_upper(passed, runs):.3f} |"
    yield f"| all | | {all_runs} | {all_passed} | {_upper(all_passed, all_runs):.3f} |"


def _upper(passed: int, runs: int) -> float:
    """One-sided 95 % upper bound of a rate (Clopper-Pearson)."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, passed + 1, runs - passed)) if passed < runs else 1.0


def main(arguments: list[str]) -> None:
    quick, write = "--quick" in arguments, "--write" in arguments
    folders = [each for each in arguments if not each.startswith("--")]
    found = streams(Path(folders[0]) if folders else ROOT.parent / "shared" / "data", quick)
    lines = [f"Streams: {', '.join(f'{name} ({len(each.rules):,} outcomes)' for name, each in found.items())}."]
    for title, part in (
        ("### Noticing", detection),
        ("### Useless candidates", useless),
        ("### Changes, and who copes", stories),
    ):
        lines += ["", title, ""]
        print("\n".join(lines[-3:]), flush=True)
        for line in part(found, quick):
            lines.append(line)
            print(line, flush=True)
    if write:
        document = ROOT / "docs" / "retraining.md"
        text = document.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        document.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
