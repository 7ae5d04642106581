"""Strategies x seeds, to tables and curves: the laboratory behind `skmal compare`."""

from ._compare import compare
from ._suite import run_suite

__all__ = ["compare", "run_suite"]
