"""`tickloop doctor`: checks this machine and the running system, and says what to do about each fault."""

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.cli.home import settings_of_command
from agents.operations.doctor import examine

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of findings.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check this machine and the running system; the exit code is 1 when a check fails.

    The checks cover versions, Java, Kafka's jars, disk, broker, topics and clocks, and whether one symbol arrives on
    two partitions because producers disagree on the partitioner. The command changes nothing.
    """
    findings = examine(settings_of_command())
    if as_json:
        click.echo(msgspec.json.encode(findings))
    else:
        table = Table("", "check", "finding", box=None)
        for finding in findings:
            verdict = Text(finding.verdict, style=COLOURS[finding.verdict])
            fix = f"\nfix: {finding.fix}" if finding.fix else ""
            table.add_row(verdict, finding.check, Text(finding.found + fix))
        Console().print(table)
    context.exit(int(any(finding.verdict == "fail" for finding in findings)))
