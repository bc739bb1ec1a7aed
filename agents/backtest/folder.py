"""The folder of a backtest. It holds intermediate files while the backtest runs, then result tables and a summary."""

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from agents.backtest.parts import assemble
from agents.backtest.plan import PLUGINS, BacktestPlan, is_same
from agents.backtest.share import LOCK, Checkpoint
from agents.broker.exclusive import exclusive_at_once
from agents.config.changed import changes
from agents.identity.computing import Identity
from schemas.codec import decoder
from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError
from streams.engine.backtest import Facts
from streams.reports.backtest_columns import LINES, TABLES, columns, frame
from streams.reports.backtest_summary import columns_for_skill, summary

PLAN, SUMMARY, TEAR_SHEET, CODE = "run.toml", "summary.json", "tear-sheet.html", "code.json"
DEAD_LETTERS = "dead-letters.jsonl"
UNFINISHED, TRASH = ".unfinished", ".finished"

BEGUN = (UNFINISHED, CODE, "code.new", "run.new")
"""Files that a folder may hold although its plan could not be written, on a full disk for example."""


class RunFolder:
    """The folder of one backtest on disk, and access to its results.

    Attributes:
        path: path of the folder.
        unfinished: subfolder for intermediate tables and checkpoints; deleted when the backtest is finished.
        replaced: phrase for the user that says which earlier backtest the last `begin` deleted; empty if none.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.unfinished = self.path / UNFINISHED
        self.replaced = ""

    @property
    def finished(self) -> bool:
        """Whether the folder holds a backtest that was computed to the end of its input."""
        return (self.path / SUMMARY).exists() and not self.unfinished.exists()

    def begin(self, plan: BacktestPlan, shares: int) -> int:
        """Prepare the folder for a new backtest, or for resuming the backtest that it holds.

        An unfinished backtest is deleted if it had another plan or other code. A finished backtest of another plan is
        deleted only if it made no prediction, as happens with wrong options. `replaced` says what was deleted.

        Args:
            plan: the backtest to run.
            shares: number of shares to divide a new backtest into. A share is the set of partitions that one process
                computes.

        Returns:
            The number of shares to compute. A resumed backtest keeps the number that it began with; 0 says that the
            folder holds this backtest already finished.

        Raises:
            ConfigurationError: the path is a file or a broken link; or the folder holds a finished backtest of another
                plan, or files of something else; or another process works on the backtest in it.
            OSError: the folder cannot be made or written.
        """
        self.replaced = ""
        self._expect_no_file()
        text, written = plan.text(), self.path / PLAN
        if (self.path / TRASH).exists():
            shutil.rmtree(self.path / TRASH)
        divided = self.unfinished / "shares"
        if written.exists():
            same = is_same(written.read_text(), text)
            if self.finished and not same and not self._is_empty():
                raise ConfigurationError(
                    f"{self.path}: expected nothing or the same backtest, was one of other ticks or parameters: "
                    f"{differences(written.read_text(), text)}; fix: another --out; or --config {written}, which has "
                    "the parameters of that one; or remove the folder"
                )
            if self.finished and same:
                return 0
            if not same:
                what = "a backtest without predictions" if self.finished else "an unfinished backtest"
                self.replaced = f"{what} of other ticks or parameters"
            elif divided.exists():
                if changes := self.computed_otherwise(plan.identity):
                    self.replaced = f"an unfinished backtest of other code ({changes})"
                else:
                    return int(divided.read_text())
            if self.replaced:
                self._give_way()
        elif self.path.exists() and any(each.name not in BEGUN for each in self.path.iterdir()):
            raise ConfigurationError(
                f"{self.path}: expected an empty folder or one of a backtest, was neither; fix: another --out"
            )
        self.unfinished.mkdir(parents=True, exist_ok=True)
        _write(self.path / CODE, msgspec.json.format(msgspec.json.encode(plan.identity), indent=2).decode() + "\n")
        _write(written, text)
        new = self.unfinished / "shares.new"
        new.write_text(str(shares))
        new.replace(self.unfinished / "shares")
        return shares

    def _expect_no_file(self) -> None:
        for each in (self.path, *self.path.parents):
            if each.is_symlink() and not each.exists():
                raise ConfigurationError(f"{each}: expected a folder, was a link to nowhere; fix: another --out")
            if each.exists() and not each.is_dir():
                raise ConfigurationError(f"{each}: expected a folder or nothing, was a file; fix: another --out")

    def _is_empty(self) -> bool:
        """Whether the finished backtest made no prediction."""
        try:
            # Not `self.summary`, which is cached: the summary will be another one in the end.
            return not msgspec.json.decode((self.path / SUMMARY).read_bytes())["counts"]["predictions"]
        except (KeyError, TypeError, msgspec.DecodeError):
            return False

    def _give_way(self) -> None:
        """Delete the files of the backtest in the folder, and no other files."""
        with ExitStack() as held:
            for lock in sorted(self.unfinished.glob(f"{LOCK}*")):
                if not held.enter_context(exclusive_at_once(lock)):
                    raise ConfigurationError(f"{self.path}: another process is at it; fix: stop it, or another --out")
            # The plan last: by it the folder is recognised as that of a backtest.
            shutil.rmtree(self.unfinished, ignore_errors=True)
            for name in (*(self.table(kind).name for kind in TABLES), SUMMARY, TEAR_SHEET, CODE, PLAN):
                for path in ((self.path / name).with_suffix(".new"), self.path / name):
                    path.unlink(missing_ok=True)

    def computed_otherwise(self, identity: Identity) -> str:
        """Phrase that lists how code, plug-ins and libraries have changed since the backtest in the folder was begun.

        Args:
            identity: digests of the present code, plug-ins and libraries.

        Returns:
            The phrase; empty if nothing has changed.
        """
        try:
            before = msgspec.json.decode((self.path / CODE).read_bytes(), type=Identity)
        except (FileNotFoundError, msgspec.DecodeError):
            return f"{CODE} does not say which"
        return identity.changes_since(before.parts)

    def finish(self, plan: BacktestPlan, checkpoints: list[Checkpoint]) -> None:
        """Join the intermediate tables, write the summary and the tear sheet, and delete the intermediate files.

        Args:
            plan: the backtest.
            checkpoints: the last checkpoint of each share (the partitions that one process computed).
        """
        for kind in TABLES:
            assemble(self.unfinished, kind, checkpoints[0].segments, len(checkpoints), self.table(kind))
        facts = together(each.facts for each in checkpoints)
        outcomes = pd.read_parquet(self.path / "outcomes.parquet", columns=self._columns_for_skill())
        said = {
            "title": plan.name,
            "inputs": {each.name: each.sha256 for each in plan.inputs},
            **summary(facts, plan.parameters, outcomes, self.account),
        }
        _write(self.path / SUMMARY, msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n")
        from agents.pages.tear_sheet import tear_sheet  # takes longer to load than most files to read

        _write(self.path / TEAR_SHEET, tear_sheet(self))
        # Renamed first, in one step: a folder of which half is deleted would pass for a whole one.
        trash = self.unfinished.rename(self.path / TRASH)
        shutil.rmtree(trash)

    def table(self, kind: type) -> Path:
        """Path of the result table for records of the class `kind`."""
        name = TABLES[kind]
        return self.path / (f"{name}.jsonl" if kind in LINES else f"{name}.parquet")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "predictions.parquet")

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "outcomes.parquet")

    @cached_property
    def account(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "account.parquet")

    @cached_property
    def decisions(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "decisions.parquet")

    @cached_property
    def dead_letters(self) -> pd.DataFrame:
        decode = decoder(DeadLetter)
        lines = (self.path / DEAD_LETTERS).read_bytes().splitlines()
        return frame(DeadLetter, columns(DeadLetter, [decode(line) for line in lines]))

    @cached_property
    def summary(self) -> dict[str, Any]:
        said: dict[str, Any] = msgspec.json.decode((self.path / SUMMARY).read_bytes())
        return said

    def _columns_for_skill(self) -> list[str]:
        from pyarrow import parquet

        return columns_for_skill(parquet.read_schema(self.path / "outcomes.parquet").names)


def differences(before: str, now: str) -> str:
    r"""Phrase that lists the differences between two plans, given as the texts that `BacktestPlan.text` makes.

    Files of ticks are called `ticks`. The digest of all parameters is left out: each parameter that differs is named.

    >>> one = "[run]\nparameters = 'ab'\ninput = [{name = 'a.csv', sha256 = '1'}]\n[market]\nwarmup_ticks = 1\n"
    >>> differences(one, one.replace("ab", "cd").replace("a.csv", "b.csv").replace("ticks = 1", "ticks = 2"))
    'ticks (was a.csv, is b.csv), market.warmup_ticks (was 1, is 2)'
    """
    try:
        tables = [dict(msgspec.toml.decode(text)) for text in (before, now)]
        runs = [dict(table.pop("run")) for table in tables]
        files = [run.pop("input") for run in runs]
        names = [", ".join(each["name"] for each in of_run) for of_run in files]
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"its {PLAN} is not one that a backtest wrote"
    formats = [run.pop("format_file", None) for run in runs]
    for run in runs:
        run.pop("parameters", None)  # a digest of what is told field by field
    for table in tables:
        table.pop(PLUGINS, None)
    told = []
    if names[0] != names[1]:
        told.append(f"ticks (was {names[0]}, is {names[1]})")
    elif files[0] != files[1]:
        told.append(f"ticks ({names[1]} has changed since)")
    if formats[0] != formats[1] and runs[0].get("columns") == runs[1].get("columns"):
        told.append(f"the format ({(formats[1] or formats[0])['name']} has changed since)")
    told += filter(None, (changes(runs[0], runs[1]), changes(tables[0], tables[1])))
    return ", ".join(told) or "its text"


def together(facts: Iterable[Facts]) -> Facts:
    """The counts and digests of a whole backtest, combined from those of its shares.

    A share is the set of partitions that one process computed.
    """
    whole = Facts()
    for each in facts:
        whole.ticks += each.ticks
        whole.first = min(filter(None, (whole.first, each.first)), default=0)
        whole.last = max(whole.last, each.last)
        for mine, theirs in ((whole.counts, each.counts), (whole.refused, each.refused)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for topic, chains in each.digests.items():
            whole.digests.setdefault(topic, {}).update(chains)
    return whole


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
