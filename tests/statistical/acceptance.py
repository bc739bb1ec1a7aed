"""Measures every claim about experiments: `python -m tests.statistical.acceptance [ticks.csv.gz ...]`.

Every claim has a seed of its own, so that it can be repeated alone. All claims at full length take about ten
minutes; the table is written to docs/statistics.md. Tests measure the same claims with fewer replications.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import inf, sqrt
from time import process_time

import numpy as np
from rich.console import Console
from rich.progress import Progress
from scipy.stats import binom

from tests.statistical import error_rates as rates
from tests.statistical.claims import CLAIMS, Claim
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "statistics.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


@dataclass(frozen=True)
class Measured:
    claim: Claim
    value: float
    replications: int

    @property
    def error(self) -> float:
        """Standard error of a measured rate; 0 for a claim about a number."""
        return sqrt(self.value * (1 - self.value) / self.replications) if self.claim.count else 0.0

    def kept(self) -> bool:
        return self.claim.low <= self.value <= self.claim.high

    def not_refuted(self) -> bool:
        """Whether a short run agrees with the claim: its rate is possible, at 99.8 %, for a true rate in the bounds.

        For a control, a rule that must fail, the rate must also be too large for a true rate of 5 %.
        """
        claim, n = self.claim, self.replications
        if claim.measure:
            return self.kept()
        if claim.control and round(self.value * n) <= binom.ppf(0.999, n, 0.05):
            return False
        lowest = binom.ppf(0.001, n, claim.low) / n
        highest = binom.ppf(0.999, n, claim.high) / n
        return bool(lowest <= self.value <= highest)


def measured(claim: Claim, replications: int, step: Callable[[int], None] = lambda done: None) -> Measured:
    """Measure a claim; the same number of replications gives the same result.

    Args:
        claim: the claim.
        replications: number of replications.
        step: called with the number of replications done since the last call.
    """
    random = np.random.default_rng([20_261_123, *f"{claim.group} {claim.name}".encode()])
    if claim.measure:
        value = claim.measure(random, replications)
        step(replications)
        return Measured(claim, value, replications)
    assert claim.count is not None
    total = 0
    for rows in rates.chunks(replications):
        total += claim.count(random, rows)
        step(rows)
    return Measured(claim, total / replications, replications)


def table(found: list[Measured]) -> str:
    """The results as a Markdown table."""
    lines, group = [], ""
    for each in found:
        claim = each.claim
        if claim.group != group:
            group = claim.group
            lines += ["", f"**{group}**", "", "| | measured | must be | replications | |", "|---|---|---|---|---|"]
        if claim.count:
            value = f"{100 * each.value:.2f} ± {100 * each.error:.2f} %"
            low, high = f"{100 * claim.low:g} %", f"{100 * claim.high:g} %"
        else:
            value, low, high = f"{each.value:,.0f}", f"{claim.low:,.0f}", f"{claim.high:,.0f}"
        bounds = (
            f"{low} or more" if claim.high in (1.0, inf) else f"at most {high}" if not claim.low else f"{low} to {high}"
        )
        lines.append(
            f"| {claim.name} | {value} | {bounds} | {each.replications:,} | {'holds' if each.kept() else '**FAILS**'} |"
        )
    return "\n".join(lines[1:]) + "\n"


def main(files: list[str]) -> int:
    """Measure all claims, also on these files, and write docs/statistics.md; return 1 if a claim fails, else 0."""
    from tests.statistical.real_ticks import report

    started, found = process_time(), []
    console = Console(stderr=True)
    with Progress(console=console) as bar:
        task = bar.add_task("claims", total=sum(claim.full for claim in CLAIMS))
        for claim in CLAIMS:
            bar.update(task, description=f"{claim.name[:40]:40}")
            found.append(measured(claim, claim.full, partial(bar.advance, task)))
            if not found[-1].kept():
                console.print(f"FAILS: {claim.group}: {claim.name}: {found[-1].value:.4f}")
        real = [report(name, bar) for name in files]
    minutes = (process_time() - started) / 60
    text = f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make statistics`, {minutes:.0f} minutes of one core.\n\n"
    text += table(found) + ("\n" + "\n".join(real) if real else "")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    failed = sum(not each.kept() for each in found)
    console.print(f"{len(found) - failed} of {len(found)} claims hold; written to {PAGE}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
