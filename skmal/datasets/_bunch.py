"""scikit-learn's Bunch, which has no types of its own."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class Bunch(dict[str, Any]):
        """A dict whose keys are attributes as well."""

        def __init__(self, **kwargs: Any) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

else:
    from sklearn.utils import Bunch

__all__ = ["Bunch"]
