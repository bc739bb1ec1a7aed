"""Every error that tickloop raises on purpose.

```
TickloopError                 a sentence for a person: what was expected, what was found, how to fix it
├── Refused                   one input record cannot be taken; it becomes a dead letter and the stream goes on
├── ConfigurationError        a setting, parameter file or command line makes no sense
├── EnvironmentProblem        the machine lacks something: Java, jars, a broker that answers
├── StateError                stored state contradicts its source log; going on would be wrong
└── ModelRefused              a model record is malformed, corrupt, of another kind, or comes at the wrong time
```
"""

LONGEST_DETAIL = 1_000
"""Longest detail of a refusal, characters: a parser's message may quote a megabyte of the record."""


FIX = "; fix: "
"""Between what was found and what to do about it."""


class TickloopError(Exception):
    """Base of the tree: the message is a sentence that a person can act on.

    Args:
        sentence: what was expected and what was found; after `FIX` what to do about it.
        where: file or table that it is about; it is said before the sentence.

    Attributes:
        where: as given.
        found: the sentence up to `FIX`.
        fix: what follows, empty where the sentence names none.

    >>> error = TickloopError("expected a port, was 'x'; fix: --port N", where="loop.toml")
    >>> str(error)
    "loop.toml: expected a port, was 'x'; fix: --port N"
    >>> error.where, error.found, error.fix
    ('loop.toml', "expected a port, was 'x'", '--port N')
    """

    def __init__(self, sentence: str = "", where: str = "") -> None:
        super().__init__(f"{where}: {sentence}" if where else sentence)
        self.where = where
        self.found, _, self.fix = sentence.partition(FIX)


class Refused(TickloopError):
    """One input record is not acceptable.

    Args:
        reason: stable machine-readable code, for example `crossed_quote`.
        detail: sentence for a person, with the offending value; cut after `LONGEST_DETAIL` characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        if len(detail) > LONGEST_DETAIL:
            detail = f"{detail[: LONGEST_DETAIL - 4]} ..."
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str]]:
        """Pickle it as reason and detail, so that another process can build it again."""
        return type(self), (self.reason, self.detail)


class ConfigurationError(TickloopError):
    """A setting, a parameter file or a command line makes no sense."""


class EnvironmentProblem(TickloopError):
    """The machine lacks something that this command needs."""


class StateError(TickloopError):
    """Stored state contradicts the log it was computed from."""


class ModelRefused(TickloopError):
    """A model record is malformed, corrupt, of another kind or schema, or comes at the wrong time; nothing changed."""
