"""The clinic's own question bank, as it stands in `corpus/questions/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages
from kbot.ingest.questions import read_bank
from kbot.records import Found, TopicKind

if TYPE_CHECKING:
    from kbot.records import Topic
    from kbot.service import Service

CORPUS = Path(__file__).parent.parent / "corpus"


def own_topics() -> list[Topic]:
    searchable = [document for document in read_corpus(CORPUS) if document.searchable]
    passages = [p for document in searchable for p in split_passages(document, lambda text: len(text.split()))]
    bank = read_bank(CORPUS, passages)
    assert bank.problems == []
    assert bank.warnings == []
    return [topic for topic in bank.topics if topic.kind is not TopicKind.OFF_TOPIC]


def test_the_bank_is_as_large_as_it_claims_and_half_of_it_is_not_answered() -> None:
    topics = own_topics()
    unanswered = [topic for topic in topics if topic.kind is not TopicKind.ANSWERED]
    assert len(topics) >= 180
    assert sum(len(topic.phrasings) for topic in topics) >= 2500
    assert len(unanswered) * 2 >= len(topics)


def test_every_suggestion_the_bank_can_make_is_answered(service: Service) -> None:
    refused = [
        topic.phrasings[0]
        for topic in own_topics()
        if topic.kind is TopicKind.ANSWERED and not isinstance(service.ask([topic.phrasings[0]]).answer, Found)
    ]
    assert refused == []


def test_suggestions_are_not_what_was_just_asked(service: Service) -> None:
    for question in ("How long is a ketamine session?", "What are the side effects?", "Do you take Aetna?"):
        answer = service.ask([question]).answer
        assert isinstance(answer, Found)
        assert answer.suggestions
        assert question not in answer.suggestions
