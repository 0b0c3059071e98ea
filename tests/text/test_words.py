"""What counts as a word, and which texts are the same when spelling does not matter."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopwright.text.words import fingerprint, fold, words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Where's my parcel?!", ["where's", "my", "parcel"]),
        ("snake_case, 3.5 apples - e-mail", ["snake", "case", "3", "5", "apples", "e", "mail"]),
        ("  Straße\tGRÖSSE\n", ["strasse", "grösse"]),
        ("l’été est là", ["l’été", "est", "là"]),
        ("हिन्दी में लिखा है।", ["हिन्दी", "में", "लिखा", "है"]),
        ("Привет, мир", ["привет", "мир"]),
        ("مَرْحَبًا بكم", ["مَرْحَبًا", "بكم"]),
        ("我要退款。东京タワー", ["我", "要", "退", "款", "东", "京", "タ", "ワ", "ー"]),
        ("e\u0301te\u0301", ["été"]),
        ("'quoted' ... 🙂 —", ["quoted"]),
        ("", []),
    ],
)
def test_words_in_many_languages(text: str, said: list[str]) -> None:
    assert words(text) == said


@pytest.mark.parametrize("other", ["WHERE  is\nmy Parcel", " where is my parcel ", "Ｗhere is my parcel"])
def test_case_gaps_and_compatibility_forms_make_no_difference(other: str) -> None:
    assert fold(other) == "where is my parcel"
    assert fingerprint(other) == fingerprint("where is my parcel")


def test_another_word_or_another_mark_is_another_text() -> None:
    texts = ["a b", "ab", "a b!", "á b", "b a", ""]
    assert len({fingerprint(text) for text in texts}) == len(texts)


@given(st.text())
@example("\ud800")
@example("\u1fb3\u0345")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(fingerprint(text)) == 16


@pytest.mark.slow
def test_every_character_folds_to_one_form() -> None:
    for point in range(sys.maxunicode + 1):
        plain = fold(chr(point))
        assert fold(plain) == plain, f"{point:x}"


@given(st.text())
def test_words_hold_no_gaps_and_are_found_again_among_their_own(text: str) -> None:
    said = words(text)
    assert all(said) and not any(character.isspace() for word in said for character in word)
    assert words(" ".join(said)) == said


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_the_characters_makes_no_difference(text: str, form: str) -> None:
    assert fold(unicodedata.normalize(form, text)) == fold(text)  # type: ignore[arg-type]
