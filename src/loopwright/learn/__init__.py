"""The small models that we fit to texts, to learn what a dataset is worth. Here is the `kind` table: a member is a block of
parameters with `fit`."""

from __future__ import annotations

from typing import cast

from loopwright.kinds import Kinds
from loopwright.learn.protocol import Learner
from loopwright.spec.blocks import Named
from loopwright.spec.named import configure

LEARNERS = Kinds(
    "learner",
    {
        "tfidf": "loopwright.learn.linear:Tfidf",
        "embeddings": "loopwright.learn.linear:Embeddings",
        "ridge": "loopwright.learn.linear:Ridge",
        "torch": "loopwright.learn.network:Network",
        "tinker": "loopwright.learn.tinker:Tinker",
    },
)


def build(named: Named, path: str = "model") -> Learner:
    """The learner that is named, with its arguments checked."""
    return cast(Learner, configure(LEARNERS, named, path))
