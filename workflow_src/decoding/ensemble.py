"""Which memories belong to which clip, and the average of their predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

import torch

from workflow_src.device import send


@dataclass(frozen=True)
class Ensembles:
    """The clips of a search, each with its memories and their weights.

    The memories of a clip are consecutive, and the clips follow each other.

    Attributes:
        sizes: number of memories of each clip.
        owner: (M,), position of each memory's clip.
        log_weights: (M,), logarithm of each memory's weight in its clip.
    """

    sizes: list[int]
    owner: torch.Tensor
    log_weights: torch.Tensor

    @classmethod
    def from_weights(
        cls, weights: Sequence[Sequence[float]], device: torch.device
    ) -> Ensembles:
        """Make the ensembles of some clips.

        Args:
            weights: one list of positive weights a clip, each list with sum 1.
            device: of the tensors.

        Raises:
            ValueError: names the position of a clip with other weights.
        """
        for position, clip in enumerate(weights):
            if not all(weight > 0 for weight in clip) or not math.isclose(
                sum(clip), 1, abs_tol=1e-6
            ):
                raise ValueError(
                    f"clip {position} of the batch: the weights of its memories must "
                    f"be positive with sum 1, not {list(clip)}"
                )
        sizes = [len(clip) for clip in weights]
        owner = [clip for clip, size in enumerate(sizes) for _ in range(size)]
        flat = [weight for clip in weights for weight in clip]
        return cls(
            sizes,
            send(torch.tensor(owner, dtype=torch.long), device),
            send(torch.tensor(flat, dtype=torch.float).log(), device),
        )

    def log_average(self, logits: torch.Tensor) -> torch.Tensor:
        """Average the word distributions of each clip's memories.

        The mean is taken in the logarithmic domain, so that a clip with one memory
        gets its log-softmax to the last bit.

        Args:
            logits: (M, K, V), for M memories and K hypotheses a clip.

        Returns:
            (clips, K, V), logarithm of the weighted mean.
        """
        log_probabilities = logits.float().log_softmax(-1)
        if len(self.sizes) == len(self.owner):
            return log_probabilities
        weighted = log_probabilities + self.log_weights[:, None, None]
        # Neighbours of one size at once; callers who sort by size need few steps.
        means, start = [], 0
        for size, same in groupby(self.sizes):
            clips = len(list(same))
            own = weighted[start : start + clips * size].unflatten(0, (clips, size))
            means.append(own.logsumexp(1))
            start += clips * size
        return torch.cat(means)

    def select(
        self, clips: torch.Tensor | Sequence[int]
    ) -> tuple[Ensembles, torch.Tensor]:
        """Take the ensembles of some clips.

        Args:
            clips: positions, ascending; numbers of the host wait for no device.

        Returns:
            The ensembles, and the indices of their memories.
        """
        host = clips.tolist() if isinstance(clips, torch.Tensor) else list(clips)
        ends = list(accumulate(self.sizes))
        sizes = [self.sizes[clip] for clip in host]
        members: list[int] = []
        owner: list[int] = []
        for position, (clip, size) in enumerate(zip(host, sizes, strict=True)):
            members += range(ends[clip] - size, ends[clip])
            owner += [position] * size
        both = send(torch.tensor([members, owner]), self.owner.device)
        return Ensembles(sizes, both[1], self.log_weights[both[0]]), both[0]
