"""Prints an audit trail on a terminal."""

from collections.abc import Sequence

from rich.console import Console

from agents.audit.lineage import Link, manual_steps
from agents.pages.wording import moment
from agents.process.printable import printable


def show_links(console: Console, links: Sequence[Link]) -> None:
    """Print the records of an audit trail, one a line, and below them the number of commands that a person gave."""
    for each in links:
        mark = "by hand" if each.manual else ""
        console.print(
            f"  {moment(each.ts_event)}  {each.kind:9}  {mark:7}  {printable(each.what)}  [{printable(each.id)}]",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    steps = manual_steps(links)
    console.print(f"  manual steps: {steps or 'none'}", highlight=False)
