"""Every error that tickloop raises on purpose.

```
TickloopError                 a sentence for a person: what was expected, what was found, how to fix it
├── Refused                   one input record cannot be taken; it becomes a dead letter and the stream goes on
├── ConfigurationError        a setting, parameter file or command line makes no sense
│   └── UnknownName           it names a part that does not exist here, perhaps one of a plug-in
├── EnvironmentProblem        the machine lacks something: Java, jars, a broker that answers
├── StateError                stored state contradicts the log that it was computed from; going on would be wrong
└── ModelRefused              a model record is malformed, corrupt, of another kind, or comes at the wrong time
```
"""

LONGEST_DETAIL = 1_000
"""Longest detail of a refusal, characters: a parser's message may quote a megabyte of the record."""


FIX = "; fix: "
"""Between what was found and what to do about it."""


class TickloopError(Exception):
    """Base class of all errors that tickloop raises on purpose; the message is a sentence that a person can act on.

    Args:
        sentence: what was expected and what was found; then, after `; fix: `, what to do about it.
        where: file or table that the error is about, put before the sentence; empty: none.

    Attributes:
        where: the argument `where`.
        found: the sentence up to `; fix: `.
        fix: what follows `; fix: `; empty if the sentence has no such part.

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
    """One input record is not acceptable; the stream goes on without it.

    Args:
        reason: stable machine-readable code, for example `crossed_quote`.
        detail: sentence for a person, with the offending value; cut to `LONGEST_DETAIL` (1,000) characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        if len(detail) > LONGEST_DETAIL:
            detail = f"{detail[: LONGEST_DETAIL - 4]} ..."
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str]]:
        """Pickle the error as its reason and detail, so that it can pass between processes."""
        return type(self), (self.reason, self.detail)


class ConfigurationError(TickloopError):
    """A setting, a parameter file or a command line is not valid."""


class UnknownName(ConfigurationError):
    """A configuration or a directive names a part that is neither built in nor registered by a plug-in here."""


class EnvironmentProblem(TickloopError):
    """The machine lacks something that the command needs, for example Java or a Kafka broker that answers."""


class StateError(TickloopError):
    """Stored state contradicts the log that it was computed from, so that going on would give wrong results."""


class ModelRefused(TickloopError):
    """A model record is malformed, corrupt, of an unknown kind or schema, or does not fit the present state.

    When this error is raised, nothing has been changed.
    """
