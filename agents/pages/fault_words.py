"""Words for what has become of a model or another component of a symbol's pipeline that failed."""

from schemas.faults import ComponentFailed


def fault_words(failed: ComponentFailed) -> str:
    """What has become of a component, as words that follow its name.

    Failures are recorded at the 1st, the 10th, the 100th and so on, so that there may have been more since.

    >>> frozen = ComponentFailed("ticks:0:9:1", "X", 5, "live", "v2", "model forest", "frozen", 1, 5_000, "", "")
    >>> fault_words(frozen)
    'frozen at 5,000 bytes: it predicts on and learns no more'
    """
    if failed.effect == "frozen":
        return f"frozen at {failed.size_bytes:,} bytes: it predicts on and learns no more"
    if failed.effect == "emptied":
        return "has no opinion any more: it outgrew its largest size"
    times = "once" if failed.count == 1 else f"{failed.count:,} times"
    if failed.effect == "restarted":
        return f"outgrew its largest size and started anew, {times} at least"
    return f"failed {times} at least ({failed.problem[:80]})"
