"""Pre-train an audio encoder by tagging, where no published one is used.

The paper starts from encoders that were trained on AudioSet's tags. The embedded
corpus has clips with event tags for the same purpose; none of them is a clip of
the captioned splits.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score
from torch import nn

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import LogMelStore
from workflow_src.device import prepare
from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.panns import ResNet38
from workflow_src.training.loop import Training, fit, load_model, save

SEED = 0  # one pre-training serves every seed of the trainings that follow


def pretrain(config: Mapping, layout: Layout, task: str) -> None:
    """Pre-train the audio encoder of a task; writes `encoder.pt` and `history.csv`."""
    device = prepare(config)
    settings = config["pretraining"]
    torch.manual_seed(SEED)
    train = TaggedClips(
        open_log_mels(config, layout, task, "tagged"), layout.tags("tagged")
    )
    validation = TaggedClips(
        open_log_mels(config, layout, task, "val"), layout.tags("val"), train.kinds
    )
    tagger = TAGGERS[task](config, len(train.kinds)).to(device)
    optimizer = torch.optim.AdamW(
        tagger.parameters(),
        lr=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        fused=True,
    )
    steps = train.steps(settings["batch_size"])
    # Warm-up and decay in one: short trainings from scratch profit from it.
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings["learning_rate"], total_steps=steps * settings["epochs"]
    )

    def loss(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        log_mels, tags = (part.to(device) for part in batch)
        return nn.functional.binary_cross_entropy_with_logits(tagger(log_mels), tags)

    def validate() -> dict[str, float]:
        scores = [
            tagger(log_mels.to(device)).cpu()
            for log_mels, _ in validation.batches(settings["batch_size"])
        ]
        precision = validation.mean_average_precision(torch.cat(scores))
        return {"selection": precision, "mAP": precision}

    folder = layout.pretrained(task).parent
    fit(
        Training(
            model=tagger,
            optimizer=optimizer,
            scheduler=scheduler,
            batches=lambda epoch: train.batches(settings["batch_size"], epoch),
            steps=steps,
            loss=loss,
            validate=validate,
            settings=settings,
            seed=SEED,
            identity={"pretraining": settings}
            | {key: config[task][key] for key in ("hop", "model")},
        ),
        folder,
    )
    tagger.load_state_dict(load_model(folder / "model.pt")["model"])
    save({"model": tagger.encoder.state_dict()}, layout.pretrained(task))


class TaggedClips:
    """Log-mels of a split with the tags of each clip as a 0/1 vector."""

    def __init__(self, store: LogMelStore, tags: Path, kinds: list[str] | None = None):
        self.store = store
        table = pd.read_csv(tags).set_index("file_name")["tags"]
        heard = [set(table.loc[name].split("|")) for name in store.names]
        self.kinds = kinds if kinds is not None else sorted(set().union(*heard))
        self.targets = torch.tensor(
            [[float(kind in own) for kind in self.kinds] for own in heard]
        )

    def steps(self, batch_size: int) -> int:
        """Count the batches of an epoch; a last one of a single clip is left out."""
        full, rest = divmod(len(self.store), batch_size)
        # BatchNorm cannot train on one clip.
        return full + (rest > 1)

    def batches(
        self, batch_size: int, epoch: int | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (log-mels (B, L, 64), tags (B, kinds)), shuffled for an epoch."""
        if epoch is None:
            order = np.arange(len(self.store))
            count = -(-len(order) // batch_size)
        else:
            order = np.random.default_rng([SEED, epoch]).permutation(len(self.store))
            count = self.steps(batch_size)
        for step in range(count):
            rows = order[step * batch_size : (step + 1) * batch_size]
            log_mels = torch.from_numpy(self.store.read(rows)).float()
            yield log_mels, self.targets[rows]

    def mean_average_precision(self, scores: torch.Tensor) -> float:
        """Average precision of a kind, averaged over the kinds that occur."""
        occurs = self.targets.any(dim=0).numpy()
        return float(
            average_precision_score(
                self.targets.numpy()[:, occurs], scores.numpy()[:, occurs]
            )
        )


class ActTagger(nn.Module):
    """ACT's encoder with its own tagging layer, averaged over all tokens.

    The published encoder was trained at the class token alone. The decoder reads
    every token, and a small encoder with few clips learns more from all of them.
    """

    def __init__(self, config: Mapping, kinds: int):
        super().__init__()
        model = config["captioning"]["model"]
        if kinds > model["tag_classes"]:
            raise InputError(
                f"captioning.model.tag_classes is {model['tag_classes']}, but the "
                f"corpus has {kinds} tags"
            )
        # The decoder is not trained here: any vocabulary will do.
        act = ACT(ActConfig(2, **model))
        self.encoder = act.encoder
        self.kinds = kinds

    def forward(self, log_mels: torch.Tensor) -> torch.Tensor:
        """(B, L, 64) -> logits (B, kinds)."""
        return self.encoder(log_mels)[..., : self.kinds].mean(dim=1)


class ResNetTagger(nn.Module):
    """ResNet38 with a linear tagging layer on its clip vector."""

    def __init__(self, config: Mapping, kinds: int):
        super().__init__()
        model = config["retrieval"]["model"]
        self.encoder = ResNet38(
            width=model["audio_width"],
            blocks=tuple(model["audio_blocks"]),
            dropout=model["audio_dropout"],
        )
        self.head = nn.Linear(self.encoder.width_out, kinds)

    def forward(self, log_mels: torch.Tensor) -> torch.Tensor:
        """(B, L, 64) -> logits (B, kinds)."""
        return self.head(self.encoder(log_mels))


TAGGERS = {"captioning": ActTagger, "retrieval": ResNetTagger}
