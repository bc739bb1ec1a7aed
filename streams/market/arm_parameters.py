"""Parameters of each arm, and the objects that are built from them.

An arm is one of the variants of the pipeline that run side by side on a symbol. It has the parameters of its symbol,
except for those that it overrides.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, get_type_hints

from msgspec import MsgspecError, UnsetType, convert, json, to_builtins

from schemas.commands import StartVariant
from schemas.errors import ConfigurationError, ModelRefused, Refused
from schemas.models import ExpertModel, ModelState, WarmedWorld
from schemas.names import MODEL
from schemas.ticks import Directive
from schemas.topics import MIB
from streams.engine.configured import merged
from streams.market.arms import Arms, ArmState
from streams.market.feature_users import vector_of_models
from streams.market.models import signed_logistic
from streams.market.models.experts import implied
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.market.sizing import Sizing
from streams.market.symbol_state import SymbolState
from streams.market.world_checks import loaded
from streams.market.worlds import World, WorldState

ARM_LEVEL = ("model", "models", "recall", "mixture", "correction", "confidence", "sizing")
"""Tables of parameters that an arm may override while it shares all that is computed before with the other arms."""

WORLD_LEVEL = ("features", "regime", "strategies", "costs")
"""Tables for which an arm computes everything by itself, see `streams.market.worlds`."""

COMMON = {"model": ("features",), "sizing": ("memory",)}
"""Fields of those tables that concern what is common to all arms, so that no arm may override them."""

LARGEST = 8_000
"""Largest overrides of an arm, bytes: they are part of the symbol's state."""

MOST_BUILT = 256
"""Sets of overrides whose operators are cached; others are built again when needed, with the same results."""


ROOM = 3 * MIB
"""Most bytes that the further models of all arms of a symbol may take together in its state."""


class ArmParts(NamedTuple):
    """Objects built from the parameters of one arm; they compute, and hold no learned numbers.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        parameters: the symbol's parameters, with the arm's overrides in their place.
        arms: computes the arm's probabilities and teaches it.
        sizing: computes the arm's positions.
        world: computes features, regime and strategies of an arm that differs in these; None: those of the symbol.
    """

    parameters: MarketParameters
    arms: Arms
    sizing: Sizing
    world: World | None = None


_TYPES = get_type_hints(MarketParameters)
TABLES: Mapping[str, Any] = {name: _TYPES[name] for name in (*ARM_LEVEL, *WORLD_LEVEL)}
"""Tables that an arm may override, and their types."""


