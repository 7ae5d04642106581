"""The question in a notebook."""

from ._view import widget

__all__ = ["widget"]
