"""A register of parts of one kind that parameters name: the built-in ones, and those of the user."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.engine.configured import configured, expect_known

Part = TypeVar("Part")


class RegisteredPart(Generic[Part]):
    """A part that parameters can name.

    Args:
        part: its class, or a function that makes it.
        build: makes it from the parameters of its table, and from what else its kind is made of.
        state: type of its states; None: it has none, or says it as `state` itself.
        own: whether a plug-in brings it.
    """

    def __init__(self, part: Any, build: Callable[..., Part], state: Any = None, *, own: bool = False) -> None:
        self.part = part
        self.build = build
        self.state = getattr(part, "state", None) if state is None else state
        self.own = own


class Registry(dict[str, RegisteredPart[Part]]):
    """Parts of one kind by name, in the order in which they were registered.

    Args:
        table: of the parameters that name the parts; they have a field `own`, with a table for each part of the user.
        kind: of all these parts, in errors: `strategies`.
        built_in: what ships: each part, and how it is made from the parameters.
        reserved: further names that no part may have.

    >>> class Half:
    ...     def __init__(self, parameters):
    ...         self.slope = parameters.slope
    >>> from streams.market.strategies.parameters import ImbalanceParameters
    >>> Half.Parameters = ImbalanceParameters
    >>> halves = Registry("market.halves", "halves", {})
    >>> halves.register("mine", Half)
    >>> from types import SimpleNamespace
    >>> halves.build("mine", SimpleNamespace(own={"mine": {"slope": 0.5}})).slope
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
        """Make a part of the user known, so that parameters can name it.

        Args:
            name: unique among all parts of the kind.
            part: its class. One with an attribute `Parameters`, a `msgspec.Struct`, is given them, filled from the
                table `own.<name>`; another one is given nothing. A function without `Parameters` is given what
                built-in parts are made of: the parameters of the whole table (a sizing rule the horizon in ns, too).
            state: type of its states, where it has some and does not say so as `state` itself.

        Raises:
            ConfigurationError: the name is taken, or is none.
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
        """Names of those that plug-ins bring."""
        return [name for name, part in self.items() if part.own]

    def find(self, name: str) -> RegisteredPart[Part]:
        """The part of a name.

        Raises:
            ConfigurationError: there is none; says the ones that are nearest.
        """
        self.expect((name,))
        return self[name]

    def build(self, name: str, parameters: Any, *more: Any) -> Part:
        """One part, made from the parameters of its table; raises `ConfigurationError` as `find` does."""
        return self.find(name).build(parameters, *more)

    def build_each(self, names: Sequence[str], parameters: Any, *more: Any) -> dict[str, Part]:
        """Several parts, each once, in their order.

        Raises:
            ConfigurationError: there is none of a name, or one is given twice.
        """
        self.expect(names)
        if len(set(names)) < len(names):
            raise ConfigurationError(
                f"[{self.table}]: expected each of {', '.join(self)} at most once, was {', '.join(names)}; "
                "fix: take the second one out"
            )
        return {name: self[name].build(parameters, *more) for name in names}

    def expect(self, names: Iterable[str], table: str = "") -> None:
        """Refuse names of nothing.

        Args:
            names: that parameters use.
            table: that they stand in, where that is another one: of one symbol.

        Raises:
            ConfigurationError: with the first of them, and the one that was meant.
        """
        expect_known(names, self, table or self.table, self.kind)

    def expect_own(self, names: Iterable[str], table: str = "") -> None:
        """Refuse tables of parameters for what no plug-in brings; see `expect`."""
        expect_known(names, self.own, f"{table or self.table}.own", f"{self.kind} of plug-ins")
