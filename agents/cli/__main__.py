"""Makes `python -m agents.cli` the same as the command `tickloop`."""

from agents.cli import main

main()
