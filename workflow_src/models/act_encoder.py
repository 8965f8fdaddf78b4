"""ACT's encoder; `workflow_src.models.act` has the whole model.

The encoder is DeiT-shaped: patches of 4 frames and a class token go through
pre-norm Transformer blocks to scores of the AudioSet tags it was trained on.
"""

import torch
from torch import Tensor, nn

from workflow_src.audio.frontend import MEL_BINS
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.attention import Attention
from workflow_src.models.settings import ACT_PATCH_FRAMES, ACT_PATCHES, ActConfig

# Of positions and class token, as DeiT: the published code has 1, from which a small
# encoder learns tags far slower. A published encoder brings its own.
INITIAL = 0.02


class EncoderBlock(nn.Module):
    """Pre-norm Transformer block; no dropout of attention weights.

    Args:
        config: the sizes of ACT.
    """

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        width = config.encoder_width
        head_width = config.encoder_head_width or width // config.encoder_heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, config.encoder_heads, head_width, dropout=0.0)
        self.dropout = nn.Dropout(config.dropout)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, config.encoder_feedforward),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.encoder_feedforward, width),
            nn.Dropout(config.dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, width) -> (B, P, width)."""
        x = x + self.dropout(self.attention(self.attention_norm(x)))
        out: Tensor = x + self.mlp(self.mlp_norm(x))
        return out


class Encoder(nn.Module):
    """Log-mel spectrogram -> scores of the tag classes, for each patch.

    Args:
        config: the sizes of ACT.
    """

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        width = config.encoder_width
        self.norm = nn.BatchNorm1d(MEL_BINS)
        self.patches = nn.Linear(ACT_PATCH_FRAMES * MEL_BINS, width)
        self.class_token = nn.Parameter(INITIAL * torch.randn(1, 1, width))
        self.positions = nn.Parameter(INITIAL * torch.randn(1, 1 + ACT_PATCHES, width))
        self.dropout = nn.Dropout(config.dropout)
        blocks = [EncoderBlock(config) for _ in range(config.encoder_layers)]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, config.tag_classes)
        )

    def forward(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Score the tag classes at the class token and at each patch.

        Args:
            log_mel: (B, L, 64), dB; L a multiple of 4, at most 500.
            spec_augment: SpecAugment, applied to the normalised (B, L, 64).

        Returns:
            (B, 1 + L / 4, tag_classes), before the sigmoid; the first is the class
            token's.

        Raises:
            ValueError: for another shape.
        """
        return self.scores(self.normalise(log_mel, spec_augment))

    def normalise(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Normalise each mel bin, in training over all clips of the mini-batch.

        Arguments and errors are those of `forward`.

        Returns:
            (B, L, 64).
        """
        frames, bins = log_mel.shape[1:]
        if bins != MEL_BINS or frames % ACT_PATCH_FRAMES or not frames:
            raise ValueError(
                f"ACT reads (clips, frames, {MEL_BINS}) with a multiple of "
                f"{ACT_PATCH_FRAMES} frames, not {tuple(log_mel.shape)}"
            )
        most = ACT_PATCH_FRAMES * ACT_PATCHES
        if frames > most:
            raise ValueError(f"ACT has positions for {most} frames, not for {frames}")
        x: Tensor = self.norm(log_mel.flatten(0, 1)).view_as(log_mel)
        return x if spec_augment is None else spec_augment(x)

    def scores(self, normalised: Tensor) -> Tensor:
        """Score the tag classes of clips that `normalise` gave; no clip sees another.

        Returns:
            As `forward`.
        """
        clips, frames, _ = normalised.shape
        x = self.patches(normalised.reshape(clips, frames // ACT_PATCH_FRAMES, -1))
        x = torch.cat([self.class_token.expand(clips, -1, -1), x], dim=1)
        x = self.dropout(x + self.positions[:, : x.shape[1]])
        scores: Tensor = self.head(self.blocks(x))
        return scores
