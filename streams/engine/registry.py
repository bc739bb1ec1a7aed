"""Registries of exchangeable parts (strategies, features, sizing rules ...) that a configuration chooses by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.engine.configured import configured, expect_known

Part = TypeVar("Part")


class RegisteredPart(Generic[Part]):
    """An exchangeable part (such as a strategy) in a registry, with the function that makes it.

    Args:
        part: class of the part, or a function that returns it.
        build: function that makes the part. Its arguments are the parameters of all parts of this kind, and further
            ones if the kind needs them.
        state: type of the part's state, which snapshots hold; if None, the attribute `state` of `part` is taken, if
            there is one.
        own: whether a user's plug-in registered the part; False for built-in parts.
    """

    def __init__(self, part: Any, build: Callable[..., Part], state: Any = None, *, own: bool = False) -> None:
        self.part = part
        self.build = build
        self.state = getattr(part, "state", None) if state is None else state
        self.own = own


class Registry(dict[str, RegisteredPart[Part]]):
    """Exchangeable parts of one kind, such as strategies, by name: built-in ones, then those of plug-ins.

    Args:
        table: table of the configuration that chooses parts of this kind; its sub-table `own` holds a table of
            parameters for each part of a plug-in.
        kind: what the parts are, in the plural, for errors: `strategies`.
        built_in: for each built-in part its class, and the function that makes it from the parameters.
        reserved: names that no part of a plug-in may have, besides those in use.

    >>> class Half:
    ...     def __init__(self, parameters):
    ...         self.slope = parameters.slope
    >>> from streams.market.strategies.parameters import ImbalanceParameters
    >>> Half.Parameters = ImbalanceParameters
    >>> halves = Registry(table="market.halves", kind="halves", built_in={})
    >>> halves.register("mine", Half)
    >>> from types import SimpleNamespace
    >>> parameters = SimpleNamespace(own={"mine": {"slope": 0.5}})  # the table [market.halves] of a configuration
    >>> halves.build("mine", parameters).slope
    0.5
    >>> halves.register("mine", Half)
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [market.halves]: expected a new name among halves, was 'mine', which another \
one has; fix: choose another
    """

    def __init__(
        self,
        table: str,
        kind: str,
        built_in: Mapping[str, tuple[Any, Callable[..., Part]]],
        reserved: Sequence[str] = (),
    ) -> None:
        super().__init__({name: RegisteredPart(part, build) for name, (part, build) in built_in.items()})
        self.table = table
        self.kind = kind
        self._reserved = frozenset(reserved)

    def register(self, name: str, part: Callable[..., Part], state: Any = None) -> None:
        """Add a part from a user's plug-in, so that a configuration can choose it by name.

        Args:
            name: name of the part, unique in this registry.
            part: class of the part, or a function that returns it. If it has an attribute `Parameters`, a
                `msgspec.Struct`, it is called with an instance of that struct, filled from the configuration table
                `own.<name>`. Otherwise a class is called without arguments, and a function with the parameters of the
                whole table (a sizing rule also gets the horizon, ns).
            state: type of the part's state; if None, the attribute `state` of `part` is taken, if there is one.

        Raises:
            ConfigurationError: the name is taken, or is not a valid name.
        """
        if not is_name(name):
            raise ConfigurationError(f"[{self.table}]: {NAMING_SAID}, was {name!r}; fix: choose another")
        if name in self or name in self._reserved:
            raise ConfigurationError(
                f"[{self.table}]: expected a new name among {self.kind}, was {name!r}, which another one has; "
                "fix: choose another"
            )

        def build(parameters: Any, *more: Any) -> Part:
            table = parameters.own.get(name, {})
            expected = getattr(part, "Parameters", None)
            if expected is not None:
                return part(configured(table, expected, f"{self.table}.own.{name}"))
            if table:
                raise ConfigurationError(
                    f"[{self.table}.own.{name}]: expected no parameters, was {table}; fix: take it out, or give the "
                    "class an attribute Parameters"
                )
            return part() if isinstance(part, type) else part(parameters, *more)

        self[name] = RegisteredPart(part, build, state, own=True)

    @property
    def own(self) -> list[str]:
        """Names of the parts that plug-ins registered, in the order of registration."""
        return [name for name, part in self.items() if part.own]

    def find(self, name: str) -> RegisteredPart[Part]:
        """The part that is registered under a name.

        Raises:
            ConfigurationError: no part is registered under the name; the error suggests similar names.
        """
        self.expect((name,))
        return self[name]

    def build(self, name: str, parameters: Any, *more: Any) -> Part:
        """A new instance of one part.

        Args:
            name: name of the part.
            parameters: parameters of the table that chooses parts of this kind.
            more: further arguments that this kind of part takes.

        Raises:
            ConfigurationError: no part has this name, or its own parameters are not valid.
        """
        return self.find(name).build(parameters, *more)

    def build_each(self, names: Sequence[str], parameters: Any, *more: Any) -> dict[str, Part]:
        """New instances of several parts by name, in the order of `names`.

        Args:
            names: names of parts, each at most once.
            parameters: parameters of the table that chooses parts of this kind.
            more: further arguments that this kind of part takes.

        Raises:
            ConfigurationError: no part has one of the names, a name is given twice, or a part's own parameters are not
                valid.
        """
        self.expect(names)
        if len(set(names)) < len(names):
            raise ConfigurationError(
                f"[{self.table}]: expected each of {', '.join(self)} at most once, was {', '.join(names)}; "
                "fix: take the second one out"
            )
        return {name: self[name].build(parameters, *more) for name in names}

    def expect(self, names: Iterable[str], table: str = "") -> None:
        """Raise an error at the first name under which no part is registered.

        Args:
            names: names that a configuration uses.
            table: table of the configuration that uses them, for the error; empty for the usual table of this registry.

        Raises:
            ConfigurationError: a name is unknown; the message says the first such name and the most similar known name.
        """
        expect_known(names, self, table or self.table, self.kind)

    def expect_own(self, names: Iterable[str], table: str = "") -> None:
        """Raise an error at the first name for which a configuration has parameters, but no plug-in registered a part.

        Args:
            names: names of the tables under `own`, each with the parameters of one plug-in's part.
            table: table of the configuration that holds `own`, for the error; empty for the usual table of this
                registry.

        Raises:
            ConfigurationError: no plug-in registered a name; the message says the first such name and the most similar
                known one.
        """
        expect_known(names, self.own, f"{table or self.table}.own", f"{self.kind} of plug-ins")
