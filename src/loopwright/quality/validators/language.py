"""The text is in one of the given languages, as far as that can be told."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from loopwright.kinds import nearest
from loopwright.quality.languages import NAMES, language
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, ruled


class Language(Parameters):
    """Codes such as `en` or `pt-BR`, whose region is not looked at. What cannot be told passes, unless `unknown: fail`."""

    cost: ClassVar[int] = 25

    languages: Annotated[str | tuple[str, ...], Field(description=f"of {', '.join(NAMES)}")]
    field: TextField = None
    unknown: Annotated[Literal["pass", "fail"], Field(description="what becomes of a text whose language cannot be told")] = (
        "pass"
    )

    @field_validator("languages")
    @classmethod
    def _known(cls, languages: str | tuple[str, ...]) -> str | tuple[str, ...]:
        codes = _codes(languages)
        if not codes:
            raise ValueError("names no language")
        for code in codes:
            if code not in NAMES:
                close = next((known for known, name in NAMES.items() if name.casefold() == code), None) or nearest(code, NAMES)
                hint = f"; did you mean {close!r}?" if close else f"; there are {', '.join(NAMES)}"
                raise ValueError(f"the language {code!r} is not one that can be told{hint}")
        return languages

    def fitted(self, given: Given) -> Language:
        return self

    def judge(self, row: Row) -> Ruling:
        return ruled(row, self.field, self.rule)

    def rule(self, text: str) -> Ruling:
        told = language(text)
        if told is None:
            return Ruling(self.unknown == "pass", reason="its language cannot be told")
        if told.language in _codes(self.languages):
            return Ruling(True, round(told.share, 4))
        return Ruling(False, 0.0, f"reads like {NAMES[told.language]}, not {self._named}")

    def against(self, other: object) -> str | None:
        if not isinstance(other, Language) or set(_codes(self.languages)) & set(_codes(other.languages)):
            return None
        return f"no text whose language can be told is in {self._named} and in {other._named}"

    @property
    def _named(self) -> str:
        return " or ".join(NAMES[code] for code in _codes(self.languages))


def _codes(languages: str | tuple[str, ...]) -> list[str]:
    given = (languages,) if isinstance(languages, str) else languages
    return [code.casefold().replace("_", "-").partition("-")[0] for code in given]
