"""What somebody should know at once: one record for each thing that happened to the models of a symbol."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import LONGEST_SYMBOL, EventTimeOrNone, Id, Sentence

AlertKind = Literal[
    "breach",
    "budget_spent",
    "retrain_started",
    "retrain_withheld",
    "retrain_failed",
    "retrain_rejected",
    "candidate",
    "promoted",
    "rolled_back",
    "rejected",
    "refused",
    "held_back",
    "roster",
    "clock_broken",
]


class Alert(Struct, frozen=True):
    """Something happened; everything that is known about it is in the record that it is about."""

    id: Annotated[Id, Meta(description="of the record that it is about")]
    node: Annotated[Id, Meta(description="topic of that record")]
    symbol: Annotated[
        str,
        Meta(
            max_length=LONGEST_SYMBOL, description="instrument name; whatever key a refused record came with, or empty"
        ),
    ]
    ts_event: Annotated[
        EventTimeOrNone, Meta(description="event time of it, ns since 1970, UTC; 0 of a refused record")
    ]
    kind: Annotated[
        AlertKind,
        Meta(
            description="`breach`: a retrain is called for, now or when there are labels enough; `budget_spent`: it "
            "would be, but for the budget; `retrain_started`, `retrain_withheld`, `retrain_failed`, "
            "`retrain_rejected`: what became of it; `candidate`: runs in shadow; `promoted`, `rolled_back`: the live "
            "version changed; `rejected`: a candidate was not found better; `refused`: a command or directive made no "
            "sense; `held_back`: a pin keeps a winner from going live, or the live version from being rolled back; "
            "`roster`: other versions run than the registry says; `clock_broken`: a symbol's clock was set back or "
            "jumped, each of the first eight times and then at every doubling of their number"
        ),
    ]
    severity: Annotated[Literal["info", "warning", "error"], Meta(description="how much it matters")]
    subject: Annotated[Id, Meta(description="version, job or reason that it is about")]
    sentence: Annotated[Sentence, Meta(description="for a person")]
