"""Multi-head attention in parts, so that keys and values can be kept between words."""

import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention; queries, keys and values share one weight matrix.

    Args:
        width: of the input and the output.
        heads: number of heads.
        head_width: of one head.
        dropout: of the attention weights, in training.
    """

    def __init__(self, width: int, heads: int, head_width: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.inner = heads * head_width
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * self.inner)
        self.out = nn.Linear(self.inner, width)

    def split(self, x: Tensor) -> Tensor:
        """Give each head its part: (N, W, heads x d) -> (N, heads, W, d)."""
        by_head: Tensor = x.unflatten(2, (self.heads, -1))
        return by_head.transpose(1, 2)

    def queries(self, x: Tensor) -> Tensor:
        """Project x (N, W, width) to queries (N, heads, W, d)."""
        weight, bias = self.qkv.weight[: self.inner], self.qkv.bias[: self.inner]
        return self.split(F.linear(x, weight, bias))

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Project x (N, W, width) to keys and values, (N, heads, W, d) each."""
        weight, bias = self.qkv.weight[self.inner :], self.qkv.bias[self.inner :]
        keys, values = F.linear(x, weight, bias).chunk(2, dim=2)
        return self.split(keys), self.split(values)

    def attend(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        allowed: Tensor | None = None,
    ) -> Tensor:
        """Weigh the values by how well their keys fit the queries.

        Args:
            queries: (N, heads, W, d).
            keys: (N, heads, M, d).
            values: (N, heads, M, d).
            allowed: bool, broadcast to (N, heads, W, M): True where a query may look;
                None: everywhere.

        Returns:
            (N, W, width).
        """
        mixed = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=allowed,
            dropout_p=self.dropout if self.training else 0.0,
        )
        joined: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return joined

    def forward(self, x: Tensor) -> Tensor:
        """Attend from x (N, W, width) to itself, everywhere; -> (N, W, width)."""
        queries, keys, values = self.qkv(x).chunk(3, dim=2)
        return self.attend(self.split(queries), self.split(keys), self.split(values))
