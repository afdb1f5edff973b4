"""Results."""


def show() -> None:
    """Results."""
