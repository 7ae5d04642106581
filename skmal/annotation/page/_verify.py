"""What the page of proposals asks for: pairs to look at, and verdicts on them."""

from flask import Response, jsonify, request

from .._records import Proposal
from .._session import AnnotationSession
from .._shown import shown_item, shown_progress
from ._handlers import address
from ._requests import body, count_in, order_in, pairs_in, person_in, seconds_in


class VerifyHandlers:
    """Proposals, and the verdicts on them.

    Parameters
    ----------
    session : AnnotationSession
        What it is about.
    by : str
        In whose name it goes where the page gives none.
    """

    def __init__(self, session: AnnotationSession, by: str) -> None:
        self.session, self.by = session, by

    def proposals(self) -> Response:
        """Return pairs to look at, and whether questions wait in full before them."""
        by, n = person_in(request.args, self.by), count_in(request.args)
        order = order_in(request.args)
        found = self.session.proposals.next(n, by=by, order=order)
        return jsonify(
            by=self.by,
            kinds=self.session.kinds,
            proposals=[self._shown(one) for one in found],
            n_in_full=self.session.proposals.n_in_full(by),
            progress=shown_progress(self.session),
        )

    def verdict(self) -> Response:
        """Write down which pairs are right, and which are not."""
        sent = body()
        right, wrong = pairs_in(sent, "right"), pairs_in(sent, "wrong")
        by, seconds = person_in(sent, self.by), seconds_in(sent)
        each = None
        if seconds is not None and (right or wrong):
            each = seconds / (len(right) + len(wrong))
        n_right = 0
        if right:
            total = None if each is None else each * len(right)
            n_right = self.session.proposals.verify([*right], by=by, seconds=total)
        n_wrong = sum(self._refuse(pair, by, each) for pair in wrong)
        return jsonify(
            n_right=n_right, n_wrong=n_wrong, progress=shown_progress(self.session)
        )

    def _refuse(self, pair: tuple[str, str], by: str, seconds: float | None) -> bool:
        """Write down that a pair is wrong; say whether it was still open."""
        try:
            self.session.proposals.refuse(pair, by=by, seconds=seconds)
        except ValueError:  # somebody else has answered
            return False
        return True

    def _shown(self, one: Proposal) -> dict[str, object]:
        kinds = self.session.kinds
        x, y = (
            shown_item(item, m, kinds[m], address)
            for m, item in enumerate((one.X, one.y))
        )
        return {
            "X": x,
            "y": y,
            "confidence": round(one.confidence, 3),
            "is_trusted": one.is_trusted,
        }
