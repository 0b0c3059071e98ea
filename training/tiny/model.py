"""The network in torch, as it is trained. What it computes is what the package's numpy runtime computes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Size:
    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    context: int = 256


def _matrix(rows: int, columns: int, scale: float = 1.0) -> nn.Parameter:
    return nn.Parameter(torch.randn(rows, columns) * scale * rows**-0.5)


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.gain.shape, self.gain, eps=1e-6)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = Norm(width), Norm(width)
        self.qkv = _matrix(width, 3 * width)
        self.out = _matrix(width, width, 0.0)
        self.up = _matrix(width, 4 * width)
        self.down = _matrix(4 * width, width, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._attended(self.norm1(x)) @ self.out
        return x + functional.relu(self.norm2(x) @ self.up).square() @ self.down

    def _attended(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        query, key, value = (x @ self.qkv).view(rows, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        with torch.autocast(x.device.type, enabled=x.device.type != "cpu"):  # in bfloat16 its backward pass is slow on a CPU
            seen = _attend(query, key, value)
        return seen.transpose(1, 2).reshape(rows, length, width)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    return functional.scaled_dot_product_attention(query, key, value, is_causal=True)


class Model(nn.Module):
    """Token ids to what the last layer says of each place; `embed` turns that into logits."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.embed = nn.Parameter(torch.randn(size.vocabulary, size.width) * 0.05)
        self.positions = nn.Parameter(torch.randn(size.context, size.width) * 0.02)
        self.layers = nn.ModuleList(Layer(size.width, size.heads, size.layers) for _ in range(size.layers))
        self.norm = Norm(size.width)

    def forward(self, ids: Tensor) -> Tensor:
        x = functional.embedding(ids, self.embed) + self.positions[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        normed: Tensor = self.norm(x)
        return normed

    def loss(self, ids: Tensor, learned: Tensor) -> Tensor:
        """Over the tokens that are to be predicted, and those alone are given logits."""
        wanted = learned[:, 1:]
        said = self(ids[:, :-1])[wanted]
        return functional.cross_entropy((said @ self.embed.T).float(), ids[:, 1:][wanted])
