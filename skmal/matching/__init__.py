"""Partners for all that is still open, how sure they are, and what more would bring."""

from .._shared.intervals import Interval
from ._audit import AuditEstimates
from ._forecast import Forecast
from ._matching import Matching

__all__ = ["AuditEstimates", "Forecast", "Interval", "Matching"]
