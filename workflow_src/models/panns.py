"""ResNet38 of PANNs: the audio encoder of the retrieval baseline, whole.

Q. Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio
Pattern Recognition", 2020, reference [24] of the paper; its dropout is that of
the retrieval baseline's code (Mei et al. 2022, [14]). A log-mel spectrogram
(B, L, 64) becomes one vector a clip, of 2,048 numbers at the published width.

The network is a chain of named stages (`ResNet38.stage_names`), which can be cut
after any of them, for test-time augmentation in the middle of the encoder.
"""

import operator
from collections.abc import Sequence
from functools import reduce
from os import PathLike

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.audio.frontend import MEL_BINS
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.checkpoint import (
    LoadReport,
    StateDict,
    load_exactly,
    read_state_dict,
)
from workflow_src.progress import say

LEAST_FRAMES = 32  # time is halved five times

# (ours, theirs): how a name starts in our model and in the published file.
NAMES = [
    ("stages.norm.norm.", "bn0."),
    ("stages.conv1.block.", "conv_block1."),
    ("stages.group{}.{}.shortcut.", "resnet.layer{}.{}.downsample."),
    ("stages.group{}.", "resnet.layer{}."),
    ("stages.conv2.block.", "conv_block_after1."),
]
# Its own front end, which `PannsLogMel` replaces, and its tagging layers.
SKIPPED = ("spectrogram_extractor.", "logmel_extractor.", "fc1.", "fc_audioset.")


class Convolution(nn.Conv2d):
    """A convolution that keeps the size, without bias, initialised as in PANNs.

    In evaluation on a CPU, wide ones are summed over slices of their channels: one
    running sum of 18,432 single-precision products, which the widest needs, ends
    with five times the rounding error of the published embeddings.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        size: of the square kernel, odd.
    """

    SLICE = 256  # channels

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__(channels_in, channels_out, size, padding=size // 2, bias=False)
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, L, F) -> (B, channels_out, L, F)."""
        if self.training or x.device.type != "cpu" or self.in_channels <= self.SLICE:
            return super().forward(x)
        slices = zip(
            x.split(self.SLICE, dim=1),
            self.weight.split(self.SLICE, dim=1),
            strict=True,
        )
        parts = (F.conv2d(part, weight, padding="same") for part, weight in slices)
        return reduce(operator.add, parts)


class Normalise(nn.Module):
    """BatchNorm over mel bins, (B, L, 64) -> (B, L, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(MEL_BINS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, 64) -> the same."""
        normalised: Tensor = self.norm(x.flatten(0, 1))
        return normalised.view_as(x)


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each with BatchNorm and ReLU.

    Args:
        channels_in: of the input.
        channels_out: of the output.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels_in, channels_out, 3)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = Convolution(channels_out, channels_out, 3)
        self.bn2 = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, L, F) -> (B, channels_out, L, F)."""
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)), inplace=True)


class FirstStage(nn.Module):
    """A conv block on the spectrogram as an image of one channel, then halved.

    Args:
        width: channels of the output.
        dropout: in training.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.block = ConvBlock(1, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, 64) -> (B, width, L / 2, 32)."""
        halved: Tensor = self.dropout(F.avg_pool2d(self.block(x.unsqueeze(1)), 2))
        return halved


class ResidualBlock(nn.Module):
    """Basic residual block; where it halves, it does so by average pooling.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        halve: halve time and frequency.
        dropout: between the convolutions, in training.
    """

    def __init__(
        self, channels_in: int, channels_out: int, halve: bool, dropout: float
    ) -> None:
        super().__init__()
        self.halve = halve
        self.conv1 = Convolution(channels_in, channels_out, 3)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = Convolution(channels_out, channels_out, 3)
        self.bn2 = nn.BatchNorm2d(channels_out)
        # The block starts as the identity.
        nn.init.zeros_(self.bn2.weight)
        self.dropout = nn.Dropout(dropout)
        self.shortcut: nn.Module
        if halve:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(2),
                Convolution(channels_in, channels_out, 1),
                nn.BatchNorm2d(channels_out),
            )
        else:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, L, F) -> (B, channels_out, L, F), or half of L and F."""
        inner = F.avg_pool2d(x, 2) if self.halve else x
        inner = self.dropout(F.relu(self.bn1(self.conv1(inner)), inplace=True))
        return F.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class LastStage(nn.Module):
    """Halve, then a conv block to four times the channels.

    Args:
        channels: of the input.
        dropout: before and after the block, in training.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.block = ConvBlock(channels, 4 * channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, L, F) -> (B, 4 channels, L / 2, F / 2)."""
        out: Tensor = self.dropout(self.block(self.dropout(F.avg_pool2d(x, 2))))
        return out


class Pool(nn.Module):
    """Mean over frequency, then maximum plus mean over time."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, L, F) -> (B, channels)."""
        x = x.mean(dim=3)
        return x.amax(dim=2) + x.mean(dim=2)


