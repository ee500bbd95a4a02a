"""Postal addresses in a text: street and number in the orders of many countries, boxes, military post, postcodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbot.journal.spans import Detail, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_I = re.IGNORECASE
_CAPITAL = r"(?:(?:St|Ste|Av|Ave|Mt|Ft|[^\W\d_a-zà-öø-ÿ])\.|[^\W\d_a-zà-öø-ÿ]\w*(?:['\-]\w+)*)"
_SMALL = r"(?:de|del|della|dei|des|du|da|do|dos|das|di|la|le|les|los|las|el|en|of|the|van|von|der|den|af|av|na|nad|u|z|v|y|e|ul\.|al|d'|am|an|im|zum|zur|och|fejedelem|tee|út|útja|utca|tér)(?!\w)"
_WORD = rf"(?:{_CAPITAL}|{_SMALL})"
_STREET = (
    r"(?:st|street|str|ave?|avenue|rd|road|blvd|boulevard|ln|lane|pkwy|parkway|hwy|highway|terrace|cir|sq|trl|alley|crescent|cres"
    r"|mews|expressway|turnpike|tpke)"
)
# Streets too, but ordinary words as well: they count with a capital only.
_SPARSE = (
    r"Drive|Dr|Court|Ct|Place|Pl|Circle|Way|Square|Trail|Loop|Row|Walk|Close|Grove|Gardens?|Hill|Plaza|Run|Crossing|Pike|Path|Ter"
    r"|DRIVE|DR|COURT|CT|PLACE|CIRCLE|WAY|PLAZA"
)
_FUNCTION = r"(?:a|an|and|are|at|by|for|from|had|has|have|i|if|in|is|it|my|near|of|off|on|or|our|than|that|then|to|was|were|what|when|with|you|your)"
_UNIT = r"(?:apt|apartment|suite|ste|unit|rm|room|bldg|building|floor|fl|lot|trailer|#)\.?\s*#?\s*(?:[a-z]?\d+[a-z]?|[a-z]\b)"
_BEFORE = r"(?:rue|via|viale|calle|carrer|rua|rúa|avenida|avenue|av\.?|avda\.?|ul\.?|ulica|plaza|piazza|praça|platz|paseo|corso|strada|boulevard|chemin|route|allée|impasse|ulitsa|jalan|jl\.?|c/)"
_AFTER = r"\w*(?:straße|strasse|str\.|gasse|weg|platz|allee|ufer|damm|straat|laan|plein|gracht|kade|dijk|gatan|vägen|väg|gade|vej|gate|gata|veien|vegen|katu|tie|kuja|utca|út|tér|tee|utja|útja|stræde|stígur|vegur|braut|ulice|náměstí|nábřeží)"
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)
_ZIP = r"\d{5}(?:-\d{4})?"
_STATE_NAME = (
    r"(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas"
    r"|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New\s(?:Hampshire|Jersey|Mexico|York)"
    r"|(?:North|South)\s(?:Carolina|Dakota)|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode\sIsland|Tennessee|Texas|Utah|Vermont|(?:West\s)?Virginia|Washington|Wisconsin|Wyoming)"
)
# Not an address: "10 mg Twice Daily 20".
_NO_UNIT = r"(?!\s*(?:mg|mcg|ml|kg|g|iu|lbs?|%|x|am|pm|years?|yrs?|yo|y/o|weeks?|days?|hours?|hrs?|min(?:ute)?s?|months?|sessions?|times|people|patients|percent|st|nd|rd|th)\b)"

_NUMBER = rf"(?<![\w.$/\-])(?:{_UNIT}\s*,\s*)?(?:\d{{1,6}}\s+)?\d{{1,6}}[a-z]?(?:-\d+)?{_NO_UNIT},?\s+(?:(?:[nsew]|ne|nw|se|sw)\.?\s+|(?:north|south|east|west)\s+)?"

_STREETS: tuple[re.Pattern[str], ...] = (
    # 1234 Elm St, 12B N. Main Street Apt 4, 90 Whitchurch Road
    re.compile(rf"{_NUMBER}(?:(?!\d|{_FUNCTION}\b)[\w'.\-]+\s+){{1,4}}?{_STREET}\b\.?(?:\s*,?\s*{_UNIT}){{0,3}}", _I),
    re.compile(rf"{_NUMBER}\d+(?:st|nd|rd|th)\s+{_STREET}\b\.?(?:\s*,?\s*{_UNIT}){{0,3}}", _I),
    re.compile(rf"(?i:{_NUMBER})(?:{_CAPITAL}\s+){{1,4}}?(?:{_SPARSE})\b\.?(?:\s*,?\s*(?i:{_UNIT})){{0,3}}"),
    # Rue de Virton 38, Via dei Fiorentini 17, 56 rue La Boétie
    re.compile(rf"(?<!\w)(?:\d{{1,6}}[\s,]+){{0,2}}(?<!\w){_BEFORE}\s+(?:(?!\d)[\w'’.\-]+\s+){{0,5}}?(?:\d{{1,5}}[a-z]?\b|(?<=\d\s)\w+)", _I),
    re.compile(rf"(?<!\w)\d{{1,6}}[\s,]+(?:\d{{1,5}}[\s,]+)?(?i:{_BEFORE})(?:\s+{_WORD}){{1,5}}(?:\s+\d{{1,5}}\b)?"),
    # Kiannonkatu 98, Hoge Wei 32, 638 2229 Wolmarans St
    re.compile(rf"(?<!\w)(?:\d{{1,6}}\s+)?(?:(?!\d)[\w'’.\-]+\s+){{0,3}}?{_AFTER}\s+\d{{1,5}}[a-z]?\b\.?", _I),
    # 3369 24 Clarke, 3247 Rua Igreja 25, 0138 Brisas 6802: a number, capitalised words, a number
    re.compile(rf"(?<![\w.$/\-])\d{{1,6}}{_NO_UNIT}[ ,]+{_CAPITAL}(?:[ ]+{_WORD}){{0,4}}[ ]+\d{{1,5}}{_NO_UNIT}(?![\w/\-]|[.,]\d)\.?"),
    re.compile(rf"(?<![\w.$/\-])\d{{3,6}}[ ]+\d{{1,5}}{_NO_UNIT}[ ]+{_CAPITAL}(?:[ ]+{_WORD}){{0,4}}"),
    # PO Box 12, PSC 5420, Box 2708 / APO AA 33879, Unit 5022 Box 1225, USS Lorenzen / FPO AE 25990
    re.compile(r"\bp\.?\s*o\.?\s*box\s+#?\d+|\b(?:psc|cmr|unit)\s+\d+,?\s+box\s+\d+(?:\s*,?\s*[adf]po\s+a[aep]\s+\d{5}(?:-\d{4})?)?", _I),
    re.compile(r"(?:\b(?:uss|usns|usnv|usns|uscgc)\s+[\w'\-]+\s*,?\s*)?\b[adf]po,?\s+a[aep]\s+\d{5}(?:-\d{4})?", _I),
    re.compile(rf"(?<!\w)(?:apt|apartment|suite|ste)\.?\s*#?\s*\d+[a-z]?\b(?:\s+{_UNIT})*", _I),
    # Springfield, IL 62704
    re.compile(rf"(?<!\w)(?:{_CAPITAL}[ ]){{0,2}}{_CAPITAL},?\s+(?:{_STATE}|{_STATE_NAME}),?\s+{_ZIP}(?!\w)"),
    re.compile(rf"\b(?:zip|postal|post)\s*-?\s*codes?\s*(?:is|was|of|:|=|#)*\s*(?P<value>{_ZIP}|[a-z]{{1,2}}\d[a-z\d]?\s?\d[a-z]{{2}})(?!\w)|\bzip\s*(?:is|:|=)*\s*(?P<zip>{_ZIP})(?!\w)", _I),
    # London SW1A 2AA
    re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?!\w)"),
)
# After these even a bare "Skogstien 106" or "Jahu 80" is an address.
_HOME = re.compile(
    r"\b(?:address(?:es)?(?:\s+(?:is|was|to|here|they\s+are|on\s+file))*|lives?\s+(?:at|on|in)|lived\s+(?:at|on|in)|living\s+(?:at|on|in)|live\s+(?:at|on|in)|resid(?:es?|ing)\s+(?:at|on|in)"
    r"|located\s+(?:at|on)|moved\s+to|sent\s+to|send\s+(?:it\s+)?to|ship(?:ped)?\s+to|mail(?:ed)?\s+(?:it\s+)?to|deliver(?:ed)?\s+(?:it\s+)?to|return\s+to|arrived\s+at|taxi\s+to|off\s+at|enter\s+on|is\s+at|meet(?:ing)?\s+at"
    r"|home\s+is|pick\s+(?:me|him|her|us)\s+up\s+(?:at|from)|refers\s+to|corner\s+of|it's\s+in|come\s+to)\b\s*[:,\-]?\s*",
    _I,
)
_PLAIN_ADDRESS = re.compile(
    rf"(?:\d{{1,6}}{_NO_UNIT}[ ,\n]+)?(?:{_CAPITAL}|ul\.)(?:[ ]+{_WORD}){{0,4}}[ ,\n]+\d{{1,6}}{_NO_UNIT}(?![\w/%]|[.,]\d)|\d{{1,6}}{_NO_UNIT}[ ,\n]+{_CAPITAL}(?:[ ]+{_WORD}){{0,4}}"
)
# What an address goes on with: ", Boston, MA 02110", "\n Apt. 271\n St Felicien\n Canada 36523"
_ON = re.compile(
    rf"[ ]*[,\n][ \n>,]*(?:(?i:{_UNIT})|{_STATE}\b(?:[ ]+{_ZIP})?|{_CAPITAL}(?:[ ]+(?:{_CAPITAL}|{_SMALL}|\([^()\n]{{2,20}}\))){{0,5}}(?:[ ]+\d{{4,6}}(?!\w))?|nan\b|\d{{4,6}}(?!\w)(?:[ ]+{_CAPITAL})?)"
    rf"|[ ]+(?:(?i:{_UNIT})|\d{{4,6}}(?![\w/-])|{_STATE}\b(?:[ ]+{_ZIP})?)"
    rf"|[ ]+{_CAPITAL}(?:[ ]+{_CAPITAL}){{0,2}}[ ]+\d{{5}}(?!\w)"
    rf"|(?<=\d)[ ]+{_CAPITAL}(?:[ ]+{_CAPITAL}){{0,3}}(?=[ ]*(?:[.,\n]|$))"
)
_LINES_ON = 6
_TELEPHONE = re.compile(r"\n\s*(?:\+|\(?\d{2,5}\)?[\s.\-]\d|mobile|phone|tel|desk|fax)", _I)


def find_addresses(text: str) -> Iterator[Place]:
    """Yield the postal addresses of `text`; places may overlap."""
    for pattern in _STREETS:
        for match in pattern.finditer(text):
            start, end = match.span()
            named = [name for name in pattern.groupindex if match.group(name)]
            if named:
                start, end = match.span(named[0])
            yield Place(start, _to_the_end(text, end), Detail.ADDRESS)
    for cue in _HOME.finditer(text):
        if match := _PLAIN_ADDRESS.match(text, cue.end()):
            yield Place(match.start(), _to_the_end(text, match.end()), Detail.ADDRESS)


def _to_the_end(text: str, end: int) -> int:
    for _ in range(_LINES_ON):
        match = _ON.match(text, end)
        if match is None or _TELEPHONE.match(text, end):
            break
        end = match.end()
    return end
