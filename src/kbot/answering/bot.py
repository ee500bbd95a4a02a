"""A conversation to an answer: triage, read, retrieve, gate; then passages, or fixed words and people."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from kbot.answering.followup import encode_turns
from kbot.answering.foreign import Tongue, tongue_of
from kbot.answering.judge import Judge, Judgement
from kbot.answering.replies import read_replies
from kbot.answering.select import Choice, choose
from kbot.answering.show import show
from kbot.answering.triage import Flag, Level, Triage
from kbot.answering.urgent import URGENT, urgent_reply
from kbot.answering.wordless import says_nothing
from kbot.records import Answer, Fallback, Found, Kind, Outcome, Reason, ShownPassage
from kbot.search.texts import of_document
from kbot.text import is_blank, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.answering.notes import Notes
    from kbot.search.index import SearchIndex

_HEADINGS = 50  # questions of FAQs among which suggestions are chosen: some clinics have thousands
_REMEMBERED = 6  # turns before the last that can still matter


class Bot:
    """Answers questions over one index."""

    def __init__(self, index: SearchIndex, *, rerank: int = 6, max_question: int = 2000) -> None:
        self._index = index
        self._triage = Triage(index.danger)
        self._judge = Judge(index, rerank=rerank)
        self._replies = read_replies(index.clinic)
        self._max_question = max_question

    def ask(self, turns: Sequence[str], notes: Notes | None = None) -> Answer:
        """Answer the last turn. Triage comes first, always.

        `notes` takes down what every step saw, for staff who want to know why; they change nothing.
        """
        asked = turns[-1] if turns else ""
        flags = self._triage.flags(turns)
        if notes is not None:
            notes.triaged(flags)
        if flags and flags[0].level in URGENT:
            return self._urgent(asked, flags[0])
        question = normalise(asked, limit=self._max_question)
        if is_blank(question):
            return self._fallback(asked, Reason.UNCLEAR, "empty", suggestions=tuple(self.examples(3)))
        answer = (
            self._small_talk(asked, flags)
            or self._foreign(asked)
            or self._wordless(question, turns)
            or self._look_up(asked, turns, flags, notes)
        )
        concern = next((flag for flag in flags if flag.level is Level.CONCERN), None)
        if concern is not None:
            return self._with_lifeline(answer, concern)
        return self._beside_lifeline(answer) if self._triage.was_crisis(turns) else answer

    @property
    def index(self) -> SearchIndex:
        """The index that is searched, for staff."""
        return self._index

    @property
    def triage(self) -> Triage:
        """What looks at every message first, for staff."""
        return self._triage

    def examples(self, count: int) -> list[str]:
        """Return up to `count` questions that the material answers: headings of FAQ documents."""
        return list(self._headings[:count])

    @cached_property
    def _headings(self) -> tuple[str, ...]:
        """The headings of FAQ documents: looked for once, and in no other documents."""
        faqs = [document.id for document in self._index.documents.values() if document.kind is Kind.CLINIC_FAQ]
        passages = (passage for faq in faqs for passage in of_document(self._index.passages, faq))
        headings = (passage.heading[-1] for passage in passages if passage.heading)
        return tuple(dict.fromkeys(islice(headings, _HEADINGS)))

    def judge(self, turns: Sequence[str], notes: Notes | None = None) -> Judgement:
        """Return what the search and the gate say of the last turn, without triage: for evaluation and staff."""
        read = self.read(turns)
        vector = encode_turns(read, self._index.encoder)
        if notes is not None:
            notes.read(read, vector)
        return self._judge.judge(read[-1], vector, notes)

    def read(self, turns: Sequence[str]) -> list[str]:
        """Return the turns as they are searched, blank ones left out; the last is the question."""
        language = self._index.language
        normalised = (normalise(turn, limit=self._max_question) for turn in turns[-_REMEMBERED:])
        return [language.read(turn).text for turn in normalised if not is_blank(turn)]

    def _urgent(self, asked: str, flag: Flag) -> Fallback:
        spanish = flag.spanish or tongue_of(asked, self._index.language) is Tongue.SPANISH
        return urgent_reply(self._replies, asked, flag.level, flag.trigger, spanish=spanish)

    def _foreign(self, asked: str) -> Fallback | None:
        """Return the fixed reply to another language than English, with the 988 resource: we can't tell who asks."""
        tongue = tongue_of(normalise(asked, limit=self._max_question), self._index.language)
        if tongue is None:
            return None
        replies = self._replies
        lifeline = replies.lifeline_spanish if tongue is Tongue.SPANISH else replies.lifeline
        return Fallback(
            asked,
            Outcome.CLINICIAN,
            replies.text(tongue.value),
            (replies.clinic, lifeline),
            reason=Reason.UNCLEAR,
            trigger=f"language: {tongue.value}",
        )

    def _small_talk(self, asked: str, flags: Sequence[Flag]) -> Fallback | None:
        for flag in flags:
            match flag.level:
                case Level.ASKED_FOR_A_PERSON:
                    return self._fallback(
                        asked, Reason.ASKED_FOR_A_PERSON, "asked_for_a_person", trigger=flag.trigger
                    )
                case Level.GREETING | Level.THANKS | Level.WHAT_ARE_YOU:
                    text = self._replies.text(flag.level.value)
                    people = (self._replies.clinic,)
                    return Fallback(asked, Outcome.GREETING, text, people, trigger=flag.trigger)
                case _:
                    continue
        return None

    def _wordless(self, question: str, turns: Sequence[str]) -> Fallback | None:
        """Ask back where the first message has no word that carries meaning."""
        if len(turns) > 1 or not says_nothing(question, self._index.language):
            return None
        suggestions = tuple(self.examples(3))
        return self._fallback(
            question, Reason.UNCLEAR, "unclear", suggestions=suggestions, trigger="no word of meaning"
        )

    def _look_up(self, asked: str, turns: Sequence[str], flags: Sequence[Flag], notes: Notes | None = None) -> Answer:
        judgement = self.judge(turns, notes)
        personal = next((flag for flag in flags if flag.level is Level.PERSONAL_ADVICE), None)
        if personal is not None:
            judgement = dataclasses.replace(judgement, reason=Reason.PERSONAL_ADVICE, trigger=personal.trigger)
        chosen = choose(judgement.choices, self._index.documents) if judgement.choices else []
        shown = tuple(self._show(choice, judgement) for choice in chosen)
        match judgement.reason:
            case None:
                text = self._replies.text("answer")
                found = Found(asked, text, shown, judgement.probability, trigger=judgement.trigger)
                return dataclasses.replace(found, suggestions=judgement.suggestions)
            case Reason.UNCLEAR:
                return self._fallback(
                    asked, Reason.UNCLEAR, "unclear", suggestions=tuple(self.examples(3)), trigger=judgement.trigger
                )
            case Reason.OFF_TOPIC:
                return self._fallback(
                    asked, Reason.OFF_TOPIC, "off_topic", confidence=judgement.probability, trigger=judgement.trigger
                )
            case Reason.NOT_COVERED if judgement.missing:
                message = self._replies.text("not_covered_missing", missing=_listed(judgement.missing))
            case reason:
                message = self._replies.text(reason.value)
        return Fallback(
            asked,
            Outcome.CLINICIAN,
            message,
            (self._replies.clinic,),
            reason=judgement.reason,
            related=shown,
            missing=judgement.missing if judgement.reason is Reason.NOT_COVERED else (),
            confidence=judgement.probability,
            trigger=judgement.trigger,
            suggestions=judgement.suggestions,
        )

    def _show(self, choice: Choice, judgement: Judgement) -> ShownPassage:
        document = self._index.documents[choice.passage.document_id]
        score = judgement.probability * min(1.0, choice.weight)
        return show(choice.passage, document, self._index.clinic, highlight=choice.highlight, score=score)

    def _fallback(
        self,
        asked: str,
        reason: Reason,
        reply: str,
        *,
        trigger: str | None = None,
        confidence: float = 0.0,
        suggestions: tuple[str, ...] = (),
    ) -> Fallback:
        return Fallback(
            asked,
            Outcome.CLINICIAN,
            self._replies.text(reply),
            (self._replies.clinic,),
            reason=reason,
            confidence=confidence,
            trigger=trigger,
            suggestions=suggestions,
        )

    def _with_lifeline(self, answer: Answer, flag: Flag) -> Answer:
        """Return the answer with the 988 resource and one kind sentence."""
        message = f"{answer.message}\n\n{self._replies.text('concern')}"
        trigger = f"{answer.trigger}; {flag.trigger}" if answer.trigger else flag.trigger
        return dataclasses.replace(self._beside_lifeline(answer), message=message, trigger=trigger)

    def _beside_lifeline(self, answer: Answer) -> Answer:
        """Return the answer with the 988 resource first, once."""
        others = tuple(person for person in answer.resources if person != self._replies.lifeline)
        return dataclasses.replace(answer, resources=(self._replies.lifeline, *others))


def _listed(words: Sequence[str]) -> str:
    """Return words as people list them: "a", "a or b", "a, b or c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
