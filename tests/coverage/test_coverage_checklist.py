from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.coverage.checklist import Status, make_checklist
from kbot.coverage.demand import Subject, read_demand, sites_of, topics_of
from kbot.records import Answer, Fallback, Found, Kind, Outcome, ShownPassage, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.search.index import SearchIndex
    from kbot.service import Service


def asks(**passage_of: str) -> Callable[[str], Answer]:
    """Return a bot that shows one passage for a question, given by its first word, and else hands over."""

    def ask(question: str) -> Answer:
        passage = passage_of.get(question.split(maxsplit=1)[0])
        if passage is None:
            return Fallback(question, Outcome.CLINICIAN, "", ())
        source = Source("faq", "FAQ", Kind.CLINIC_FAQ, None, "/source/faq")
        return Found(question, "", (ShownPassage(passage, "", (), 0, 0, Span(0, 0), 0.9, source),), 0.9)

    return ask


def test_a_topic_is_answered_partly_not_covered_or_personal(index: SearchIndex, ids: dict[str, str]) -> None:
    # "session length" is handed over, "nausea" gets a passage that doesn't belong to its topic.
    checklist = make_checklist(index, asks(how=ids["A"], what=ids["Nausea"], nausea=ids["Parking"]))
    found = {check.topic: check for check in checklist.topics}
    assert {name: check.status for name, check in found.items()} == {
        "length": Status.PARTLY,
        "side-effects": Status.PARTLY,
        "pregnancy": Status.NOT_COVERED,
        "my-dose": Status.PERSONAL,
    }
    assert found["length"].failing == ("session length",)
    assert found["side-effects"].failing == ("nausea",)
    assert (checklist.phrasings.hits, checklist.phrasings.total) == (2, 4)
    everything = make_checklist(index, asks(how=ids["A"], session=ids["A"], what=ids["Nausea"], nausea=ids["Nausea"]))
    assert everything.counts == {Status.ANSWERED: 2, Status.PARTLY: 0, Status.NOT_COVERED: 1, Status.PERSONAL: 1}


def test_what_to_write_first_is_what_most_sites_have_and_the_bank_does_not_answer(
    index: SearchIndex, ids: dict[str, str]
) -> None:
    answers = asks(how=ids["A"], session=ids["A"], what=ids["Nausea"], nausea=ids["Nausea"])
    checklist = make_checklist(index, answers)
    assert [check.topic for check in checklist.write_first] == ["pregnancy"]
    assert checklist.write_first[0].sites == 1


def test_a_subject_belongs_to_the_topics_of_its_questions_and_counts_once(index: SearchIndex) -> None:
    pregnancy = Subject("Pregnancy", 3, ("Is it safe during pregnancy?", "pregnant women", "zebras on the moon"))
    more = Subject("Pregnant", 7, ("pregnant women",))
    unknown = Subject("Zebras", 9, ("zebras on the moon",))
    topics = topics_of([pregnancy, more, unknown], index)
    assert topics == {pregnancy: ("pregnancy",), more: ("pregnancy",), unknown: ()}
    assert sites_of(topics) == {"pregnancy": 7}


def test_the_demand_is_what_was_read() -> None:
    subjects = read_demand()
    assert len(subjects) == 84
    assert subjects[0].sites == 50
    assert sum(subject.sites for subject in subjects) == 682
    assert all(1 <= subject.sites <= 219 and subject.questions for subject in subjects)
    assert len({subject.name for subject in subjects}) == 84


def test_nearly_every_subject_leads_to_the_right_topic_of_the_first_clinics_bank(service: Service) -> None:
    index = service.bot._index  # noqa: SLF001  the one place that opens an index for the tests
    topics = topics_of(read_demand(), index)
    assert sum(bool(found) for found in topics.values()) >= 80
    named = {subject.name: found for subject, found in topics.items()}
    assert named["Driving afterwards"] == ("driving-after",)
    assert named["The bladder"] == ("bladder",)
    assert named["What Spravato is"] == ("what-is-spravato",)
    assert named["Price and financing"] == ("price-infusion", "financing")
