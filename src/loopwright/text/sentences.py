"""Embeddings that see meaning: a sentence model of the MiniLM kind, from a folder or the Hugging Face hub, run without torch.

Needs the extra `embed`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from loopwright.errors import ExtraMissing, UsageError
from loopwright.text.embedding import Floats
from loopwright.text.encoder import Encoder

FILES = ("config.json", "tokenizer.json", "model.safetensors")
OPTIONAL = ("sentence_bert_config.json", "1_Pooling/config.json")
_TOKENS_AT_ONCE = 1024


class Sentences:
    """The model in a folder, or of that name on the Hugging Face hub: `Sentences("models/all-MiniLM-L6-v2")`."""

    def __init__(self, source: str | Path) -> None:
        folder = _folder(source)
        config = _json(folder / "config.json")
        _understood(folder, config)
        weights = _weights(folder / "model.safetensors")
        given = Path(source).expanduser()
        self.name = given.resolve().name if given.exists() else str(source)
        try:
            self._encoder = Encoder(
                weights,
                layers=config["num_hidden_layers"],
                heads=config["num_attention_heads"],
                epsilon=config.get("layer_norm_eps", 1e-12),
            )
        except KeyError as error:
            raise UsageError(f"{folder / 'model.safetensors'} has no {error}, so it holds no BERT encoder") from error
        self.dims = self._encoder.dims
        self._tokens = _tokenizer(folder, self._encoder.longest)

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text."""
        by_length: dict[int, list[int]] = defaultdict(list)
        tokens = [coded.ids for coded in self._tokens.encode_batch([_readable(text) for text in texts])]
        for place, ids in enumerate(tokens):
            by_length[len(ids)].append(place)
        made = np.empty((len(texts), self.dims), np.float32)
        for length, places in by_length.items():
            step = max(1, _TOKENS_AT_ONCE // length)
            for start in range(0, len(places), step):
                some = places[start : start + step]
                made[some] = self._encoder.vectors(np.array([tokens[place] for place in some], np.int64))
        return made


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _folder(source: str | Path) -> Path:
    folder = Path(source).expanduser()
    if not folder.exists() and str(source).count("/") == 1 and not str(source).startswith((".", "~", "/")):
        folder = _from_hub(str(source))
    if not folder.exists():
        raise UsageError(f"there is no folder {source}; a sentence model of the hub is named with its owner, as OWNER/NAME")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"{source} is no folder with a sentence model: it has no {' and no '.join(missing)}")
    return folder


def _from_hub(name: str) -> Path:
    """What the hub's own cache holds of it, or what it sends."""
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("embed", f"the sentence model {name!r} from the hub") from error
    try:
        return Path(snapshot_download(name, allow_patterns=[*FILES, *OPTIONAL]))
    except Exception as error:  # whatever the library and its HTTP client raise
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise UsageError(f"there is no folder {name}, and the hub does not give a model of that name: {reason}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        read = orjson.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise UsageError(f"{path} holds no JSON object")
    return read


def _understood(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuses what would be computed wrongly."""
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        if config.get(key, value) != value:
            raise UsageError(f"{folder}: {key} is {config[key]!r}; only {value!r} is understood")
    missing = {"num_attention_heads", "num_hidden_layers"} - config.keys()
    if missing:
        raise UsageError(f"{folder / 'config.json'} does not say {' and '.join(sorted(missing))}")
    pooling = folder / "1_Pooling/config.json"
    if pooling.is_file() and not _json(pooling).get("pooling_mode_mean_tokens"):
        raise UsageError(f"{folder}: its vectors are not the mean of its tokens, and only those are understood")


def _weights(path: Path) -> dict[str, Floats]:
    try:
        from safetensors import SafetensorError  # noqa: PLC0415
        from safetensors.numpy import load_file  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("embed", "a sentence model") from error
    try:
        held = load_file(path)
    except SafetensorError as error:
        raise UsageError(f"{path} does not load: {error}") from error
    return {name.removeprefix("bert."): array.astype(np.float32) for name, array in held.items()}


def _tokenizer(folder: Path, longest: int) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("embed", "a sentence model") from error
    try:
        tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise UsageError(f"{folder / 'tokenizer.json'} does not load: {error}") from error
    settings = folder / "sentence_bert_config.json"
    limit = _json(settings).get("max_seq_length") if settings.is_file() else None
    tokens.no_padding()
    tokens.enable_truncation(min(longest, limit or longest))
    return tokens
