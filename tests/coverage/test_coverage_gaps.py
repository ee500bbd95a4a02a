from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from kbot.coverage.draft import draft_entry, topic_name
from kbot.coverage.gaps import find_gaps
from kbot.ingest.questions import read_bank
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from tests.coverage.conftest import MakesEntry

    from kbot.coverage.period import Period
    from kbot.search.index import SearchIndex

CLINICIAN = Outcome.CLINICIAN


def test_what_to_write_next_counts_questions_by_what_is_missing(
    entry: MakesEntry, index: SearchIndex, ids: dict[str, str], january: Period
) -> None:
    entries = [
        entry("safe for pregnant women?", CLINICIAN, missing=("pregnancy",), day=2),
        entry("can a pregnant woman come", CLINICIAN, missing=("pregnancy",), day=7),
        entry("expecting a baby in june", CLINICIAN, missing=("pregnancy",), day=8),
        entry("free parking for trucks", CLINICIAN, missing=("trucks",), day=1),
    ]
    pregnancy, trucks = find_gaps(entries, index, january)
    assert (pregnancy.concept, pregnancy.count, pregnancy.before, pregnancy.recent) == ("pregnancy", 3, 1, 2)
    assert pregnancy.topic == "pregnancy"
    assert set(pregnancy.examples) == {e.question for e in entries[:3]}
    assert pregnancy.entries == (1, 2, 3)
    assert (trucks.concept, trucks.count, trucks.before, trucks.recent, trucks.topic) == ("trucks", 1, 1, 0, None)
    assert trucks.nearest is not None
    assert trucks.nearest.id == ids["Parking"]


def test_answered_handled_personal_and_off_topic_questions_are_nothing_to_write(
    entry: MakesEntry, index: SearchIndex, january: Period
) -> None:
    entries = [
        entry("a"),
        entry("b", CLINICIAN, handled=True),
        entry("c", CLINICIAN, reason=Reason.PERSONAL_ADVICE),
        entry("d", CLINICIAN, reason=Reason.OFF_TOPIC),
    ]
    assert find_gaps(entries, index, january) == []


def test_where_nothing_named_the_concept_the_question_stands_for_it(
    entry: MakesEntry, index: SearchIndex, january: Period
) -> None:
    (gap,) = find_gaps([entry("do you validate parking tickets", CLINICIAN)], index, january)
    assert gap.concept == "do you validate parking tickets"
    assert "put it into a word or two" in gap.draft


def test_a_group_without_a_majority_is_named_after_its_two_most_frequent_concepts(
    entry: MakesEntry, index: SearchIndex, january: Period
) -> None:
    # One question in the same words lacked something else each time: the group is one, its concepts are three.
    lacked = ["eating before", "eating before", "eating after", "eating after", "snacks"]
    (gap,) = find_gaps([entry("snack?", CLINICIAN, missing=(concept,)) for concept in lacked], index, january)
    assert (gap.concept, gap.count, gap.topic) == ("eating before / eating after", 5, None)
    (topic,) = yaml.safe_load(gap.draft)
    assert topic["topic"] == "eating-before-eating-after"


def test_a_draft_asks_nothing_that_the_bank_knows_already(
    entry: MakesEntry, index: SearchIndex, january: Period
) -> None:
    asked = ["Pregnant women?", "pregnant women safe here"]
    (gap,) = find_gaps([entry(text, CLINICIAN, missing=("pregnancy",)) for text in asked], index, january)
    (topic,) = yaml.safe_load(gap.draft)
    assert topic["ask"] == ["pregnant women safe here"]
    assert set(gap.examples) == set(asked)


def test_all_drafts_together_are_a_file_that_the_bank_reads(
    entry: MakesEntry, index: SearchIndex, january: Period, tmp_path: Path
) -> None:
    asked = [
        ('is it "safe": yes/no? # really', "pregnancy"),
        ("- topic: evil\n  kind: answered", "two\nlines"),
        ("\x1b[31mred\x07 {a: [b]}", "café & crème"),
        ("日本語ですか", "日本語"),
        ("who? me!", "pregnancy!"),
    ]
    entries = [entry(text, CLINICIAN, missing=(concept,)) for text, concept in asked]
    gaps = find_gaps(entries, index, january)
    assert len(gaps) == 5
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "drafts.yaml").write_text("\n".join(gap.draft for gap in gaps), encoding="utf-8")
    bank = read_bank(tmp_path, list(index.passages.values()))
    assert bank.problems == []
    own = bank.topics[:5]  # after them come the topics that every bank has
    assert {topic.kind for topic in own} == {"not_covered"}
    assert not {topic.id for topic in own} & {topic.id for topic in index.topics.topics}


def test_a_draft_leaves_out_questions_with_blanked_out_details_while_there_are_others() -> None:
    draft = draft_entry("pets", "pets", ["[NAME] has a dog", "dogs?", "dogs?"], known=None, nearest="faq#pets")
    (topic,) = yaml.safe_load(draft)
    assert topic == {"topic": "pets", "about": "Pets", "kind": "not_covered", "missing": "pets", "ask": ["dogs?"]}
    (alone,) = yaml.safe_load(draft_entry("pets", "pets", ["[NAME] has a dog"], known="pets-here", nearest=None))
    assert alone["ask"] == ["[NAME] has a dog"]


def test_a_draft_says_where_the_bank_has_the_topic_already() -> None:
    assert "# The bank has the topic 'pets-here'" in draft_entry(
        "pets", "pets", ["a"], known="pets-here", nearest=None
    )


def test_a_name_is_plain_and_free() -> None:
    assert topic_name("Driving after a session!", set()) == "driving-after-a-session"
    assert topic_name("pets", {"pets", "pets-2"}) == "pets-3"
    assert topic_name("日本語", set()) == "new-topic"
    assert len(topic_name("very " * 50, set())) <= 60
