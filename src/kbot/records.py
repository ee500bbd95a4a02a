"""The values that flow between the steps. Frozen, so that a step can only return a new one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters, counted in code points of the text it belongs to."""

    start: int
    end: int


class Kind(StrEnum):
    """What sort of source a document is. Visitors see it as a label: a clinic's claim is not a study."""

    CLINIC_ARTICLE = "clinic article"
    CLINIC_FAQ = "clinic FAQ"
    CLINIC_FACTS = "clinic facts"
    STUDY_ABSTRACT = "study abstract"
    STUDY_SUMMARY = "summary of a study"

    @property
    def is_study(self) -> bool:
        """True for what researchers found, False for what the clinic says."""
        return self in {Kind.STUDY_ABSTRACT, Kind.STUDY_SUMMARY}


@dataclass(frozen=True, slots=True)
class Document:
    """One corpus file. `text` is the whole file, front matter included, so offsets count from its first character."""

    id: str
    title: str
    kind: Kind
    text: str
    body: int  # offset in `text` where the Markdown begins, after the front matter
    path: str  # relative to the corpus folder, with forward slashes
    url: str | None = None
    searchable: bool = True  # False: shown as a source page, never used as an answer
    title_is_description: bool = False  # True: the paper's own title is not known to us; `title` is our words
    authors: tuple[str, ...] = ()
    journal: str | None = None
    year: int | None = None
    volume: str | None = None
    pages: str | None = None
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    reviewed_on: str | None = None  # ISO date on which the clinic last reviewed the text
    cited_as: str | None = None  # the article's citation that leads to this address, for staff only


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of an answer: `document.text[start:end]`, word for word, never across headings."""

    id: str  # "<document>#<heading>-<hash of the text>": survives edits elsewhere in the file
    document_id: str
    heading: tuple[str, ...]  # outermost first
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]  # within `text`
    lead_in: Span | None = None  # within the document: the sentence that introduces a list item


@dataclass(frozen=True, slots=True)
class Source:
    """Where a passage stands, and how a visitor gets there."""

    id: str
    title: str
    kind: Kind
    url: str | None  # publisher's page with a text fragment; None where no address is known
    page: str  # kbot's own page of the document, at the passage


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage as a visitor gets it."""

    id: str
    text: str
    heading: tuple[str, ...]
    start: int
    end: int
    highlight: Span  # within `text`: the sentence that answers
    score: float  # [0, 1], higher is surer
    source: Source
    lead_in: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """Somebody to turn to. `call` and `text` are as people read them, `*_link` as a phone dials them."""

    name: str
    call: str | None = None
    text: str | None = None
    url: str | None = None
    call_link: str | None = None
    text_link: str | None = None


class Outcome(StrEnum):
    """What a visitor was given."""

    ANSWER = "answer"
    CLINICIAN = "clinician"
    CRISIS = "crisis"
    EMERGENCY = "emergency"
    GREETING = "greeting"


class Reason(StrEnum):
    """Why a question went to a clinician."""

    NOT_COVERED = "not_covered"
    PERSONAL_ADVICE = "personal_advice"
    OFF_TOPIC = "off_topic"
    ASKED_FOR_A_PERSON = "asked_for_a_person"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Found:
    """The material answers: up to three passages, best first."""

    question: str
    message: str
    passages: tuple[ShownPassage, ...]
    confidence: float  # [0, 1]: calibrated probability that a shown passage answers
    resources: tuple[Resource, ...] = ()
    trigger: str | None = None  # what decided, for staff and tests; never shown to a visitor
    suggestions: tuple[str, ...] = ()  # questions to ask next, that the material answers


@dataclass(frozen=True, slots=True)
class Fallback:
    """The material does not answer, or must not: fixed words and people to turn to."""

    question: str
    outcome: Outcome
    message: str
    resources: tuple[Resource, ...]
    reason: Reason | None = None
    related: tuple[ShownPassage, ...] = ()
    missing: tuple[str, ...] = ()
    confidence: float = 0.0  # [0, 1], as in Found: how likely the passages would have answered
    trigger: str | None = None
    suggestions: tuple[str, ...] = ()


Answer = Found | Fallback


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer with what was measured around it."""

    answer: Answer
    build: str
    elapsed_ms: float
    turns: tuple[str, ...] = field(default=())
    ticket: str | None = None  # for feedback on it; None where nothing was written into the journal


class TopicKind(StrEnum):
    """What the clinic's material has to say on a topic of the question bank."""

    ANSWERED = "answered"
    NOT_COVERED = "not_covered"
    OFF_TOPIC = "off_topic"  # nothing to do with the clinic
    PERSONAL = "personal"  # asks for advice on one's own case: a clinician's matter whatever the material says


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a passage that answer a topic."""

    passage_id: str
    span: Span  # within the passage's text


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the question bank: the ways people ask it, and the quotes that answer it, if any do."""

    id: str
    about: str  # for staff
    kind: TopicKind
    phrasings: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()  # best first; empty unless answered
    missing: str = ""  # the concept that the material lacks; set where not covered
    words: tuple[str, ...] = ()  # words and phrases that name the missing concept
