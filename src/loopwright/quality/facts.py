"""What written facts speak of: things that texts may not hold, shapes that they may have, as patterns. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Thing(NamedTuple):
    """How a thing that texts may not hold is found. `caveat` tells what is not found."""

    pattern: str
    says: str
    caveat: str = ""


_FIRST_NAMES = (
    "Aisha|Alex|Alice|Amanda|Amy|Andrea|Andrew|Angela|Anna|Anne|Anthony|Ashley|Barbara|Benjamin|Betty|Brian|Carlos|Carol|Charles|"
    "Christine|Christopher|Claire|Daniel|David|Deborah|Dennis|Diana|Diego|Donald|Dorothy|Edward|Elena|Elizabeth|Emily|Emma|Eric|"
    "Fatima|Gary|George|Giulia|Greg|Hans|Helen|Henry|Ian|Jacob|James|Jane|Jason|Jeff|Jennifer|Jessica|Joan|Joe|John|Jonathan|"
    "Joseph|Joshua|José|Juan|Julia|Karen|Katherine|Kevin|Kim|Klaus|Larry|Laura|Linda|Lisa|Lucas|Luis|Margaret|Maria|Martin|Mary|"
    "Matthew|Melissa|Michael|Michelle|Mohammed|Nancy|Nicholas|Nicole|Olivia|Pamela|Patricia|Paul|Pedro|Peter|Priya|Rachel|Rebecca|"
    "Richard|Robert|Ronald|Ryan|Samantha|Samuel|Sandra|Sarah|Scott|Sharon|Sophia|Stephanie|Stephen|Steven|Susan|Thomas|Timothy|"
    "Tom|Tyler|Ursula|William|Wolfgang|Yusuf|Zoe"
)
_NAMES = Thing(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau)\.? +\p{Lu}|\b(?i:my name is|my name's|i am called|i'm called|call me) +\p{Lu}|"
    rf"\b(?:{_FIRST_NAMES})\b",
    "names a person",
    "persons are told by titles, introductions and the commonest first names; other names pass",
)
_URLS = Thing(
    r"(?i)\b(?:https?://|www\.)|(?:^|[^@\w.-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|co|de|fr|uk|eu|info)\b(?:[^@]|$)",
    "holds a web address",
)
_EMAILS = Thing(r"[^\s@<>()]+@[^\s@<>()]+\.\p{L}{2,}", "holds an e-mail address")
_PHONES = Thing(r"(?:\+|\b0|\(\d)[\d ()/.-]{5,}\d|\b\d{3}[ .-]\d{3,4}[ .-]?\d{0,4}\b", "holds a phone number")
_DIGITS = Thing(r"\d", "holds a digit")
_NUMBERS = Thing(r"\d", "holds a number", "numbers written as words pass")
_EMOJI = Thing(r"[\p{Emoji_Presentation}\x{FE0F}]", "holds an emoji")
_PRICES = Thing(r"[$€£¥]\s?\d|\d\s?(?:[$€£¥]|(?i:usd|eur|gbp|dollars?|euros?)\b)", "holds a price")
_SHOUTS = Thing(r"\b\p{Lu}{4,}\b", "holds a word in capitals", "short ones such as USA pass")
_MARKUP = Thing(r"(?m)^#{1,6} |\*\*[^*\n]+\*\*|^ *[-*+] +\S|```|\[[^\]\n]+\]\([^)\n]+\)", "holds Markdown")
_BLANKS = Thing(
    r"\[[A-Za-z][^\]\n]{0,40}\]|\{\{?[A-Za-z_][^}\n]{0,40}\}\}?|<[A-Z_][A-Z_ ]+>|(?i)\b(?:lorem ipsum|xxx+)\b",
    "holds a placeholder",
)

THINGS: Mapping[str, Thing] = {
    "urls?|links?|hyperlinks?|web ?addresses|web ?sites?|web links?": _URLS,
    "e-?mails?|e-?mail addresses": _EMAILS,
    "phone numbers?|telephone numbers?": _PHONES,
    "digits?": _DIGITS,
    "numbers?|numerals?": _NUMBERS,
    "emojis?|emoticons?|smileys?": _EMOJI,
    "exclamation marks?|exclamation points?|exclamations?": Thing("[!！]", "holds an exclamation mark"),
    "question marks?|questions?": Thing("[?？]", "holds a question mark"),
    "hash ?tags?": Thing(r"#\p{L}", "holds a hashtag"),
    "@-?mentions?|mentions|handles": Thing(r"(?:^|\s)@\w", "holds a mention"),
    "line ?breaks?|new ?lines?": Thing(r"\n", "holds a line break"),
    "html|html tags?|tags": Thing(r"</?[A-Za-z][^<>]{0,200}>", "holds an HTML tag"),
    "markdown|markdown formatting": _MARKUP,
    "place ?holders?|template variables?": _BLANKS,
    "quotes|quotation marks?": Thing('["“”„«»]', "holds a quotation mark"),
    "parentheses|brackets": Thing(r"[()\[\]]", "holds a bracket"),
    "semicolons?": Thing(";", "holds a semicolon"),
    "colons?": Thing(":", "holds a colon"),
    "dashes|em-? ?dash(?:es)?": Thing("[—–]", "holds a dash"),
    "(?:personal |people's |person |first |last |proper )?names(?: of (?:people|persons))?": _NAMES,
    "prices?|currency amounts?|amounts of money": _PRICES,
    "all[- ]caps(?: words)?|words in capitals|shouting|capitals": _SHOUTS,
    "upper-?case(?: letters)?|capital letters": Thing(r"\p{Lu}", "holds a capital letter"),
    "non-?ascii(?: characters| letters)?|special characters": Thing(r"[^\x00-\x7F]", "holds a character beyond ASCII"),
}  # fmt: skip
"""By what people call them, as patterns that are matched against the whole of it, in lower case."""


class Shape(NamedTuple):
    kind: str
    parameters: Mapping[str, str | float | bool | None]
    note: str


def _must(pattern: str, says: str, note: str = "") -> Shape:
    return Shape("regex", {"must": pattern, "says": says}, note)


def _must_not(pattern: str, says: str, note: str = "") -> Shape:
    return Shape("regex", {"must_not": pattern, "says": says}, note)


def _form(name: str) -> Shape:
    return Shape("format", {"name": name}, "")


SHAPES: Mapping[str, Shape] = {
    r"(?:a |phrased as a |written as a |only )?questions?(?: only)?|ends? (?:with|in) a question mark": _must(
        r"[?？]\s*$", "does not end with a question mark", "told by the question mark at the end"
    ),
    "ends? (?:with|in) a (?:full stop|period)": _must(r"[.。]\s*$", "does not end with a full stop"),
    "ends? (?:with|in) an exclamation (?:mark|point)": _must(r"[!！]\s*$", "does not end with an exclamation mark"),
    "(?:starts?|begins?) with an? (?:capital|upper-?case)(?: letter)?": _must(
        r"^\s*\p{Lu}", "does not begin with a capital letter"
    ),
    "(?:all |in |only )*lower-? ?case(?: letters)?(?: only)?": _must_not(r"\p{Lu}", "holds a capital letter"),
    "(?:all |in |only )*upper-? ?case(?: letters)?(?: only)?|all capitals": _must_not(r"\p{Ll}", "holds a small letter"),
    "(?:on |in )?(?:a |one |1 )?(?:single )?line(?: only)?|1-line": _must_not(r"\n", "holds a line break"),
    "(?:only )?ascii(?: only| characters only)?": _must_not(r"[^\x00-\x7F]", "holds a character beyond ASCII"),
    "(?:only digits|digits only)": _must(r"^[0-9]+$", "holds something else than digits"),
    "(?:contains?|mentions?|includes?|has) a (?:number|digit)": _must(
        r"\d", "holds no digit", "numbers written as words do not count"
    ),
    "(?:a )?(?:valid )?json(?: object| document)?": _form("json"),
    "(?:an? )?(?:valid )?e-?mail addresse?s?": _form("email"),
    "(?:an? )?(?:valid )?(?:urls?|web address)": _form("url"),
    "(?:a )?(?:valid )?number": _form("number"),
    "(?:an? )?(?:valid )?(?:integer|whole number)": _form("integer"),
    "(?:an? )?(?:valid )?(?:iso(?:[- ]?8601)? )?dates?(?: in iso format| as yyyy-mm-dd)?": _form("date"),
    "(?:an? )?(?:valid )?uuids?": _form("uuid"),
    "(?:no|without|free of) exact duplicates": Shape("deduplication", {"near": None}, "equal but for case and spacing"),
    "(?:no|without|free of) (?:near[- ])?(?:duplicates?|repetitions?)|(?:all )?(?:unique|distinct|different)|no 2 alike":
        Shape("deduplication", {}, "to the letter, and nearly, from 0.8 on"),
}  # fmt: skip
"""By how people put it, as patterns that are matched against the whole fact, in lower case."""
