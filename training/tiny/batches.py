"""Batches of examples of like length, drawn in a process of their own while the network is trained on the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.llm.tiny.tokens import PAD, Tokenizer
from training.tiny.examples import SHARES, Sequence, sequences

POOL = 2048


class Place(NamedTuple):
    """Where in the stream a batch stands: a pool of examples, and how many batches of it came before."""

    pool: int = 0
    batch: int = 0


class Batch(NamedTuple):
    after: Place
    ids: NDArray[np.int16]
    learned: NDArray[np.bool_]


class Stream(NamedTuple):
    """What the batches are made of: the same stream gives the same batches."""

    vocabulary: tuple[str, ...]
    seed: str
    tokens: int
    context: int
    shares: Mapping[str, float] = SHARES


def batches(stream: Stream, start: Place) -> Iterator[Batch]:
    tokenizer = Tokenizer(stream.vocabulary)
    pool, skip = start
    while True:
        made = _of_pool(tokenizer, stream, pool)
        for number in range(skip, len(made)):
            last = number + 1 == len(made)
            yield _padded(made[number], Place(pool + 1, 0) if last else Place(pool, number + 1))
        pool, skip = pool + 1, 0


def _of_pool(tokenizer: Tokenizer, stream: Stream, pool: int) -> list[list[Sequence]]:
    random = Random(f"{stream.seed}/{pool}")
    source = sequences(tokenizer, random, stream.context, stream.shares)
    drawn = sorted((next(source) for _ in range(POOL)), key=lambda one: len(one.ids))
    made: list[list[Sequence]] = [[]]
    for one in drawn:
        if made[-1] and (len(made[-1]) + 1) * len(one.ids) > stream.tokens:
            made.append([])
        made[-1].append(one)
    random.shuffle(made)
    return made


def _padded(rows: list[Sequence], after: Place) -> Batch:
    longest = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), longest), PAD, np.int16)
    learned = np.zeros((len(rows), longest), np.bool_)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        learned[place, : len(row.ids)] = row.learned
    return Batch(after, ids, learned)


@contextmanager
def drawn_beside(stream: Stream, start: Place) -> Iterator[Iterator[Batch]]:
    """The batches, drawn ahead by another process, which ends with the block."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(stream, start, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _received(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _send(stream: Stream, start: Place, pipe: Connection) -> None:
    try:
        for batch in batches(stream, start):
            pipe.send_bytes(np.array([*batch.after, *batch.ids.shape], np.int64).tobytes())
            pipe.send_bytes(batch.ids.tobytes())
            pipe.send_bytes(batch.learned.tobytes())
    except (BrokenPipeError, KeyboardInterrupt):
        return


def _received(pipe: Connection) -> Iterator[Batch]:
    while True:
        pool, number, rows, longest = np.frombuffer(pipe.recv_bytes(), np.int64).tolist()
        ids = np.frombuffer(pipe.recv_bytes(), np.int16).reshape(rows, longest)
        learned = np.frombuffer(pipe.recv_bytes(), np.bool_).reshape(rows, longest)
        yield Batch(Place(pool, number), ids, learned)
