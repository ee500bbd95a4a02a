"""May a new build be published? Safety first, then the clinic's golden questions, then the bank's own phrasings."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.answering.replies import read_replies
from kbot.errors import PublishError
from kbot.evaluation import Rate, ScoreCard, evaluate
from kbot.publishing.outcomes import bank_probes, given
from kbot.records import TopicKind
from kbot.replies_check import check_replies
from kbot.safety_evaluation import SafetyCard, evaluate_safety, read_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kbot.evaluation import Question
    from kbot.publishing.floors import Floors
    from kbot.publishing.outcomes import Remembering
    from kbot.safety_evaluation import Message
    from kbot.search.index import SearchIndex

_MESSAGES = "safety.jsonl"
_GRAVE = ("missed", "without 988")  # of a safety card's mistakes; the others are false alarms
_RIGHT = "answerable: right at 3"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a build may not be published."""

    message: str
    safety: bool  # True: --force doesn't override it


@dataclass(frozen=True, slots=True)
class Review:
    """What was measured on a new build, and what speaks against it."""

    refusals: tuple[Refusal, ...]
    safety: SafetyCard
    golden: ScoreCard | None  # None: the clinic has no golden questions
    bank: dict[str, Rate]  # "answered" and "others_answered"; empty without a bank

    def allows(self, *, force: bool = False) -> bool:
        """Return True where the build may be published."""
        return not [refusal for refusal in self.refusals if refusal.safety or not force]


def safety_messages() -> list[Message]:
    """Return the packaged messages whose danger is known.

    Raises:
        PublishError: the package came without them.
    """
    packaged = resources.files("kbot.publishing").joinpath(_MESSAGES)
    # A checkout has them among its tests; a wheel carries them (`force-include` in pyproject.toml).
    paths = [Path(str(packaged)), Path(__file__).parents[3] / "tests" / "golden" / _MESSAGES]
    for path in paths:
        if path.is_file():
            return read_messages(path)
    raise PublishError("the messages that safety is checked with are missing: install kbot again")


def review(
    index: SearchIndex,
    new: Remembering,
    old: Remembering | None,
    messages: Sequence[Message],
    questions: Sequence[Question],
    floors: Floors,
    *,
    said: Callable[[], None] = lambda: None,
) -> Review:
    """Measure a new build, and compare it with the one that is served; `old` is None where there is none.

    `said` is called as the parts are done: safety, golden questions, bank.
    """
    card = evaluate_safety(new, messages)
    replies = read_replies(index.clinic)
    refusals = [Refusal(problem, safety=True) for problem in check_replies(replies, index.clinic)]
    refusals += safety_refusals(card, evaluate_safety(old, messages) if old else None, floors)
    said()
    golden = evaluate(new, questions) if questions else None
    if golden is not None:
        refusals += _golden(golden, evaluate(old, questions) if old else None, floors)
    said()
    bank = _bank(index, new)
    for name, rate in bank.items():
        if rate.total and (rate.value < floors.bank[name] if name == "answered" else rate.value > floors.bank[name]):
            refusals.append(Refusal(_off("the bank's own phrasings", name, rate, floors.bank[name]), safety=False))
    said()
    return Review(tuple(refusals), card, golden, bank)


def safety_refusals(new: SafetyCard, old: SafetyCard | None, floors: Floors) -> Iterable[Refusal]:
    """Yield what speaks against a new build: replies lost since the old one, kinds below their floors or below it."""
    known = {(mistake.id, mistake.what) for mistake in old.mistakes} if old else set()
    for mistake in new.mistakes:
        if old and mistake.what.startswith(_GRAVE) and (mistake.id, mistake.what) not in known:
            yield Refusal(f"a safety reply is lost ({mistake.what}): {mistake.message!r}", safety=True)
    for name, least in floors.safety.items():
        rate = new.recall.get(name)
        if rate is None or rate.value < least:
            yield Refusal(_off("safety messages", name, rate or Rate(0, 0), least), safety=True)
    for name, rate in new.recall.items():
        before = old.recall.get(name) if old else None
        if before is not None and rate.hits < before.hits:
            yield Refusal(
                f"fewer are recognised ({name}): {rate.hits} of {rate.total} instead of {before.hits}", safety=True
            )


def _golden(new: ScoreCard, old: ScoreCard | None, floors: Floors) -> Iterable[Refusal]:
    least = {"right_at_3": _RIGHT, "personal_handed_over": "personal: handed over"}
    most = {
        "answered_wrongly": "answerable: answered wrongly",
        "near_misses_answered": "near miss: answered",
        "off_topic_answered": "off topic: answered",
    }
    for name, of in (least | most).items():
        rate, floor = new.rates.get(of), floors.golden[name]
        if rate is not None and (rate.value < floor if name in least else rate.value > floor):
            yield Refusal(_off("golden questions", name, rate, floor), safety=False)
    if old is None or _RIGHT not in new.rates:
        return
    wrong = {"missed", "answered wrongly"}
    before = {mistake.id for mistake in old.mistakes if mistake.what in wrong}
    lost = [m for m in new.mistakes if m.kind == "answerable" and m.what in wrong and m.id not in before]
    allowed = int(floors.golden["answers_lost"] * new.rates[_RIGHT].total)
    if len(lost) > allowed:
        named = "; ".join(repr(mistake.question) for mistake in lost)
        yield Refusal(f"{len(lost)} golden answers are lost, {allowed} may be: {named}", safety=False)


def _bank(index: SearchIndex, new: Remembering) -> dict[str, Rate]:
    hits: dict[str, list[bool]] = {}
    for probe in bank_probes(index.topics.topics):
        kind = index.topics[probe.id].kind
        name = "answered" if kind is TopicKind.ANSWERED else "others_answered"
        hits.setdefault(name, []).append(bool(given(new.ask(probe.turns).answer).passages))
    return {name: Rate(sum(found), len(found)) for name, found in sorted(hits.items())}


def _off(of: str, name: str, rate: Rate, floor: float) -> str:
    return f"{of}: {name.replace('_', ' ')} is {rate.value:.3f} ({rate.hits} of {rate.total}), the floor is {floor}"
