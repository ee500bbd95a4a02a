"""A conversation to an answer: normalise, triage, retrieve, gate; then passages, or fixed words and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.answering.gate import Gate
from kbot.answering.replies import read_replies
from kbot.answering.show import show
from kbot.answering.triage import Flag, Level, Triage
from kbot.records import Answer, Fallback, Found, Kind, Outcome, Reason, ShownPassage
from kbot.search.retriever import Candidate, Retriever
from kbot.text import is_blank, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.index import SearchIndex

MAX_PASSAGES = 3
_URGENT = (Level.CRISIS, Level.EMERGENCY)


class Bot:
    """Answers questions over one index."""

    def __init__(self, index: SearchIndex, *, rerank: int = 6, max_question: int = 2000) -> None:
        self._index = index
        self._retriever = Retriever(index, rerank=rerank)
        self._triage = Triage()
        self._gate = Gate()
        self._replies = read_replies(index.clinic)
        self._max_question = max_question

    def ask(self, turns: Sequence[str]) -> Answer:
        """Answer the last turn. Triage comes first, always."""
        asked = turns[-1] if turns else ""
        flags = self._triage.flags(turns)
        if flags and flags[0].level in _URGENT:
            return self._urgent(asked, flags[0])
        question = normalise(asked, limit=self._max_question)
        if is_blank(question):
            return self._fallback(asked, Reason.UNCLEAR, "empty", suggestions=tuple(self.examples(3)))
        concern = any(flag.level is Level.CONCERN for flag in flags)
        answer = self._small_talk(asked, flags) or self._look_up(asked, question, flags)
        return self._with_lifeline(answer) if concern else answer

    def examples(self, count: int) -> list[str]:
        """Return up to `count` questions that the material answers: headings of FAQ documents."""
        questions = [
            passage.heading[-1]
            for passage in self._index.passages.values()
            if passage.heading and self._index.documents[passage.document_id].kind is Kind.CLINIC_FAQ
        ]
        return list(dict.fromkeys(questions))[:count]

    def _urgent(self, asked: str, flag: Flag) -> Fallback:
        replies = self._replies
        if flag.level is Level.CRISIS:
            people = (replies.lifeline, replies.lifeline_spanish, replies.emergency, replies.clinic)
            return Fallback(asked, Outcome.CRISIS, replies.text("crisis"), people, trigger=flag.trigger)
        people = (replies.emergency, replies.poison, replies.lifeline)
        return Fallback(asked, Outcome.EMERGENCY, replies.text("emergency"), people, trigger=flag.trigger)

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

    def _look_up(self, asked: str, question: str, flags: Sequence[Flag]) -> Answer:
        candidates = self._retriever.search(question)
        shown = self._shown(candidates)
        personal = next((flag for flag in flags if flag.level is Level.PERSONAL_ADVICE), None)
        if personal is not None:
            return self._fallback(
                asked, Reason.PERSONAL_ADVICE, "personal_advice", related=shown, trigger=personal.trigger
            )
        verdict = self._gate.judge(question, candidates)
        if verdict.answers:
            return Found(asked, self._replies.text("answer"), shown, verdict.probability, trigger=verdict.trigger)
        return self._fallback(
            asked,
            Reason.NOT_COVERED,
            "not_covered",
            related=shown,
            trigger=verdict.trigger,
            confidence=verdict.probability,
        )

    def _shown(self, candidates: Sequence[Candidate]) -> tuple[ShownPassage, ...]:
        """Return the best candidates that belong beside the first: near its score, and not the same words again."""
        kept: list[Candidate] = []
        for candidate in candidates:
            if candidate.logit is None or len(kept) == MAX_PASSAGES:
                break
            if kept and not self._gate.belongs(candidate, kept[0]):
                continue
            kept.append(candidate)
        return tuple(
            show(
                c.passage,
                self._index.documents[c.passage.document_id],
                self._index.clinic,
                highlight=c.highlight,
                score=self._gate.probability(c),
            )
            for c in kept
        )

    def _fallback(
        self,
        asked: str,
        reason: Reason,
        reply: str,
        *,
        related: tuple[ShownPassage, ...] = (),
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
            related=related,
            confidence=confidence,
            trigger=trigger,
            suggestions=suggestions,
        )

    def _with_lifeline(self, answer: Answer) -> Answer:
        """Return the answer with the 988 resource and one kind sentence."""
        message = f"{answer.message}\n\n{self._replies.text('concern')}"
        people = (self._replies.lifeline, *answer.resources)
        match answer:
            case Found():
                return Found(answer.question, message, answer.passages, answer.confidence, people, answer.trigger)
            case Fallback():
                from dataclasses import replace

                return replace(answer, message=message, resources=people)
