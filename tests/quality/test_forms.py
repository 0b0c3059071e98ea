"""Hard cases of the validators that count, read forms, search patterns and tell languages, in tables."""

from __future__ import annotations

import pytest

from loopwright.quality.counting import count_sentences, count_words
from loopwright.quality.languages import language
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Judges
from loopwright.quality.validators.format import Format, FormatName
from loopwright.quality.validators.label import Label
from loopwright.quality.validators.language import Language
from loopwright.quality.validators.length import Length
from loopwright.quality.validators.regex import Regex, searcher, states
from loopwright.quality.validators.schema import Schema

FORMS: dict[FormatName, tuple[list[str], list[str]]] = {
    "email": (
        [
            "a@b.org",
            "first.last+tag@sub.example.co.uk",
            "o'neil@example.org",
            "üser@exämple.de",
            "x@xn--bcher-kva.example",
            " padded@example.org ",
            "1@2.info",
            "a_b-c@d-e.org",
            "x" * 64 + "@example.org",
        ],
        [
            "",
            "a",
            "@b.org",
            "a@",
            "a@b",
            "a@b.c",
            "a@@b.org",
            "a b@c.org",
            "a@b .org",
            ".a@b.org",
            "a.@b.org",
            "a..b@c.org",
            "a@-b.org",
            "a@b-.org",
            "a@b..org",
            "a@b.org.",
            "a@b.123",
            "a@[127.0.0.1]",
            "a@b.org, c@d.org",
            "<a@b.org>",
            "mailto:a@b.org",
            "x" * 65 + "@example.org",
            "a@" + "b." * 130 + "org",
            "a\n@b.org",
            '"a b"@c.org',
            "a@b,org",
        ],
    ),
    "url": (
        [
            "https://example.org",
            "http://localhost:8000/x?y=1#z",
            "ftp://files.example.org/a.txt",
            "https://exämple.de/ü",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
            "https://user@example.org/",
            "https://example.org/a(b)",
        ],
        [
            "",
            "example.org",
            "www.example.org",
            "//example.org",
            "http://",
            "http:///x",
            "https://exa mple.org",
            "javascript:alert(1)",
            "mailto:a@b.org",
            "http://example.org:99999/",
            "http://example.org:port/",
            "http://-x.org",
            "http://[::1",
            "see https://a.org",
            "https://a.org\nhttps://b.org",
            "https://a..org",
            "file:///etc/passwd",
            "https://" + "a" * 9_000 + ".org",
        ],
    ),
    "json": (
        ["{}", "[1, 2]", '"text"', "null", " 3.5 ", '{"a": {"b": [true, "ü"]}}', "-0.0", '"\\ud83d\\ude00"'],
        [
            "",
            "{",
            "{'a': 1}",
            '{"a": 1,}',
            "```json\n{}\n```",
            "NaN",
            "undefined",
            "{} {}",
            "Here it is: {}",
            "01",
            '"\\ud800"',
            "// c\n{}",
        ],
    ),
    "number": (
        [
            "0",
            "42",
            "-7",
            "+7",
            "−7",
            "3.14",
            "3,14",
            ".5",
            "1,234",
            "1,234,567.89",
            "1.234.567,89",
            "1 234 567,89",
            "1'234.50",
            "1e6",
            "2.5E-3",
            "1\u202f234",
            "007",
        ],
        [
            "",
            "abc",
            "1,23,456",
            "12,34,567.8",
            "1,234,56",
            "1.2.3",
            "1,234,567,89",
            "1.234.567.89",
            "5.",
            "1_000",
            "$5",
            "50%",
            "٣",
            "²",
            "NaN",
            "inf",
            "0x1F",
            "1e",
            "--1",
            "1 2",
            "1 000,000 000",
            "1,234 567",
            "one",
        ],
    ),
    "integer": (["0", "-12", "1,234", "1.234.567", "12 000"], ["", "1.5", "1e3", "1,5", "12.0", "x", "1,2345"]),
    "date": (
        ["2024-02-29", "1999-12-31", " 2025-01-01 "],
        [
            "",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "20240101",
            "01/02/2024",
            "31.12.2024",
            "2024-01-01T00:00:00",
            "2024-W01-1",
            "٢٠٢٤-٠١-٠١",
        ],
    ),
    "time": (
        ["23:59", "00:00:00", "12:30:15.5", "12:30Z", "12:30+02:00"],
        ["", "24:00", "12:60", "9:00", "12", "noon", "12:30 pm"],
    ),
    "datetime": (
        ["2024-02-29T12:30:00Z", "2024-02-29 12:30", "2024-02-29T12:30:00.123456+05:30"],
        ["", "2024-02-30T12:30:00Z", "2024-02-29", "2024-02-29T25:00", "2024-02-29X12:30", "12:30"],
    ),
    "uuid": (
        ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
        [
            "",
            "123e4567e89b12d3a456426614174000",
            "123e4567-e89b-12d3-a456-42661417400",
            "{123e4567-e89b-12d3-a456-426614174000}",
            "g" * 36,
        ],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_told_from_what_only_looks_like_it(name: FormatName) -> None:
    validator = Format(name=name)
    right, wrong = FORMS[name]
    assert [text for text in right if not validator.rule(text).passed] == []
    assert [text for text in wrong if validator.rule(text).passed] == []


def test_a_form_that_is_missed_is_named_with_what_is_wrong() -> None:
    assert Format(name="email").rule("a@b").reason == "'a@b' is not an e-mail address: 'b' is no domain"
    assert Format(name="json").rule("```json\n{}\n```").reason == "'```json {} ```' is not JSON: it stands in a code fence"
    assert Format(name="integer").rule("1.5").reason == "'1.5' is not a whole number"


def test_numbers_that_are_numbers_in_the_row_are_numbers() -> None:
    assert all(Format(name="number", field="n").judge(Row({"n": value})).passed for value in (1, -2.5, 1e300, 10**30))
    assert not Format(name="number", field="n").judge(Row({"n": True})).passed


COUNTED = [
    ("", 0, 0),
    ("...!?", 0, 0),
    ("Hello world.", 2, 1),
    ("Hello world", 2, 1),
    ("What?! No way!", 3, 2),
    ("Wait... what?", 2, 1),
    ("Wait… What?", 2, 2),
    ("Mr. Smith went to Washington, D.C. He came back.", 9, 2),
    ("Dr. A. Weber, Ph.D., is in.", 6, 1),
    ("I met J. K. Rowling. She smiled.", 7, 2),
    ("e.g. this one. And that.", 5, 2),
    ("They sell apples, pears, etc. Prices vary.", 7, 2),
    ("Is it U.S. law? Yes.", 5, 2),
    ("I live in the U.S. The weather is fine.", 9, 2),
    ("We met at 5 p.m. Then we left.", 8, 2),
    ("Neither did I. Then he left.", 6, 2),
    ("No. 5 is alive.", 4, 1),
    ("No. That is wrong.", 4, 2),
    ("It costs 3.50 dollars. Really!", 5, 2),
    ("Version 2.0.1 is out", 4, 1),
    ("In 2024. Then again.", 4, 2),
    ("1. Buy milk\n2. Sell eggs", 6, 1),
    ("- one\n- two", 2, 1),
    ("First line\n\nSecond line", 4, 2),
    ("Visit www.example.org. Now!", 3, 2),
    ('"Where are you?" she asked. He left.', 7, 2),
    ("“Stop!” he said.", 3, 1),
    ('He said "No." Then he left.', 6, 2),
    ("Das kostet z.B. 5 Euro. Gut.", 6, 2),
    ("你好世界。今天天气很好！", 10, 2),
    ("Привет. Как дела?", 3, 2),
    ("¿Dónde está? ¡Aquí!", 3, 2),
    ("don't stop the well-known e-mail x@y.org", 6, 1),
    ("foo—bar baz", 3, 1),
    ("yes/no", 2, 1),
    ("Hi 👋 there 🙂", 2, 1),
]


@pytest.mark.parametrize(("text", "words", "sentences"), COUNTED)
def test_words_and_sentences_are_counted_as_a_reader_counts_them(text: str, words: int, sentences: int) -> None:
    assert (count_words(text), count_sentences(text)) == (words, sentences)


def test_a_length_that_is_missed_says_by_how_much() -> None:
    assert Length(max_words=3).rule("one two three four").reason == "4 words, at most 3"
    assert Length(min_sentences=2).rule("Only one.").reason == "1 sentence, at least 2"
    assert Length(min_characters=3, max_characters=3).rule("  abc ").passed
    assert Length(min_words=0).rule("").passed


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(a+)+$", "a" * 100_000 + "b", False),
        ("(a|aa)+$", "a" * 100_000 + "!", False),
        ("(.*)*=(.*)*$", "x" * 50_000, False),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 100_000, False),
        ("(x+x+)+y", "x" * 100_000, False),
        ("(?i)HELLO", "say hello", True),
        (r"\bnaïve\b", "so naïve it is", True),
        (r"^\w+$", "größe", True),
        (r"(?m)^b$", "a\nb", True),
        ("^b$", "a\nb", False),
        ("", "", True),
    ],
)
def test_patterns_that_would_backtrack_for_ever_are_searched_in_linear_time(pattern: str, text: str, found: bool) -> None:
    assert Regex(must=pattern).rule(text).passed is found
    assert Regex(must_not=pattern).rule(text).passed is not found


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("abc", 3),
        ("a{3}b", 4),
        ("(ab){2,5}", 10),
        ("[]a-z]{3}", 3),
        (r"\p{Lu}{4}", 4),
        (r"\{5\}", 3),
        ("(?:(?:a{10}){10}){10}", 1000),
        ("(?P<n>a){2}", 2),
        ("a{2,}", 2),
        ("a+b*", 2),
        (")", 1),
        ("{3}", 0),
    ],
)
def test_counted_repetitions_multiply(pattern: str, most: int) -> None:
    assert states(pattern) <= most + 1 and states(pattern) >= most - 1


