"""Record of a failing component: what failed in a symbol's pipeline, how often, and what is done in its place."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import Cause, Count, EventTime, Id, Name, NameOrNone, Sentence, Symbol

FaultEffect = Literal["failed", "frozen", "emptied", "restarted"]
"""What has become of a component, see `ComponentFailed.effect`."""


class ComponentFailed(Struct, frozen=True):
    """A component of a symbol's pipeline failed, or a further model reached its largest size.

    Components are the features, the regime, the strategies, the models, the sizing and the like. A further model is one
    of `[market.models]`, beside the logistic regression. An arm is one of the variants of the pipeline that run side by
    side on the symbol.

    That a model has become frozen or emptied is recorded once for each arm. Failures and restarts are recorded at the
    first one and at every tenfold of their number: 1, 10, 100 and so on.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset:index` of the tick at which it happened")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of that tick")]
    arm: Annotated[NameOrNone, Meta(description="arm whose part it is; empty: it is common to the arms of the symbol")]
    version: Annotated[NameOrNone, Meta(description="model version of that arm, or empty")]
    component: Annotated[Name, Meta(description="kind and name of the component, for example `model forest`")]
    effect: Annotated[
        FaultEffect,
        Meta(
            description="`failed`: it raised an error or answered what it must not, and a harmless value stands in for "
            "its answer; `frozen`: the model reached its largest size, predicts on and learns no more; `emptied`: the "
            "model outgrew that size at once and has no opinion any more; `restarted`: the model outgrew it and learns "
            "from nothing again"
        ),
    ]
    count: Annotated[Count, Meta(description="how often this has happened so far, in this arm or to what is common")]
    size_bytes: Annotated[Count, Meta(description="stored size of the model; 0: not about size, or not known")]
    problem: Annotated[Cause, Meta(description="what went wrong, for example the name of an exception")]
    sentence: Annotated[Sentence, Meta(description="for a person")]

    @property
    def key(self) -> bytes:
        """Kafka key of the record: the newest record of each component, version and effect has the same key.

        >>> ComponentFailed("ticks:0:9:1", "X", 5, "live", "v2", "model forest", "frozen", 1, 5_000, "", "").key
        b'X|v2|model forest|frozen'
        """
        return f"{self.symbol}|{self.version}|{self.component}|{self.effect}".encode()
