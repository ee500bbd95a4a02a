"""What is measured of a question where there is no question bank: how far the best passage stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.evidence import Evidence
    from kbot.search.retriever import Candidate

_WORST = -11.0  # about the least logit of the cross-encoder
_BEST_LEAD = 10.0


def passage_features(candidates: Sequence[Candidate], evidence: Evidence) -> dict[str, float]:
    """Return the features of the "passages" gate, of candidates that were reranked, best first.

    Leads carry over from clinic to clinic better than scores: a corpus on one subject has many passages that are near
    to any question on it, and only the one that answers stands out.
    """
    logits = [c.logit for c in candidates if c.logit is not None] or [_WORST]
    cosines = sorted((c.cosine for c in candidates), reverse=True) or [0.0]
    return {
        "reranker": max(logits[0], -8.0),  # of the best passage; below, one passage is as wrong as another
        "reranker_lead": min(logits[0] - logits[1], _BEST_LEAD) if len(logits) > 1 else 0.0,  # over the second best
        "cosine": candidates[0].cosine if candidates else -1.0,  # [-1, 1], of the best passage
        "cosine_lead": cosines[0] - cosines[1] if len(cosines) > 1 else 0.0,  # of the nearest over the second nearest
        "uncovered_share": evidence.features["uncovered_share"],  # [0, 1]
    }
