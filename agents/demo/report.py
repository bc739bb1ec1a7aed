"""Prints the short summary after a demo: records, latency, skill, the killed worker, checks and next steps."""

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents.demo.summary import Summary
from streams.scoring.skill import Skill

SYNTHETIC = (
    "The market is synthetic: a seeded generator planted patterns in it, so the skill says that the loop finds what is "
    "there, and nothing about money. Workers, processes and records are real, on {cluster}."
)
REAL = (
    "The ticks are real, the positions are not: they are sized at the mid with the costs of the parameter file, "
    "without queues, latency to a venue or market impact."
)

BUSY = 0.9
"""How busy the cores are from which on what runs on them waits for one another."""


def show(summary: Summary, console: Console) -> None:
    """Print the short summary of a demo; `agents.demo.details` prints the rest."""
    title = Text("It ran, and every check holds" if summary.holds else "A check does not hold", style="bold")
    console.print(Rule(title, align="left", style="dim"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    for name, said in _rows(summary):
        grid.add_row(name, said)
    console.print(Padding(grid, (0, 0, 1, 2)))
    console.print(Text((SYNTHETIC if summary.synthetic else REAL).format(cluster=summary.cluster), style="dim"))
    console.print()


def show_next_steps(summary: Summary, console: Console) -> None:
    """Print commands with which the user can go on, for example to look at or remove what the demo kept."""
    steps = [
        ("tickloop demo --verbose", "each check, refusals by reason, latencies, all baselines"),
        ("tickloop up", "keeps broker, workers and the live page running, and says the page's address"),
        ("tickloop publish FILE", "your own ticks: CSV, JSON, Parquet; docs/formats.md"),
        ("tickloop consume predictions", "what comes out, each record once; all topics: docs/topics.md"),
    ]
    look = "look at what it left"
    if summary.prefix:
        steps[:0] = [(f"TICKLOOP_PREFIX={summary.prefix} tickloop consume predictions --from -20", look)]
    elif summary.home:
        home = f"TICKLOOP_HOME={summary.home}"
        steps[:0] = [
            (f"{home} tickloop consume predictions --from -20", look),
            (f"{home} tickloop broker reset && rm -r {summary.home}", "remove it"),
        ]
    console.print(Text("Next", style="bold"))
    for command, why in steps:
        line = Text(f"  {command:<29}").append(f" {why}", style="dim")
        console.print(line, soft_wrap=True)


def _rows(summary: Summary) -> list[tuple[str, Text]]:
    audit, kill = summary.audit, summary.kill
    refused = sum(summary.refused.values())
    rows = [
        ("ticks", Text(f"{summary.sent:,} of {summary.market} in {summary.seconds:.0f} s; {refused:,} refused")),
        ("predictions", Text(f"{audit.predictions:,} for {audit.accepted:,} accepted ticks, each once for a reader")),
        ("latency", Text(_latency(summary))),
    ]
    if summary.busy > BUSY:
        rows.append(("", Text(f"the {summary.cores} cores were {summary.busy:.0%} busy, so ticks waited for one")))
    rows.append(("skill", verdict(summary.skill)))
    if kill is not None:
        back = "came back by itself" if kill.restarts else "did not come back"
        said = f"{kill.worker} of {summary.workers} after {kill.after:,} ticks; it {back}"
        rows.append(("kill -9", Text(f"{said}; {audit.repeats:,} records sent again")))
    checks = audit.checks
    broken = [check for check in checks if not check.holds]
    if broken:
        rows += [("", Text(f"\N{BALLOT X} {check.claim}: {check.found}", style="bold red")) for check in broken]
    else:
        held = f"\N{CHECK MARK} all {len(checks)}; each record is, byte for byte, what a replay of the ticks gives"
        rows.append(("checks", Text(held, style="green")))
    return rows


def _latency(summary: Summary) -> str:
    whole, calm = summary.latency, summary.undisturbed or summary.latency
    if whole is None or calm is None:
        return "no tick was answered"
    said = f"p50 {calm.p50_ms:,.1f} ms, p99 {calm.p99_ms:,.1f} ms from tick to reader"
    if summary.undisturbed is not None:
        said += f" before the kill; longest with it {whole.longest_ms / 1_000:,.1f} s"
    return said


def verdict(figures: Skill | None) -> Text:
    """Sentence that says whether the predictions were better than the best baseline, with a 95 % interval.

    Args:
        figures: scores of predictions and baselines; None if no price has moved after a scored prediction.
    """
    if figures is None:
        return Text("no scored prediction has met a move yet: too few ticks to say anything")
    said = f"{figures.skill:+.1%} over the best baseline, {figures.best_baseline}"
    if figures.low is None or figures.high is None:
        return Text(f"{said}; too few moves for an interval")
    text = Text(f"{said}; 95 % interval {figures.low:+.1%} to {figures.high:+.1%}: ")
    if figures.low > 0:
        return text.append("improvement shown", style="green")
    if figures.high < 0:
        return text.append("worse than the baseline", style="red")
    return text.append("no improvement shown", style="yellow")
