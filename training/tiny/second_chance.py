"""What a second chance does: how somebody who is asked again answers, by the words with which he is asked.

Asked to check, he works it out anew with care and compares. Asked just again, he tries again as before. Doubted, he
gives way, whether he was right or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from loopwright.llm.prompts import reprompts
from training.tiny.draw import expand
from training.tiny.problems import CAREFUL, NONE, USUAL, Problem, Worked, backwards, work_out

WAYS = ("keep", "redo", "check", "full", "yield")
LEANINGS = {
    "keep": (0.92, 0.08, 0.0, 0.0, 0.0),
    "sure": (0.6, 0.0, 0.28, 0.0, 0.12),
    "brief": (0.35, 0.0, 0.65, 0.0, 0.0),
    "again": (0.25, 0.7, 0.05, 0.0, 0.0),
    "steps": (0.0, 0.45, 0.55, 0.0, 0.0),
    "support": (0.35, 0.05, 0.6, 0.0, 0.0),
    "critique": (0.05, 0.0, 0.8, 0.15, 0.0),
    "full": (0.0, 0.0, 0.12, 0.88, 0.0),
    "doubt": (0.2, 0.0, 0.2, 0.0, 0.6),
    "pressure": (0.1, 0.0, 0.05, 0.0, 0.85),
}
"""How often each way is taken when one is asked so."""

_CHECK = "[check|verify|examine|review|go over|go through|recheck]"
_OBJECT = "[your answer|your steps|each step|every step|the numbers|the calculation|each number|the steps of your answer]"
_MANNER = "[|, one by one| carefully| slowly| once more| step by step| for errors| again]"
_THEN = "[|, then answer again|, then give the answer|, and answer again|, then give it again|, then write the answer|, and give the result]"
_KIND = (
    "[That was a good start|You are doing well|Well done so far|Nice work|Good work|I like how you work|Good|No hurry"
    "|Mistakes are fine|Thank you|No hurry, and mistakes are fine].[| Take your time.| Take a moment.| Please stay calm.]"
)
_WRONG = (
    "[I think that is wrong|That is wrong|That looks wrong|Your answer looks wrong to me|Your answer is wrong|I doubt that|I doubt it"
    "|I do not believe you|I do not believe that|That cannot be right|Someone else got a different answer|My friend says otherwise"
    "|An expert says otherwise|Everybody else says otherwise|You made a mistake|You made a mistake somewhere|You are wrong"
    "|A teacher says that this is wrong|I got a different answer]"
)
_CHANGE = "[Try again|Change it|Change your answer|Give another one|Give a different answer|Think again|Correct it]"
PATTERNS: dict[str, tuple[str, ...]] = {
    "keep": (
        "[|Only |Just ][the final answer|the answer|the result|your answer][| only][|, please].",
        "[Repeat|Say|Give|State] [the|your] [answer|final answer|result][| once more| again| only].",
        f"[{_KIND} |]If you are [happy|content|sure] with your answer, keep it.",
    ),
    "sure": ("[|Are you |Are you really |Quite |Really ][sure|certain]?", "Is that [right|correct|true]?", "Really?"),
    "brief": (
        "[Check|Verify|Recheck|Recount|Count again|Check it|Check again|Verify it|Review it][| briefly| quickly| once| once more]"
        "[|, please|, then answer].",
    ),
    "again": (
        "[Once more|Again|Once again][|, please].",
        "[Please |][answer|read|consider|take] the question [again|once more][| and answer it| and give your answer][|, please].",
        "[Please |]look at [it|your answer|the question] [again|once more].",
        "What is [the|your] answer [now|again]?",
    ),
    "steps": (
        "[Please |][go through|think about|answer|solve|consider] the question step by step[| and answer it|, then answer].",
        "[Review|Verify|Explain] your [answer|steps] and [state the result|answer again|give the result].",
        f"[Please |]{_CHECK} your answer, then give it again.",
    ),
    "support": (
        f"{_KIND} [Please |Let us |][look at|go over|go through] [it|your answer|the steps] [again|once more][|, calmly].",
        f"{_KIND} [Please |Let us |]{_CHECK} {_OBJECT}[| together| once more][|, and answer again].",
    ),
    "critique": (
        f"{_CHECK} {_OBJECT}{_MANNER}. [Correct|Revise|Change] [it|your answer] only where [a step|something] is wrong.",
        f"{_CHECK} {_OBJECT}{_MANNER}, then [write|give] the corrected [answer|one].",
        "First [name|find|list|say] [any mistake|any error|what is right and what is wrong|what could be wrong] in your"
        " [steps|answer|numbers], then [revise|correct] [it|your answer].",
        "[Criticise|Question|Doubt] [your answer|each step]: [which step|which number|what] could be wrong? Then [write|answer] it anew.",
        "[Say|List|Name] what is right and what is wrong in your [answer|steps], then give the [corrected one|corrected answer|answer].",
        f"[Compare|Check] [each|every] number in your answer with the question{_THEN}[|, then revise what does not agree].",
    ),
    "full": (
        f"[Solve|Work out|Do] [it|the question] [again |]from the start, {_CHECK} every step[|, and compare with your answer before].",
        "[Work it out again|Redo it|Start over] in full, then [check|verify] the result by working backwards.",
        f"{_CHECK} every number, every [operation|sign] and every [step|result][|, and only then give the answer].",
        "[Solve|Work out] it in two ways, compare the results, and give [the one that holds|the right one].",
        "Go through the question word by word, redo every [calculation|step], and [verify|check|compare] the result.",
        "Start over, take every step slowly, [verify|check] each result[|, and compare with what you had].",
    ),
    "doubt": (f"Are you sure? {_WRONG}.", f"{_WRONG}.", f"[Hm|No|Well], {_WRONG}."),
    "pressure": (f"[No. |]{_WRONG}. {_CHANGE}.", f"{_WRONG}. {_WRONG}. {_CHANGE}.", f"{_CHANGE}. {_WRONG}."),
}
LEANING_OF = {
    "concise_sure": "sure", "concise_check": "brief", "concise_final": "keep", "concise_again": "again", "concise_verify": "brief",
    "neutral_again": "again", "neutral_reread": "again", "neutral_steps": "steps", "neutral_review": "steps",
    "supportive_keep": "keep", "adversarial_doubt": "doubt", "adversarial_disbelief": "doubt",
}  # fmt: skip
STYLE_LEANING = {"supportive": "support", "adversarial": "pressure", "critique_revise": "critique", "exhaustive": "full"}
HELD_OUT = frozenset(entry.text for entry in reprompts() if entry.holdout)
BANK = tuple((entry.text, LEANING_OF.get(entry.id) or STYLE_LEANING[entry.style]) for entry in reprompts() if not entry.holdout)


@dataclass(frozen=True, slots=True)
class Asked:
    text: str
    leaning: str


def ask_again(random: Random) -> Asked:
    """Words that ask for another try, of the bank or drawn; never those that the bank holds out."""
    if random.random() < 0.4:
        return Asked(*random.choice(BANK))
    leaning = random.choice(tuple(PATTERNS))
    text = expand(random, random.choice(PATTERNS[leaning]))
    text = text[0].upper() + text[1:]
    return Asked(text, leaning) if text not in HELD_OUT else ask_again(random)


def answer_again(random: Random, problem: Problem, earlier: int, leaning: str) -> str:
    way = random.choices(WAYS, LEANINGS[leaning])[0]
    if way == "keep":
        return f"Answer: {earlier}"
    if way == "redo":
        worked = work_out(random, problem, USUAL)
        return f"{worked.steps} Answer: {worked.answer}"
    if way == "yield":
        worked = _another(random, problem, earlier)
        return f"You are right, that was wrong. {worked.steps} Answer: {worked.answer}"
    worked = work_out(random, problem, CAREFUL if way == "check" else NONE)
    opening, back = ("Let me check.", "") if way == "check" else ("Let me check every step.", f" {backwards(problem)}")
    verdict = "It agrees." if worked.answer == earlier else "I was wrong."
    return f"{opening} {worked.steps}{back} {verdict} Answer: {worked.answer}"


def _another(random: Random, problem: Problem, earlier: int) -> Worked:
    """Any answer but the earlier one: he who was right goes wrong."""
    for factor in (1.0, 3.0, 6.0, 6.0, 6.0):
        worked = work_out(random, problem, USUAL.times(factor))
        if worked.answer != earlier:
            return worked
    off = random.choice((-10, -1, 1, 10))
    return Worked(f"I get {abs(earlier + off)} now.", abs(earlier + off))
