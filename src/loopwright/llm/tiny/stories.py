"""The sums that the embedded model was taught: the stories they are told in, as patterns, and the numbers they are of.

`[a|b]` is one of its alternatives, `{name}` a slot. Training draws problems from these patterns; the runtime reads by them.
"""

from __future__ import annotations

LISTS = {
    "n": (
        "Tom Ben Sam Omar Paul Jack Lee Max Noah Carl Peter David Leo Felix Hugo John Tim Mark Adam Ali"
        " Anna Maria Nina Ivy Zoe Mia Lena Ruth Eva Rosa Lucy Kim Sara Emma Clara Mary Jane Lisa Kate Julia"
    ).split(),
    "m": "Peter Kim Lucy David Sara Leo Emma Felix Clara Hugo".split(),
    "i": (
        "apples pens books coins cards eggs shells stamps cups stones marbles stickers balls buttons candles"
        " cookies flowers oranges pencils tickets toys photos plates bottles cakes sweets bananas cars pages letters"
        " cows dogs trees chairs dollars games points fish"
    ).split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "box": "boxes bags baskets jars rows shelves packs crates".split(),
}
STARTS = (
    "{n} [has|had] {a} {i}.", "There are {a} {i} in a [box|bag|basket].", "{n} [found|collected|bought|baked|picked] {a} {i} on {day}.",
    "A shop has {a} {i}.", "{n} starts with {a} {i}.", "[A school|A library|A farmer|A club|A teacher] has {a} {i}.",
)  # fmt: skip
GROUPS = (
    "{n} has {a} {box} with {b} {i} in each.", "There are {a} {box}, and each holds {b} {i}.",
    "{n} [buys|packs|fills] {a} {box} of {b} {i} each.", "Each of {a} [friends|children|people] brings {b} {i}.",
    "There are {a} {box} of {b} {i}.", "{n} [has|buys] {a} {box}. [Each has {b} {i}|There are {b} {i} in each].",
)  # fmt: skip
CHANGES = {
    "+": (
        "{n} [buys|gets|finds|collects] {x} more.", "{m} [brings|adds|gives] {x} more.", "Then {x} more [are added|arrive|come in].",
        "On {day} [there come|{n} gets] {x} more.", "{m} has {x} {i} too, and they put them together.", "{p} [bought|got|found|earned] {x} more.",
        "{m} gives {o} {x} more[| {i}].",
    ),
    "-": (
        "{n} gives {x} to {m}.", "{n} [loses|sells|gives away|uses|eats|spends] {x}.", "Then {x} [are sold|are lost|are taken away|break].",
        "{m} takes {x} of them.", "On {day} {x} of them are [sold|used|given away].",
        "{p} [lost|sold|gave away|used|ate|spent|gave {m}] {x}[| of them].",
    ),
}  # fmt: skip
DOES = {
    "+": ("[buys|gets|finds|makes] {x} more", "gets {x} more from {m}", "[earns|collects] {x} more"),
    "-": ("gives {x} to {m}", "[loses|sells|gives away|eats|uses|spends] {x}[| of them]"),
}
DID = {
    "+": ("[bought|got|found|made] {x} more", "got {x} more from {m}", "[earned|collected] {x} more"),
    "-": ("gave {x} to {m}", "[lost|sold|gave away|ate|used|spent] {x}[| of them]"),
}
RETOLD = {
    "start": ("{n} [bakes|buys|finds|collects|makes|bought|found|collected|baked|picked] {a} {i}.", "There are {a} {i}."),
    "x": (
        "{n} has {a} {box} with {b} {i} in each {box}.", "There are {a} {box} with {b} {i} in each[| {box}].",
        "There are {a} {box}. There are {b} {i} in each {box}.",
    ),
    "+": ("{x} more [arrive|come in|are added].", "{n} [bought|got|found] {x} more."),
    "-": ("{n} [lost|sold|gave away|used|ate|spent] {x}.", "{x} of them are [sold|used|lost].", "{n} gave {x} to {m}."),
    "ask": ("How many {i} does {n} have left now?", "How much does {n} have[| now| left]?"),
}  # fmt: skip
"""Told otherwise than any problem that it was trained on; the model card says how well it does with these."""
BEGUN = "{n} has {a} {i} and [then |]{done}."
"""How things began and the first change, in one sentence."""
BOTH = "[{n}|{p}] {first} and [then |]{second}."
"""Two changes in one sentence."""
ASKS = (
    "How many {i} are there now?", "How many {i} [are there in total|are there in the end|are left]?",
    "How many {i} [does {n} have|are there] now?", "How many is that?", "How many[| {i}] [does {p2} have|does {n} have][| now| left]?",
    "How many[| {i}] are there [altogether|in all|together|now]?", "What is the total?",
)  # fmt: skip
BARE = {
    "+": (
        "What is {a} + {b}?", "[Compute|Add|Calculate] {a} + {b}.", "What is the sum of {a} and {b}?", "{a} + {b} = ?",
        "[What is|How much is] {a} plus {b}?", "Add {a} and {b}.", "{a} + {b}?",
    ),
    "-": (
        "What is {a} - {b}?", "[Compute|Calculate] {a} - {b}.", "[What is|How much is] {a} minus {b}?", "{a} - {b} = ?",
        "Take {b} from {a}.", "[Subtract {b} from|Take {b} away from] {a}.", "{a} - {b}?",
    ),
    "x": (
        "What is {a} x {b}?", "What is {a} * {b}?", "[Compute|Calculate] {a} times {b}.", "[How much|What] is {a} times {b}?",
        "Multiply {a} by {b}.", "{a} x {b} = ?", "[What is the product of|Multiply] {a} and {b}[?|.]",
    ),
}  # fmt: skip
BARE_TWO = ("What is {a} {p} {b} {q} {c}?", "[Compute|Calculate] {a} {p} {b} {q} {c}.", "{a} {p} {b} {q} {c} = ?")

SMALLEST, LARGEST = 2, 99
GROUPS_AT_MOST, EACH_AT_MOST = 25, 9
"""Of a product: the first number, and the second."""


def apply(a: int, sign: str, b: int) -> int:
    return a + b if sign == "+" else a - b if sign == "-" else a * b
