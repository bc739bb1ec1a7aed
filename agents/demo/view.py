"""Shows a demo while it runs: a picture that is redrawn on a terminal, and a line every few seconds elsewhere."""

import asyncio
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agents.demo.observed import Observed
from agents.demo.stopwatch import MeasuredLatency, Stopwatch
from agents.operations.supervisor import Slot
from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from streams.scoring.skill import Skill, skill

PICTURE_S = 0.25
LINE_S = 5.0
SKILL_S = 3.0
RECENT = 1_000
"""Outcomes that the running skill is over: few enough not to disturb what is being measured."""

WIDE = 100
COLUMNS = (
    ("symbol", 9),
    ("mid", 10),
    ("next", 6),
    ("confidence", 11),
    ("led by", 15),
    ("regime", 14),
    ("holds", 5),
    ("version", 20),
)
BARS = 6
STYLE = {"up": "green", "down": "red", "flat": "dim"}
ARROW = {"up": "▲ up", "down": "▼ down", "flat": "flat"}


class LiveView:
    """Shows the progress of a demo until it is cancelled.

    Args:
        console: where the progress is shown.
        title: description of the market.
        stopwatch: source of the number of ticks sent and of their latency.
        observed: records that were read from the topics so far.
        slots: the worker processes.
    """

    def __init__(
        self, console: Console, title: str, stopwatch: Stopwatch, observed: Observed, slots: Sequence[Slot]
    ) -> None:
        self._console = console
        self._title = title
        self._stopwatch = stopwatch
        self._observed = observed
        self._slots = slots
        self._skill: Skill | None = None
        self._started = 0.0

    async def run(self) -> None:
        self._started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_scoring())
            group.create_task(self._keep_painting() if self._console.is_terminal else self._keep_writing())

    async def _keep_scoring(self) -> None:
        while True:
            await asyncio.sleep(SKILL_S)
            self._skill = await asyncio.to_thread(recent_skill, self._observed.outcomes[-RECENT:])

    async def _keep_painting(self) -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(self._picture(), refresh=True)
                await asyncio.sleep(PICTURE_S)

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(LINE_S)
            self._console.print(self._line(), highlight=False, soft_wrap=True)

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._started

    def _line(self) -> str:
        observed, stopwatch = self._observed, self._stopwatch
        parts = [
            f"{self._elapsed():.0f} s",
            f"{stopwatch.sent:,} of {len(stopwatch.feed):,} ticks",
            f"{observed.predictions:,} predictions",
        ]
        if (latency := stopwatch.latency()) is not None:
            parts.append(f"latency p50 {latency.p50_ms:.1f} ms")
        if self._skill is not None:
            parts.append(f"skill {self._skill.skill:+.1%} over {self._skill.best_baseline}")
        return "  ".join(parts)

    def _picture(self) -> RenderableType:
        return Group(self._heading(), Text(), self._symbols(), Text(), self._figures(), Text())

    def _heading(self) -> RenderableType:
        sent, total = self._stopwatch.sent, len(self._stopwatch.feed)
        row = Table.grid(padding=(0, 2))
        row.add_row(
            Text("Tickloop demo", style="bold", no_wrap=True),
            Text(self._title, no_wrap=True, overflow="ellipsis"),
            ProgressBar(total=total, completed=sent, width=16),
            Text(f"{self._elapsed():.0f} s", style="dim"),
        )
        return row

    def _symbols(self) -> RenderableType:
        columns = COLUMNS if self._console.width >= WIDE else COLUMNS[:-1]
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
        for title, width in columns:
            table.add_column(title, width=width, no_wrap=True, overflow="ellipsis")
        for _, prediction in sorted(self._observed.latest.items()):
            table.add_row(*_cells(prediction)[: len(columns)])
        return table

    def _figures(self) -> RenderableType:
        observed, stopwatch = self._observed, self._stopwatch
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", width=8)
        grid.add_column()
        waiting = stopwatch.sent - observed.answered
        grid.add_row(
            "ticks",
            f"{stopwatch.sent:,} sent   {observed.predictions:,} predicted   {observed.refused.total():,} refused   "
            f"{waiting:,} on the way   {len(observed.outcomes):,} outcomes",
        )
        grid.add_row("refused", ", ".join(f"{reason} {n:,}" for reason, n in observed.refused.most_common()) or "-")
        latency = stopwatch.latency()
        grid.add_row("latency", "-" if latency is None else _percentiles(latency))
        grid.add_row("skill", "-" if self._skill is None else _running(self._skill))
        grid.add_row("workers", Text("   ").join(map(_worker, self._slots)))
        return grid


def recent_skill(outcomes: Sequence[OutcomeMatured]) -> Skill | None:
    """Scores of predictions and of baselines, from the outcomes of the predictions; None if no price has moved.

    No confidence interval is computed.
    """
    try:
        return skill(outcomes, resamples=1)
    except TickloopError:
        return None


def _cells(prediction: Prediction) -> list[Text | str]:
    style = STYLE[prediction.direction]
    bars = round((prediction.confidence - 0.5) * 2 * BARS)
    held = prediction.position_size
    return [
        Text(prediction.symbol, style="bold"),
        f"{prediction.mid:.8g}",
        Text(ARROW[prediction.direction], style=style),
        Text(f"{prediction.confidence:.2f} ", style=style) + Text("━" * bars, style=style),
        prediction.strategy,
        prediction.regime,
        Text(f"{held:+.2f}" if held else "0", style="dim" if not held else "green" if held > 0 else "red"),
        prediction.model_version,
    ]


def _percentiles(latency: MeasuredLatency) -> str:
    return (
        f"p50 {latency.p50_ms:.1f}   p95 {latency.p95_ms:.1f}   p99 {latency.p99_ms:.1f} ms   "
        f"longest {latency.longest_ms:,.0f} ms"
    )


def _running(figures: Skill) -> str:
    best = next(score for score in figures.baselines if score.name == figures.best_baseline)
    return (
        f"last {figures.scored:,} outcomes: right {figures.pipeline.accuracy:.1%}, log-loss "
        f"{figures.pipeline.log_loss:.3f};  {best.name}: right {best.accuracy:.1%}, log-loss {best.log_loss:.3f}"
    )


def _worker(slot: Slot) -> Text:
    text = Text(f"{slot.name} ")
    text.append("down" if slot.pid is None else f"pid {slot.pid}", style="red" if slot.pid is None else "green")
    if slot.restarts:
        text.append(f" restarted {slot.restarts}x", style="yellow")
    return text