class ArmParameters:
    """Builds and keeps the objects that compute with the parameters of each arm of a symbol.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Its overrides are the parameters
    that differ from the symbol's. `ArmParameters` is indexed by the overrides as canonical JSON; the objects for them
    are built when they are first asked for.

    Args:
        parameters: parameters of the symbol.

    Attributes:
        own: objects of an arm without overrides.
        world: computes features, regime and opinions of strategies with the symbol's own parameters.
        room: most bytes that the models beside the logistic regression may take in the state of a symbol, all arms
            together; see `streams.market.state_size`.

    >>> variants = ArmParameters(MarketParameters())
    >>> bold = variants.overrides({"sizing": {"kelly_fraction": 0.001}})
    >>> bold, variants[bold].parameters.sizing.kelly_fraction, variants[b""].parameters.sizing.kelly_fraction
    (b'{"sizing":{"kelly_fraction":0.001}}', 0.001, 0.0001)
    >>> variants.overrides({"admission": {"max_jump": 0.5}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: overrides: expected tables among model, models, ..., costs, was admission
    """

    def __init__(self, parameters: MarketParameters) -> None:
        self._parameters = parameters
        self._tables: dict[str, Any] = {name: to_builtins(getattr(parameters, name)) for name in TABLES}
        self._vector = vector_of_models(parameters)
        self.world = World(parameters)
        self._built: dict[bytes, ArmParts] = {}
        self.room = ROOM
        self.own = self._parts(parameters)

    def table(self, name: str) -> dict[str, Any]:
        """Return one table of the symbol's parameters, as a dict from the name of a parameter to its value.

        Args:
            name: a table in which an arm (variant of the pipeline that runs on the symbol) may override parameters:
                `model`, `recall`, `mixture`, `correction`, `confidence` or `sizing`.
        """
        found: dict[str, Any] = self._tables[name]
        return found

    def __getitem__(self, overrides: bytes) -> ArmParts:
        """Return the objects built from the symbol's parameters, with an arm's overrides in their place.

        An arm is one of the variants of the pipeline that run side by side on the symbol.

        Args:
            overrides: the parameters of the arm that differ from the symbol's, as the method `overrides` returns them;
                empty if no parameter differs.

        Raises:
            ValueError: a parameter is unknown, or its value is not valid.
        """
        if not overrides:
            return self.own
        found = self._built.get(overrides)
        if found is None:
            if len(self._built) >= MOST_BUILT:
                del self._built[next(iter(self._built))]
            found = self._built[overrides] = self._build(json.decode(overrides))
        return found

    def overrides(self, table: Mapping[str, Mapping[str, Any]]) -> bytes:
        """Check the overrides of an arm and return them as canonical JSON.

        An arm is one of the variants of the pipeline that run side by side on the symbol. Equal tables give equal
        bytes, an empty table gives empty bytes.

        Args:
            table: parameters of the arm that differ from the symbol's, by table and name, as in the configuration.

        Raises:
            ValueError: a parameter is unknown or not valid, or the JSON takes more than 2,000 bytes.
        """
        kept = {name: fields for name, fields in table.items() if fields}
        if not kept:
            return b""
        written = json.encode(kept, order="sorted")
        if len(written) > LARGEST:
            raise ValueError(f"overrides: expected at most {LARGEST} bytes, was {len(written)}")
        self[written]
        return written

    def begin(self, directive: Directive, version: str, number: int, state: SymbolState) -> ArmState:
        """Return the new arm that a directive asks for; the caller must add it to the arms of the symbol.

        An arm is one of the variants of the pipeline that run side by side on a symbol; the live arm is the one whose
        predictions are published. The new arm starts from a copy of the live arm if the directive says `from_live`,
        otherwise with nothing learned. A model in the directive takes the place of the arm's model of that name.

        Args:
            directive: a directive `start_arm`, which holds name, overrides and perhaps models for the new arm.
            version: name of the model version that the arm starts from.
            number: identity of the arm within the symbol.
            state: of the symbol, which stays as it is.

        Raises:
            Refused: `bad_directive`: overrides or models are not valid for this symbol, or there is no room for them.
        """
        running = state.arms.arms
        live = running[0]
        overrides, model = self.asked(directive)
        self.expect_room(overrides, [arm.overrides for arm in running])
        variant = self[overrides]
        if directive.from_live:
            learned = deepcopy(live)
            begun = variant.arms.take_over(learned, self[live.overrides].parameters, variant.parameters)
            begun.name, begun.version, begun.number, begun.twin = directive.arm, version, number, live.number
            begun.model = model or begun.model
        else:
            if directive.model is not None and model is None:
                model = deepcopy(live.model)
            start = model or signed_logistic.start(variant.parameters.model)
            begun = variant.arms.start(directive.arm, version, number, start)
            if model is not None and variant.parameters.recall == self[live.overrides].parameters.recall:
                # A new model takes over the stored copies of the one before it.
                begun.recall = variant.arms.remember(live)
        begun.overrides = overrides
        warm = self.warmed(overrides, directive.world)
        begun.world = None
        if variant.world is not None:
            begun.world = self._world_of(variant.world, warm, directive.from_live, state)
        brought = None if directive.model is None else directive.model.expert or None
        if brought is not None:
            models = variant.arms.models
            begun.models[models.names.index(brought.name)] = models.load(brought.name, brought.model)
        return begun

    def warmed(self, overrides: bytes, world: WarmedWorld | UnsetType) -> WorldState | None:
        """Return the state of its world that a new arm brings; None if it brings none.

        An arm is one of the variants of the pipeline that run side by side on a symbol. Its world is what it computes
        for itself because its overrides name features, regime, strategies or costs.

        Args:
            overrides: overrides of the arm, as canonical JSON.
            world: the state as a record holds it.

        Raises:
            Refused: `bad_directive`: the arm has no world, or the state cannot be one of it.
        """
        if not world:
            return None
        variant = self[overrides]
        if variant.world is None:
            raise Refused(
                "bad_directive",
                f"start_arm: world: expected overrides of {', '.join(WORLD_LEVEL)}, were none; fix: start it without",
            )
        return loaded(variant.world, variant.parameters.digest(), world)

    def _world_of(self, world: World, warm: WorldState | None, from_live: bool, state: SymbolState) -> WorldState:
        begun = world.start() if warm is None else self._fitted(world, warm, state)
        if not from_live:
            return begun
        live = state.arms.arms[0]
        if live.world is None:
            return world.inherit(begun, self.world, state.features, state.regime, state.strategies, state.ticks)
        own, other = live.world, self[live.overrides].world
        assert other is not None, "its overrides gave it a world"
        return world.inherit(begun, other, own.features, own.regime, own.strategies, own.ticks)

    def _fitted(self, world: World, warm: WorldState, state: SymbolState) -> WorldState:
        """A brought state; features and regime start cold if time or price of the symbol are elsewhere by now."""
        then, now = warm.features, state.features
        warm.ticks = min(warm.ticks, state.ticks)
        if then is not None and now is not None and then.now.ts_event <= state.admission.clock:
            last = now.now.mid
            if abs(then.now.mid - last) <= self._parameters.admission.max_jump * last:
                return warm
        cold = world.start()
        cold.strategies = warm.strategies
        return cold

    def expect_room(self, overrides: bytes, running: Iterable[bytes]) -> None:
        """Refuse a new arm whose further models and own features would not fit into the state of the symbol.

        Further models are those beside the logistic regression that every arm has. Each says how large its stored
        numbers may become, and so does the world of an arm that computes its own features; all of them together must
        stay within `room`.

        Args:
            overrides: overrides of the new arm, as canonical JSON.
            running: overrides of the arms that the symbol has.

        Raises:
            Refused: `bad_directive`.
        """
        wanted = self._largest_bytes(overrides)
        taken = sum(map(self._largest_bytes, running))
        if wanted and wanted + taken > self.room:
            raise Refused(
                "bad_directive",
                f"start_arm: expected models and own features of at most {max(0, self.room - taken):,} bytes beside "
                f"those of the other arms, was {wanted:,}; fix: stop an arm, or a smaller largest_bytes",
            )

    def _largest_bytes(self, overrides: bytes) -> int:
        _, arms, _, world = self[overrides]
        return arms.models.largest_bytes + (0 if world is None else world.largest_bytes)

    def asked(self, directive: Directive | StartVariant) -> tuple[bytes, SignedLogistic | None]:
        """Return the checked overrides and the model of a request to start an arm.

        An arm is one of the variants of the pipeline that run side by side on a symbol.

        Args:
            directive: a directive `start_arm`, or the command from which such a directive is made.

        Returns:
            The overrides (parameters of the arm that differ from the symbol's) as canonical JSON; and the model, or
            None if the request has none.

        Raises:
            Refused: `bad_directive`: overrides, model or the state of a world are not valid for this symbol.
        """
        try:
            overrides, model = self.checked(directive.overrides, directive.model, directive.from_live)
        except (ConfigurationError, ModelRefused) as error:
            raise Refused("bad_directive", f"start_arm: {error}") from error
        self.warmed(overrides, directive.world)
        return overrides, model

    def checked(
        self, table: Mapping[str, Mapping[str, Any]], model: ModelState | None, from_live: bool
    ) -> tuple[bytes, SignedLogistic | None]:
        """Check the overrides and models that a new arm would start with.

        An arm is one of the variants of the pipeline that run side by side on a symbol. Its overrides
        are the parameters that differ from the symbol's. The argument `model` may hold a logistic
        regression and one further model. If neither the overrides nor the symbol's parameters have a
        table for the further model, such a table is added to the overrides.

        Args:
            table: the overrides, by table and name.
            model: models that the arm would start with; None if there are none.
            from_live: whether the arm would start from a copy of the live arm, whose model has learned
                already. The live arm is the one whose predictions are published.

        Returns:
            The overrides as canonical JSON; and the logistic regression, or None if `model` has none.

        Raises:
            ConfigurationError: overrides or models are not valid for this symbol; or the overrides give
                starting weights (`prior`) to a model that has learned already.
            ModelRefused: the numbers of the further model cannot be those of a model of its kind.
        """
        brought = None if model is None else model.expert or None
        try:
            overrides = self.overrides(self._with_model(table, brought))
            start = None
            if model is not None and model.model is not None:
                start = signed_logistic.from_wire(model.model, self._parameters.model.features)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        if brought is not None:
            models = self[overrides].arms.models
            if brought.name not in models.names:
                raise ConfigurationError(f"expected a weight above 0 in mixture.prior for {brought.name!r:.80}, was 0")
            models.load(brought.name, brought.model)
        if "prior" in table.get("model", ()) and (start or from_live):
            raise ConfigurationError("expected a prior of the model or one that has learned, was both")
        return overrides, start

    def _with_model(
        self, table: Mapping[str, Mapping[str, Any]], brought: ExpertModel | None
    ) -> Mapping[str, Mapping[str, Any]]:
        """Overrides with a table for a further model that has none yet, as its state implies it."""
        if brought is None or brought.name in table.get("models", ()) or brought.name in self._parameters.models:
            return table
        return {**table, "models": {**table.get("models", {}), brought.name: implied(brought.model)}}

    def _parts(self, parameters: MarketParameters, world: World | None = None) -> ArmParts:
        arms = Arms(parameters, self._vector if world is None else None)
        return ArmParts(parameters, arms, Sizing(parameters.sizing, parameters.horizon_ns), world)

    def _build(self, table: dict[str, dict[str, Any]]) -> ArmParts:
        if unknown := [name for name in table if name not in TABLES]:
            raise ValueError(f"overrides: expected tables among {', '.join(TABLES)}, was {', '.join(unknown):.80}")
        changed = {name: self._changed(name, fields) for name, fields in table.items()}
        parameters = MarketParameters(
            **{name: changed.get(name, getattr(self._parameters, name)) for name in MarketParameters.__struct_fields__}
        )
        experts = (*parameters.strategies.enabled, MODEL, *parameters.models)
        prior = table.get("mixture", {}).get("prior", {})
        if nobody := [expert for expert in prior if expert not in experts]:
            raise ValueError(
                f"overrides.mixture.prior: expected experts among {', '.join(experts)}, was {nobody[0]!r:.80}"
            )
        try:
            differs = any(name in table for name in WORLD_LEVEL)
            return self._parts(parameters, World(parameters) if differs else None)
        except ConfigurationError as error:
            raise ValueError(f"overrides: {error}") from error
        except Exception as error:  # a calibrator or rule may be the user's
            raise ValueError(f"overrides: nothing can be built with them: {type(error).__name__}: {error}") from error

    def _changed(self, name: str, fields: dict[str, Any]) -> Any:
        common = [field for field in COMMON.get(name, ()) if field in fields]
        if common:
            raise ValueError(f"overrides.{name}: expected what is an arm's own, was {', '.join(common)}")
        try:
            return convert(merged(self._tables[name], fields), TABLES[name])
        except MsgspecError as error:
            raise ValueError(f"overrides.{name}: {error}") from error
