"""What finding rows again costs: an index made and searched, beside scikit-learn's, and groups of near duplicates.

    python bench/search.py [ROWS]

CPU time of all threads, in this process. Memory is what the process takes more than before (the mapped file included).
LanceDB is measured where it is installed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from loopwright.errors import ExtraMissing
from loopwright.policy.keyed import Keyed
from loopwright.text.embedding import Floats, Lexical
from loopwright.text.groups import Groups
from loopwright.text.index import Index, index
from loopwright.text.near import NearDuplicates
from loopwright.text.plane import plane

ROWS = 50_000
ASKED = 50
LIMIT = 10


def texts(count: int) -> Iterator[str]:
    """Of 8 to 20 of 5,000 words."""
    draw = Keyed(1)
    known = ["".join(draw.choice("abcdefghijklmnoprstuvw") for _ in range(2 + draw.below(8))) for _ in range(5000)]
    return (" ".join(draw.choice(known) for _ in range(8 + draw.below(13))) for _ in range(count))


def seconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def searched(kind: str, rows: list[str], vectors: Floats, asked: Floats) -> float:
    """Milliseconds of CPU for one search."""
    ids = [f"{n}.0" for n in range(len(rows))]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        filled = seconds(lambda: index(kind, folder).fill(ids, vectors))
        before, opened = resident(), index(kind, folder)
        first = seconds(lambda: opened.nearest(asked[0], LIMIT))
        each = seconds(lambda: [opened.nearest(vector, LIMIT) for vector in asked]) / len(asked)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        right = agreement(opened, rows, vectors, asked)
        print(
            f"{kind}: written in {filled:.2f} s of CPU, {size / 1e6:,.0f} MB on disk; the first search {first * 1000:,.0f} ms, "
            f"further ones {each * 1000:.1f} ms each; {(resident() - before) / 1e6:,.0f} MB more memory; "
            f"{right:.1%} of the nearest {LIMIT} are those of the bare product"
        )
    return each * 1000


def agreement(opened: Index, rows: list[str], vectors: Floats, asked: Floats) -> float:
    same = 0
    for vector in asked[:10]:
        bare = {f"{place}.0" for place in (vectors @ vector).argsort()[::-1][:LIMIT]}
        same += len(bare & {each.id for each in opened.nearest(vector, LIMIT)})
    return same / (10 * LIMIT)


def neighbours(vectors: Floats, asked: Floats) -> float:
    from sklearn.neighbors import NearestNeighbors

    peer = NearestNeighbors(n_neighbors=LIMIT, metric="cosine", algorithm="brute").fit(vectors)
    return seconds(lambda: [peer.kneighbors(vector[None]) for vector in asked]) / len(asked) * 1000


def grouped(rows: list[str]) -> int:
    seen, groups = NearDuplicates(0.8), Groups[str]()
    for n, text in enumerate(rows):
        groups.add(str(n))
        for near in seen.near(text):
            groups.join(near.id, str(n))
        seen.add(str(n), text)
    return len({groups.first(id) for id in groups})


def main() -> None:
    rows = list(texts(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
    before, embedder = resident(), Lexical()
    made: list[Floats] = []
    spent = seconds(lambda: made.append(embedder.embed(rows)))
    (vectors,) = made
    print(f"{len(rows):,} rows embedded in {spent:.1f} s of CPU, {(resident() - before) / 1e6:,.0f} MB of memory")
    asked = embedder.embed([f"{text} too" for text in rows[:: len(rows) // ASKED][:ASKED]])
    ours, theirs = searched("flat", rows, vectors, asked), neighbours(vectors, asked)
    print(f"scikit-learn's brute force: {theirs:.1f} ms each, {theirs / ours:.1f} times as long")
    try:
        searched("lancedb", rows, vectors, asked)
    except ExtraMissing:
        print("lancedb: not installed here")
    print(f"laid out on a plane in {seconds(lambda: plane(vectors)):.1f} s of CPU")
    print(f"grouped by near duplicates at 0.8 in {seconds(lambda: grouped(rows)):.1f} s of CPU")


if __name__ == "__main__":
    main()
