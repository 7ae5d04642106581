"""The command line: skmal demo | compare | annotate."""

from ._main import main

__all__ = ["main"]