def test_a_pattern_just_at_the_limit_is_searched_and_one_beyond_it_refused() -> None:
    assert not searcher("(?:.{0,40}x){0,40}y").isinstance_python("ax" * 1_000)
    with pytest.raises(ValueError, match="repeats so much"):
        searcher("(?:.{0,60}x){0,60}y")


def test_a_row_fails_a_pattern_with_the_reason_it_was_given() -> None:
    assert Regex(must_not="[0-9]", says="holds a digit").rule("a1") == Ruling(False, reason="holds a digit")
    assert Regex(must="^[A-Z]").rule("x").reason == "holds nothing that matches ^[A-Z]"
    assert Regex(must_not="x").rule("x").reason == "holds what matches x"


TEXTS = {
    "en": [
        "I want my money back.",
        "Where is my parcel? It has not arrived.",
        "Hello, a question about my refund",
        "Please cancel my order",
    ],
    "de": ["Ich möchte mein Geld zurück.", "Wo ist mein Paket? Es ist noch nicht angekommen.", "Können Sie mir bitte helfen?"],
    "fr": ["Je veux être remboursé.", "Où est mon colis ? Il n'est pas arrivé.", "Le renard brun saute par-dessus le chien"],
    "es": ["Quiero que me devuelvan el dinero.", "¿Dónde está mi paquete?", "El pedido no ha llegado todavía"],
    "it": ["Dov'è il mio pacco? Non è ancora arrivato.", "Questo è un problema con la consegna"],
    "pt": ["Quero o meu dinheiro de volta.", "Onde está a minha encomenda? Ainda não chegou."],
    "nl": ["Ik wil mijn geld terug.", "Waar is mijn pakket? Het is nog niet aangekomen."],
    "sv": ["Jag vill ha mina pengar tillbaka.", "Jag kan inte logga in på mitt konto"],
    "da": ["Jeg vil have mine penge tilbage.", "Jeg kan ikke logge ind på min konto"],
    "pl": ["Chcę zwrotu pieniędzy.", "Gdzie jest moja paczka? Jeszcze nie dotarła."],
    "tr": ["Paramı geri istiyorum.", "Hesabıma giriş yapamıyorum, bu çok kötü"],
    "ru": ["Я хочу вернуть деньги, это вы виноваты"],
    "uk": ["Де моя посилка? Вона ще не прийшла, і їй час."],
    "el": ["Πού είναι το δέμα μου;"],
    "ar": ["أين طردي؟ لم يصل بعد."],
    "he": ["איפה החבילה שלי?"],
    "hi": ["मेरा पार्सल कहाँ है?"],
    "zh": ["我的包裹在哪里？"],
    "ja": ["私の荷物はどこですか？"],
    "ko": ["제 소포는 어디에 있나요?"],
    "th": ["พัสดุของฉันอยู่ที่ไหน"],
    None: [
        "",
        "12345",
        "OK",
        "!!!",
        "Berlin",
        "Lorem ipsum dolor sit amet",
        "xqzv blrgh fnord",
        "Müller GmbH",
        "the der le el il",
        "hello привет 你好",
        "کتاب من کجاست",
    ],
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_language_is_told_or_honestly_not(code: str | None) -> None:
    found = {text: language(text) for text in TEXTS[code]}
    assert {text: told and told.language for text, told in found.items()} == dict.fromkeys(TEXTS[code], code)


def test_what_language_cannot_be_told_passes_unless_it_is_to_fail() -> None:
    assert Language(languages="en").rule("OK") == Ruling(True, reason="its language cannot be told")
    assert not Language(languages="en", unknown="fail").rule("OK").passed
    assert Language(languages=("pt-BR", "en_GB")).rule("I want my money back.").passed
    assert (
        Language(languages=("fr", "en")).rule("Ich will mein Geld zurück.").reason == "reads like German, not French or English"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"text": "abc", "mail": "a@b.org"}, None),
        ({"mail": "a@b.org"}, '"text" is a required property'),
        ({"text": "abc", "mail": "nobody"}, 'at mail: "nobody" is not a "email"'),
        ({"text": 3}, 'at text: 3 is not of type "string"'),
        ({"text": "abc", "parts": [1, "x"]}, 'at parts[1]: "x" is not of type "integer"'),
        ({"text": "abc", "code": "x" * 50_000}, "at code: "),
    ],
)
def test_a_row_that_does_not_fit_its_schema_says_where(data: dict[str, object], reason: str | None) -> None:
    schema = {
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": {"type": "string"},
            "mail": {"type": "string", "format": "email"},
            "parts": {"type": "array", "items": {"type": "integer"}},
            "code": {"pattern": "(x+x+)+y"},
        },
    }
    ruling = Schema.model_validate({"schema": schema}).judge(Row(data))  # type: ignore[arg-type]
    assert (ruling.reason or "").startswith(reason or "") and ruling.passed is (reason is None)


@pytest.mark.parametrize(
    ("text", "label", "reason"),
    [
        ("I want my money back", "refund", None),
        ("MONEY! Refund!", "refund", None),
        ("Where is my parcel", "refund", "holds no word that is typical of refund"),
        ("money for the parcel that was delivered", "refund", "shows delivery rather than refund"),
        ("moneyless", "refund", "holds no word that is typical of refund"),
        ("it was delivered late", "delivery", None),
        ("anything", "account", "no keywords are given for the label 'account'"),
    ],
)
def test_keywords_show_a_label(text: str, label: str, reason: str | None) -> None:
    keywords: dict[str, tuple[str, ...]] = {"refund": ("money", "refund"), "delivery": ("parcel", "deliver*")}
    validator = Label(keywords=keywords).fitted(Given())
    assert isinstance(validator, Judges)
    assert validator.judge(Row({"text": text, "label": label})).reason == reason
