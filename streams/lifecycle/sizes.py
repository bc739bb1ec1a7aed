"""What a command may carry: what it leads to must fit into the topics that it goes to."""

from schemas.commands import Command, PinVersion, Retrain, StartVariant, StopVariant
from schemas.errors import Refused
from streams.market.directives import LONGEST_NAME

LONGEST_CAUSE = 1_000
MOST_METRICS = 64


def check_sizes(command: Command) -> None:
    """Raises `Refused` for a command that would stop its partition for ever."""
    texts, names = [command.cause], []
    if isinstance(command, Retrain):
        texts += [command.breach.sentence, command.breach.withheld, command.breach.detector]
        names.append(command.id)
        if command.breach.id != command.id:
            raise Refused("bad_command", f"retrain: expected the id of its breach, was {command.breach.id!r:.80}")
    elif isinstance(command, PinVersion):
        names.append(command.id)
    elif not isinstance(command, StopVariant):
        if len(command.metrics) > MOST_METRICS:
            raise Refused("bad_command", f"expected at most {MOST_METRICS} metrics, was {len(command.metrics)}")
        names.extend(command.metrics)
    if isinstance(command, StartVariant):
        names += [command.experiment, command.sha256, *([command.model.parent] if command.model else ())]
    for text in texts:
        if len(text) > LONGEST_CAUSE:
            raise Refused("bad_command", f"expected a cause of at most {LONGEST_CAUSE} characters, was {len(text)}")
    for name in names:
        if len(name) > LONGEST_NAME:
            raise Refused("bad_command", f"expected names of at most {LONGEST_NAME} characters, was {name!r:.80}")
