"""The error of state that was computed with other parameters; whoever knows the earlier ones can say which differ."""

from schemas.errors import StateError


class OtherParameters(StateError):
    """Stored state was computed with other parameters.

    Args:
        sentence: for a person, with the ways on.
        was: digest of the parameters that it was computed with.
    """

    def __init__(self, sentence: str, was: str) -> None:
        super().__init__(sentence)
        self.was = was
