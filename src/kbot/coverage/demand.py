"""What patients ask clinics, known before anybody asked here: subjects with the number of sites that have them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.search.index import SearchIndex

# Below this cosine to its nearest phrasing a question is not one of the bank's.
_NEAR = 0.65
_SPLIT = "|"


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that patients ask about."""

    name: str
    sites: int  # of the clinics whose pages were read
    questions: tuple[str, ...]


def read_demand() -> list[Subject]:
    """Return the subjects of `demand.tsv`, those of most sites first."""
    text = resources.files("kbot.coverage").joinpath("demand.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    subjects = [
        Subject(name, int(sites), tuple(part.strip() for part in asks.split(_SPLIT)))
        for sites, name, asks in rows[1:]
    ]
    return sorted(subjects, key=lambda subject: -subject.sites)


def topics_of(subjects: Sequence[Subject], index: SearchIndex) -> dict[Subject, tuple[str, ...]]:
    """Return the topics of the bank that each subject's questions belong to; none where the bank has none near."""
    found: dict[Subject, tuple[str, ...]] = {}
    for subject in subjects:
        nearest = (_topic(question, index) for question in subject.questions)
        found[subject] = tuple(dict.fromkeys(topic for topic in nearest if topic is not None))
    return found


def _topic(question: str, index: SearchIndex) -> str | None:
    match = index.topics.match(index.encoder.encode([index.language.read(question).text])[0])
    probability = dict(zip((topic.id for topic in index.topics.topics), match.probabilities, strict=True))
    near = {topic: cosine for topic, cosine in match.nearest.items() if cosine >= _NEAR}
    # The nearest phrasing and the classifier each have a vote: one knows the words, the other the whole topic.
    return max(near, key=lambda topic: near[topic] + float(probability[topic])) if near else None


def sites_of(topics: Mapping[Subject, Sequence[str]]) -> dict[str, int]:
    """Return on how many sites each topic of the bank stands: of several subjects, the most frequent one's number."""
    sites: dict[str, int] = {}
    for subject, ids in topics.items():
        for topic in ids:
            sites[topic] = max(sites.get(topic, 0), subject.sites)
    return sites
