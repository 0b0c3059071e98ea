"""Looks over every reply before anything believes it, whoever made it."""

from __future__ import annotations

from math import isfinite

from loopwright.errors import BadReply
from loopwright.llm.messages import Reply, Usage

MOST_TOKENS = 10**9
"""No exchange has more; a server that says so is wrong."""


def checked(reply: Reply) -> Reply:
    """The reply itself, where it is one that can be counted, stored and read back."""
    if not isinstance(reply, Reply) or type(reply.text) is not str or type(reply.model) is not str:
        raise BadReply("the provider returned something that is not a reply", charged=True)
    if not reply.text.isascii() and not _encodable(reply.text):
        raise BadReply("the reply's text holds half characters (lone surrogates)", charged=True)
    if reply.usage is not None and not _countable(reply.usage):
        raise BadReply("the reply's token counts are not possible ones", charged=True)
    if reply.logprobs is not None and not all(isfinite(each.logprob) and _encodable(each.token) for each in reply.logprobs):
        raise BadReply("the reply's log-probabilities are not finite numbers", charged=True)
    return reply


def _countable(usage: Usage) -> bool:
    for tokens in (usage.input, usage.output, usage.cached, usage.reasoning):
        if type(tokens) is not int or not 0 <= tokens <= MOST_TOKENS:
            return False
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