class ResNet38(nn.Module):
    """Log-mel spectrogram -> clip vector, stage by stage.

    Args:
        width: channels of the first conv block; the four residual groups have 1,
            2, 4 and 8 times as many, the clip vector 32 times.
        blocks: residual blocks in each of the four groups.
        dropout: in training, after the conv blocks and inside residual blocks.

    Attributes:
        stage_names: of the stages, in order.
        width_out: of the clip vector.

    Raises:
        ValueError: there are not four groups of at least one block.
    """

    def __init__(
        self,
        width: int = 64,
        blocks: Sequence[int] = (3, 4, 6, 3),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if len(blocks) != 4 or min(blocks) < 1:
            raise ValueError(f"ResNet38 has four groups of blocks, not {blocks}")
        stages: dict[str, nn.Module] = {
            "norm": Normalise(),
            "conv1": FirstStage(width, dropout),
        }
        channels = width
        for number, count in enumerate(blocks, start=1):
            wider = width * 2 ** (number - 1)
            first = ResidualBlock(channels, wider, number > 1, dropout)
            others = [
                ResidualBlock(wider, wider, False, dropout) for _ in range(count - 1)
            ]
            stages[f"group{number}"] = nn.Sequential(first, *others)
            channels = wider
        stages["conv2"] = LastStage(channels, dropout)
        stages["pool"] = Pool()
        self.stages = nn.ModuleDict(stages)
        self.stage_names = tuple(stages)
        self.width_out = 4 * channels
        # A third faster on a CPU, and no slower on a GPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stub leaves this form out

    def forward(
        self,
        x: Tensor,
        spec_augment: SpectrogramTransform | None = None,
        start: str | None = None,
        stop: str | None = None,
    ) -> Tensor:
        """Run the stages after `start`, up to and including `stop`.

        Args:
            x: log-mel (B, L, 64), dB, L at least 32; or what `start` gave.
            spec_augment: SpecAugment, applied to the normalised (B, L, 64), where
                that stage is run.
            start: name of a stage, or None for the input.
            stop: name of a stage, or None for the last one.

        Returns:
            What `stop` gives; of the last stage, clip vectors (B, 32 width).

        Raises:
            ValueError: for another shape, or a name that is no stage.
        """
        for name in (start, stop):
            if name is not None and name not in self.stages:
                raise ValueError(
                    f"ResNet38 has no stage {name}; its stages: "
                    + ", ".join(self.stage_names)
                )
        first = 0 if start is None else self.stage_names.index(start) + 1
        last = len(self.stages) if stop is None else self.stage_names.index(stop) + 1
        if first == 0 and (x.ndim != 3 or x.shape[1] < LEAST_FRAMES):
            raise ValueError(
                f"ResNet38 reads (clips, frames, {MEL_BINS}) of at least "
                f"{LEAST_FRAMES} frames, not {tuple(x.shape)}"
            )
        for name in self.stage_names[first:last]:
            x = self.stages[name](x)
            if name == "norm" and spec_augment is not None:
                x = spec_augment(x)
        return x

    @property
    def layers(self) -> list[nn.Module]:
        """The blocks of convolutions, in order."""
        kinds = (ConvBlock, ResidualBlock)
        return [own for own in self.modules() if isinstance(own, kinds)]

    def load_upstream(
        self, source: str | PathLike[str] | StateDict, trust_pickle: bool = False
    ) -> LoadReport:
        """Read the published `ResNet38_mAP=0.434.pth`.

        Its own front end and its tagging layers are skipped; it says so on
        stderr, and in the returned report.

        Args:
            source: the file, or its tensors.
            trust_pickle: see `checkpoint.read_state_dict`.

        Returns:
            What was loaded and what was skipped.

        Raises:
            InputError: if it cannot be read, or listing each missing, extra or
                misshapen key.
        """
        state = read_state_dict(source, trust_pickle)
        skipped = tuple(name for name in state if name.startswith(SKIPPED))
        rest = {name: tensor for name, tensor in state.items() if name not in skipped}
        report = load_exactly(self, rest, NAMES)
        report = LoadReport(report.loaded, skipped)
        say(f"ResNet38: {report}")
        return report
