"""Compressed answers, which nobody asks for and some servers send: taken apart as far as a cap allows."""

from __future__ import annotations

import zlib

from loopwright.errors import BadReply, Unavailable
from loopwright.llm.quoting import quote


def unpacked(raw: bytes, encoding: str, cap: int, place: str) -> bytes:
    """`raw` decompressed, as long as that stays within `cap`."""
    name = encoding.strip().lower()
    if name == "identity" or not raw:
        return raw
    if name not in ("gzip", "x-gzip", "deflate"):
        raise BadReply(f"{place} compressed its answer as {quote(name, limit=40)!r}, which nobody asked for", charged=True)
    bare = name == "deflate" and raw[0] & 0x0F != 8
    stream = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
    try:
        body = stream.decompress(raw, cap + 1)
    except zlib.error as error:
        raise BadReply(f"{place} sent an answer that does not decompress", charged=True) from error
    if len(body) > cap:
        raise BadReply(f"{place} sent an answer that decompresses to more than {cap} bytes", charged=True)
    if not stream.eof:
        raise Unavailable(f"{place} broke off in the middle of its compressed answer", charged=True)
    return body
