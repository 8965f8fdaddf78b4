"""Pre-train an audio encoder by tagging, where no published one is used.

The paper starts from encoders that were trained on AudioSet's tags. The embedded
corpus has clips with event tags for the same purpose; none of them is a clip of
the captioned splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.identity import read_identity
from workflow_src.device import in_words, prepare
from workflow_src.errors import InputError
from workflow_src.files import file_digest
from workflow_src.models.act_encoder import Encoder
from workflow_src.models.panns import ResNet38
from workflow_src.models.run_folder import MODEL, run_record
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.models.weights import load_weights, save_weights
from workflow_src.training.compute import Compute
from workflow_src.training.loop import Training, fit
from workflow_src.training.settings import PretrainingSettings, TrainingOptions

ENCODER = "encoder.pt"
SEED = 0  # one pre-training serves every seed of the trainings that follow


def pretrain(
    settings: PretrainingSettings,
    *,
    corpus: Path,
    log_mels: Path,
    tags: Path,
    val_log_mels: Path,
    val_tags: Path,
    run: Path,
    device: str = "auto",
    threads: int | None = None,
    options: TrainingOptions = TrainingOptions(),
) -> None:
    """Pre-train the audio encoder of a task by tagging.

    Args:
        settings: what the pre-training depends on.
        corpus: `corpus.yaml`.
        log_mels: store of the tagged clips.
        tags: of the tagged clips.
        val_log_mels: store of the validation split.
        val_tags: of the validation split.
        run: folder of the run; gets `encoder.pt`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        options: how it runs on its device, as JSON.
    """
    on = prepare(device, threads)
    compute = Compute.of(options, on)
    own = settings.optimization
    torch.manual_seed(SEED)
    read = (settings.front_end, settings.audio)
    train = TaggedClips(open_log_mels(log_mels, *read), tags)
    validation = TaggedClips(open_log_mels(val_log_mels, *read), val_tags, train.kinds)
    tagger = make_tagger(settings, len(train.kinds)).to(on)
    optimizer = torch.optim.AdamW(
        tagger.parameters(),
        lr=own.learning_rate,
        weight_decay=own.weight_decay,
        fused=True,
    )
    steps = train.steps(own.batch_size)
    # Warm-up and decay in one: short trainings from scratch profit from it.
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, own.learning_rate, total_steps=steps * own.epochs
    )

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = (part.to(on, non_blocking=True) for part in batch)
        with compute.autocast():
            logits = tagger(inputs)
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)

    def validate() -> dict[str, float]:
        scores = [
            tagger(inputs.to(on)).cpu()
            for inputs, _ in validation.batches(own.batch_size)
        ]
        precision = validation.mean_average_precision(torch.cat(scores))
        return {"selection": precision, "mAP": precision}

    inputs = {
        "log_mels": train.store.digest,
        "tags": file_digest(tags),
        "val_log_mels": validation.store.digest,
        "val_tags": file_digest(val_tags),
    }
    identity = read_identity(corpus)
    fit(
        Training(
            model=tagger,
            optimizer=optimizer,
            scheduler=scheduler,
            batches=lambda epoch, first: train.batches(own.batch_size, epoch, first),
            steps=steps,
            loss=loss,
            validate=validate,
            settings=own,
            seed=SEED,
            record=run_record(
                "pretraining",
                settings,
                inputs,
                identity,
                in_words(on),
                compute.environment,
            ),
            checkpoint_minutes=options.checkpoint_minutes,
        ),
        run,
    )
    tagger.load_state_dict(load_weights(run / MODEL)["model"])
    save_weights({"model": tagger.encoder.state_dict()}, run / ENCODER)


def make_tagger(settings: PretrainingSettings, kinds: int) -> ActTagger | ResNetTagger:
    """Make the encoder that settings describe, with an output a kind of sound.

    Args:
        settings: of the pre-training.
        kinds: of sound.

    Raises:
        InputError: the settings describe none.
    """
    if settings.act is not None:
        return ActTagger(settings.act, kinds)
    if settings.retriever is not None:
        return ResNetTagger(settings.retriever, kinds)
    raise InputError("pretraining: the settings have no sizes of an encoder")


class TaggedClips:
    """Log-mels of a split with the tags of each clip as a 0/1 vector.

    Args:
        store: the log-mels.
        tags: file with columns file_name and tags, with | between.
        kinds: of sound; None takes those that occur.

    Attributes:
        targets: (N, kinds) float32.
    """

    def __init__(
        self, store: LogMelStore, tags: Path, kinds: list[str] | None = None
    ) -> None:
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
        self, batch_size: int, epoch: int | None = None, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the clips.

        Args:
            batch_size: B.
            epoch: None takes all clips in order; a number shuffles them for that
                epoch, and leaves out a last batch of a single clip.
            first: step to begin at.

        Yields:
            Log-mels (B, L, 64) in dB and tags (B, kinds).
        """
        if epoch is None:
            order = np.arange(len(self.store))
            count = -(-len(order) // batch_size)
        else:
            order = np.random.default_rng([SEED, epoch]).permutation(len(self.store))
            count = self.steps(batch_size)
        for step in range(first, count):
            rows = order[step * batch_size : (step + 1) * batch_size]
            log_mels = torch.from_numpy(self.store.read(rows)).float()
            yield log_mels, self.targets[rows]

    def mean_average_precision(self, scores: Tensor) -> float:
        """Average the average precision of the kinds that occur.

        Args:
            scores: (N, kinds), on the CPU.
        """
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

    Args:
        sizes: of ACT.
        kinds: of sound.

    Raises:
        InputError: there are more kinds than the encoder has outputs.
    """

    def __init__(self, sizes: ActConfig, kinds: int) -> None:
        super().__init__()
        if kinds > sizes.tag_classes:
            raise InputError(
                f"captioning.model.tag_classes is {sizes.tag_classes}, but the corpus "
                f"has {kinds} tags"
            )
        self.encoder = Encoder(sizes)
        self.kinds = kinds

    def forward(self, log_mels: Tensor) -> Tensor:
        """(B, L, 64) -> logits (B, kinds)."""
        scores: Tensor = self.encoder(log_mels)
        return scores[..., : self.kinds].mean(dim=1)


class ResNetTagger(nn.Module):
    """ResNet38 with a linear tagging layer on its clip vector.

    Args:
        sizes: of the retriever.
        kinds: of sound.
    """

    def __init__(self, sizes: RetrieverConfig, kinds: int) -> None:
        super().__init__()
        self.encoder = ResNet38(
            width=sizes.audio_width,
            blocks=sizes.audio_blocks,
            dropout=sizes.audio_dropout,
        )
        self.head = nn.Linear(self.encoder.width_out, kinds)

    def forward(self, log_mels: Tensor) -> Tensor:
        """(B, L, 64) -> logits (B, kinds)."""
        logits: Tensor = self.head(self.encoder(log_mels))
        return logits
