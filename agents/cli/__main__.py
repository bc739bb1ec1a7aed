"""`python -m agents.cli` is the command `tickloop`."""

from agents.cli import main

main()
