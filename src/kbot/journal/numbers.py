"""Details that are made of digits and signs: telephone, identity, record, member and card numbers, addresses online."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum import iban, luhn

from kbot.journal.spans import Detail, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:19|20)\d\d|'\d\d)"
_FULL_DATE = (
    rf"(?:{_MONTH}\s*{_DAY}(?:\s*,\s*|\s+){_YEAR}|{_DAY}(?:\s+of)?[\s\-]+{_MONTH}[\s,\-]+{_YEAR}"
    r"|(?<![\d/.\-])(?:0?[1-9]|1[0-2])[/.\-](?:0?[1-9]|[12]\d|3[01])[/.\-](?:(?:19|20)\d\d|\d\d)(?![\d/\-])"
    r"|(?<![\d/.\-])(?:0?[1-9]|[12]\d|3[01])[/.\-](?:0?[1-9]|1[0-2])[/.\-](?:19|20)\d\d(?![\d/\-])"
    r"|(?<![\d/.\-])(?:19|20)\d\d[/.\-](?:0?[1-9]|1[0-2])[/.\-](?:0?[1-9]|[12]\d|3[01])(?![\d/\-]))"
    r"(?:[T ]\d\d:\d\d(?::\d\d)?)?"
)
# What may stand between the word that announces a number and the number.
_LINK = r"(?:\s*(?:numbers?|nos?|nbr|num|ids?|identifier|code|card|policy|account|acct|plan|info|is|was|are|of|the|my|it's|its|being|starting with|ending in|ending with|ends in|=|:|#|-|\.|,|\())*\s*[#:]?\s*"
_TOKEN = r"(?=[A-Za-z0-9\-./]*\d)[A-Za-z0-9](?:[A-Za-z0-9\-./]*[A-Za-z0-9])?"
_LONG = r"(?=(?:[A-Za-z\-./ ]*\d){3})[A-Za-z0-9](?:[A-Za-z0-9\-./]*[A-Za-z0-9])?(?: \d{2,}){0,4}"
_LINKED = r"\s*(?:numbers?\b|nos?\b\.?|nbr\b|num\b|ids?\b|identifiers?\b|code\b|#|:|=)" + _LINK

_RECORD = r"(?:mrn|m\.r\.n\.?|emr|ehr|med(?:ical)?\.?\s+rec(?:ord)?s?\.?|(?:patient|hospital|health|clinic)\s+(?:record|chart|file)s?)"
_WEAK_RECORD = r"(?:records?|charts?|files?|patient|pt|case|visit|encounter|admission|referral|hospital|specimen|lab)"
_MEMBER = (
    r"(?:mbi|hicn|hmo|ppo|member(?:ship)?|subscriber|beneficiary|(?:health\s+)?insurance|ins|insured|policy|policyholder"
    r"|health\s*-?\s*(?:care\s+)?plan|plan|group|grp|claim|(?:prior\s+)?auth(?:orization)?|medicare|medicaid|medi-cal"
    r"|rx\s*(?:bin|grp|pcn)|cigna|aetna|humana|anthem|tricare|kaiser|bcbs|united(?:healthcare)?|blue\s+(?:cross|shield))\.?"
)
_ACCOUNT = (
    r"(?:acct|account|a/c|routing|iban|bank|confirmation|order|invoice|booking|reference|ref|ticket|tracking)\.?"
)
_LICENCE = r"(?:(?:driver'?s?'?|driving)\s+licen[cs]e|driver'?s?\s+id|dl|passport|state\s+id|licen[cs]e\s+plate|number\s+plate|plate|vin|npi|dea)"
_SOCIAL = r"(?:ssn|ss#|s\.s\.n\.?|soc(?:ial)?\.?\s*sec(?:urity)?|my\s+social|itin|tin)"
_CALL = (
    r"(?:call|phone|telephone|tel|cell(?:phone)?|mobile|text|sms|fax|reach|contact|ring|dial|whatsapp|number|desk|office"
    r"|home|work|answering|messages?|registered|voicemail|landline|hotline|ph|line|pager)"
)
# A telephone number written without any plan we know: two to six groups of digits, at most 15 digits.
_GROUPS = r"(?:\+\s?)?(?:\(\+?\d{1,4}\)[\s.\-]?)?\d{1,5}(?:[\s.\-]{1,2}(?:\(\d{1,4}\)[\s.\-]?)?\d{2,7}){1,6}(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?"
_UNIT = r"(?!\s*(?:mg|mcg|µg|ug|ml|kg|lbs?|g\b|%|percent|dollars?|usd|bucks|years?|yrs?|weeks?|days?|hours?|hrs?|min|months?|people|patients|times|sessions?|infusions?))"
_SPOKEN = r"(?:zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple)"

_I = re.IGNORECASE
# In order of weight: a range that an earlier pattern took is not given to a later one. `value` is what is replaced.
_PATTERNS: tuple[tuple[Detail, re.Pattern[str]], ...] = tuple(
    (detail, re.compile(pattern, _I))
    for detail, pattern in (
        (Detail.EMAIL, r"(?<![\w.+\-])[\w.+\-']*[\w+]@[\w\-]+(?:\.[\w\-]+)+"),
        (Detail.EMAIL, r"(?<![\w.+\-])[\w.+\-]+@[\w\-]{2,}"),
        (
            Detail.EMAIL,
            r"\b[\w.+\-]+(?:\s+dot\s+[\w+\-]+)*\s*(?:\(at\)|\[at\]|\{at\}|\sat\s)\s*[\w\-]+(?:\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*[\w\-]+)*"
            r"\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*(?:com|net|org|edu|gov|io|us|uk|co|me|info|biz)\b",
        ),
        (Detail.URL, r"\b(?:https?|ftp)://[^\s<>\"\])}]*[^\s<>\"\])}.,;:!?']"),
        (Detail.URL, r"\bwww\.[^\s<>\"\])}]*[^\s<>\"\])}.,;:!?']"),
        (Detail.URL, r"(?<![@\w.])(?:[a-z0-9\-]+\.)+[a-z]{2,}(?:/[^\s<>\"\])}]*[^\s<>\"\])}.,;:!?'/]|/?\?[^\s]+)"),
        (Detail.IP, r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)"),
        (Detail.IP, r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}(?::?[0-9a-f]{1,4})(?![\w:])"),
        (
            Detail.DOB,
            rf"\b(?:dob|d\.o\.b\.?|born|birth\s*-?\s*da(?:te|y)|date\s+of\s+birth|b-?day|bd)\b\s*(?:is|was|on|in|:|=|,|-|it's|its|\?)*\s*(?:(?:it's|its|it\s+is)\s+)?(?P<value>{_FULL_DATE}|{_MONTH}\s*{_DAY}\b(?!\s*(?:mg|%))|\d{{1,2}}[/\-.]\d{{1,2}}(?:[/\-.]\d{{2,4}})?|\d{{8}}|\d{{6}})",
        ),
        (Detail.DATE, rf"(?<!\w){_FULL_DATE}(?!\w)"),
        (Detail.SSN, rf"\b{_SOCIAL}{_LINK}(?P<value>(?:\d[\s.\-]*){{9}}(?!\d)|\d{{4}}\b)"),
        (
            Detail.SSN,
            r"\blast\s+(?:4|four)(?:\s+digits?)?\s+of\s+(?:my|his|her|the)\s+(?:ssn|social)\w*(?:\s+\w+){0,3}?\s*(?P<value>\d{4})\b",
        ),
        (Detail.MRN, rf"\b{_RECORD}\b{_LINK}(?P<value>#?{_TOKEN}(?: \d{{2,}}){{0,3}})"),
        (Detail.MRN, rf"\b{_WEAK_RECORD}{_LINKED}(?P<value>#?{_LONG})"),
        (Detail.MRN, rf"\b{_WEAK_RECORD}\s+(?P<value>#\s?{_TOKEN})"),
        (Detail.MEMBER_ID, rf"\b{_MEMBER}{_LINKED}(?P<value>#?{_LONG})"),
        (Detail.MEMBER_ID, rf"\b{_MEMBER}\s*(?P<value>#\s?{_TOKEN})"),
        (
            Detail.MEMBER_ID,
            rf"\b{_MEMBER}\s+(?:is\s+)?(?P<value>(?=[A-Za-z\-]*\d)(?:[A-Z]{{1,5}}-?\d{{4,}}|\d{{3,}}-\d{{3,}}(?:-\d+)*|[A-Z]?\d{{6,}})\w*)",
        ),
        (
            Detail.MEMBER_ID,
            r"(?<![\w\-])[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w\-])",
        ),
        (
            Detail.LICENCE,
            rf"\b{_LICENCE}{_LINK}(?P<value>(?=[A-Za-z\-]*\d)[A-Za-z0-9][A-Za-z0-9\-]{{3,}}(?: \d{{2,}}){{0,3}})",
        ),
        (
            Detail.CARD,
            rf"\b(?:card|cc|visa|mastercard|amex|discover|debit|credit)\b{_LINK}(?P<value>\d(?:[\s\-]?\d){{10,18}}(?!\d)|(?<=ending in )\d{{4}}\b|(?<=ends in )\d{{4}}\b|(?<=ending with )\d{{4}}\b)",
        ),
        (Detail.ACCOUNT, rf"\b{_ACCOUNT}{_LINKED}(?P<value>#?{_LONG})"),
        (
            Detail.ID,
            r"\bid\b\s*(?:number|no\.?|#|is|:|=|\s)*(?P<value>#?(?=(?:[A-Za-z\-]*\d){3})[A-Za-z0-9][A-Za-z0-9\-]{3,})",
        ),
        (
            Detail.PHONE,
            rf"(?<![\w.\-])(?:\+|00|011[\s\-]?)\(?\d(?:[\s.\-()]{{0,3}}\d){{7,14}}(?!\d)(?:\s*(?:x|ext\.?|extension)\s*\d{{1,6}})?",
        ),
        (
            Detail.PHONE,
            r"(?<![\w.\-/])(?:1[\s.\-]?)?\(?[2-9]\d{2}\)?[\s.\-]{0,2}\d{3}[\s.\-]{0,2}\d{4}(?![\w]|-\d)(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?",
        ),
        (
            Detail.PHONE,
            r"(?<![\w.\-/])(?:1[\s.\-]?)?\(?\d{3}\)?[\s.\-]{1,2}\d{3}[\s.\-]{1,2}\d{4}(?:(?:\s*(?:x|ext\.?|extension)\s*)\d{1,6}|(?![\w]|-\d))",
        ),
        (Detail.PHONE, r"(?<![\w.\-/])(?=(?:\D{0,3}\d){9})\(?0\d{1,5}\)?(?:[\s.\-]{0,2}\d{2,7}){1,5}(?![\w]|-\d)"),
        (Detail.PHONE, rf"\b{_CALL}\b[^\d]{{0,28}}?(?P<value>(?<![\w.\-/]){_GROUPS}(?![\w%]|[.,]\d|-\d)){_UNIT}"),
        (
            Detail.PHONE,
            rf"(?<![\w.\-/])(?P<value>{_GROUPS})(?=\s*[-(,]?\s*(?:office|fax|mobile|cell|home|work|desk|phone)\b)",
        ),
        (Detail.PHONE, rf"\b{_CALL}\b[^\d]{{0,28}}?(?P<value>(?<![\w.\-/])\d{{7,12}}(?!\w)){_UNIT}"),
        (
            Detail.PHONE,
            rf"\b{_CALL}\b[^\d]{{0,28}}?(?P<value>(?<![\w.\-/])\(?\d{{2,4}}\)?[\s.\-]\d{{3,4}}[\s.\-]?\d{{0,4}}(?![\w%])){_UNIT}",
        ),
        (Detail.PHONE, r"(?<![\w.\-/])[2-9]\d{2}-\d{4}(?![\w\-])"),
        (Detail.PHONE, rf"\b{_SPOKEN}(?:[\s,\-]+{_SPOKEN}){{6,14}}\b"),
        (Detail.SSN, r"(?<![\w.\-])\d{3}([\-\s.])\d{2}\1\d{4}(?![\w]|-\d)"),
        (Detail.USERNAME, r"(?<![\w.@/])@[A-Za-z_][\w.]{2,}\w"),
        (
            Detail.USERNAME,
            r"\b(?:user\s*name|user\s*id|login|handle|screen\s*name|instagram|insta|facebook|snapchat|twitter|tiktok|reddit|discord|telegram)\s*(?:name|account)?\s*(?:is|:|=|@)+\s*@?(?P<value>(?=\w*[\d_.])[A-Za-z][\w.\-]{2,}\w)",
        ),
        (Detail.USERNAME, r"(?<![\w/])/?u/(?P<value>[\w\-]{3,})"),
        (Detail.LICENCE, r"(?<!\w)[A-HJ-NPR-Z0-9]{3}(?=[A-HJ-NPR-Z]*\d)(?=\d*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{14}(?!\w)"),
    )
)
_CARD = re.compile(r"(?<![\w.\-+])\d(?:[ \-]?\d){11,18}(?![\w\-]|\.\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)", _I)
# Any other number so long or so mixed that it names something: it stands for a person more often than for a fact.
_LEFT_OVER = re.compile(r"(?<![\w.\-/$])#?(?:(?=[A-Z\-]*\d*[A-Z\-]*\d{5})(?=\d*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*|\d{7,}|\d+(?:-\d+)+(?<=\d{3})(?<=.{8}))(?![\w%\-]|[.,]\d)", _I)
# Numbers of studies and of the plain world, which are nobody's.
_PUBLIC = re.compile(
    r"\bNCT\d{8}\b|\bPMC?\s?(?:ID)?:?\s?\d{5,8}\b|\b10\.\d{4,9}/\S+|(?<![\d\-])(?:19|20)\d\d\s?-\s?(?:19|20)?\d\d(?![\d\-])"
    r"|\b\d{1,3}(?:,\d{3})+\b|\$\s?\d[\d,.]*|(?<![\d\-])1?[\s\-.]?(?:988|911)(?![\d\-])|(?<![\d/])\d{2,3}/\d{2,3}(?![\d/])",
    _I,
)
_UNITS_AFTER = re.compile(r"\s*(?:mg|mcg|ml|kg|iu|units?|dollars|people|patients|adults|cells?)\b", _I)


def find_numbers(text: str) -> Iterator[Place]:
    """Yield the details of `text` that are made of digits and signs; earlier patterns weigh more."""
    taken = [match.span() for match in _PUBLIC.finditer(text)]
    for place in _candidates(text):
        if all(place.end <= start or place.start >= end for start, end in taken):
            taken.append((place.start, place.end))
            yield place


def _candidates(text: str) -> Iterator[Place]:
    for match in _IBAN.finditer(text):
        if iban.is_valid(match.group()):
            yield Place(*match.span(), Detail.ACCOUNT)
    for detail, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            if end > start:
                yield Place(start, end, detail)
        if detail is Detail.CARD:
            yield from _cards(text)
    for match in _LEFT_OVER.finditer(text):
        if not _UNITS_AFTER.match(text, match.end()):
            yield Place(*match.span(), Detail.ID)


def _cards(text: str) -> Iterator[Place]:
    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub(r"\D", "", match.group())):
            yield Place(*match.span(), Detail.CARD)
