"""The labeling desk."""


def show() -> None:
    """The desk."""
