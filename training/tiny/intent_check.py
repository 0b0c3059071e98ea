"""Which intent a text has, told by something else than the model: a linear classifier and a rule of words, which must agree."""

from __future__ import annotations

import re
from random import Random

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from loopwright.llm.tiny.form import INTENTS
from training.tiny.desk import any_wish, utter

RULES = {
    "refund": r"money|refund|charged|price",
    "delivery": r"parcel|package|order|track|deliver|arriv|waiting|received|got|shipping|here|come",
    "account": r"account|password|log in|login|user name",
    "cancel": r"cancel|stop the order",
    "exchange": r"exchange|swap|size|small|large|colour|have it in|need it in",
    "payment": r"pay|paid|card|checkout|cards",
    "invoice": r"invoice|receipt",
    "discount": r"discount|code|coupon|sale|price",
    "product": r"how (big|heavy|wide|tall|do)|measure|weight|size|made of|waterproof|wash|safe|come with|which|differen",
    "stock": r"sold out|stock|available|have the|still|shop|store|back",
    "damaged": r"broken|damaged|crack|missing|scratch|hole|stain|dent|pieces|not work",
    "warranty": r"warranty|guarantee|repair",
    "address": r"address|street|house number|moved|moving|send",
    "newsletter": r"newsletter|mails|unsubscribe",
    "complaint": r"rude|friendly|complain|service|answers|replies|helps|nobody|treat",
    "gift card": r"gift card",
}


class IntentCheck:
    """Fitted on utterances of its own draw of the grammar."""

    def __init__(self, seed: int, each: int = 250) -> None:
        random = Random(f"intent check {seed}")
        labels = [intent for intent in INTENTS for _ in range(each)]
        texts = [utter(random, any_wish(random, intent)) for intent in labels]
        model = LogisticRegression(C=20, max_iter=1000)
        self._fitted: Pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), model)
        self._fitted.fit(texts, labels)

    def agrees(self, texts: list[str], intents: list[str]) -> list[bool]:
        found = self._fitted.predict(texts)
        return [
            str(said) == intent and re.search(RULES[intent], text.lower()) is not None
            for said, intent, text in zip(found, intents, texts, strict=True)
        ]
