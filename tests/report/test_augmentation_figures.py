import torch

from workflow_src.audio.frontend import ActLogMel
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.recipes import Strengths
from workflow_src.report.augmentation_figures import Pair, draw_augmentations

NAMES = {
    "none",
    "second",
    "noise",
    "reverb",
    "specaugment",
    "pairmix_waveform",
    "pairmix_spectrogram",
    "pairmix_concat",
    "eda",
}


def test_a_picture_and_a_caption_for_each_augmentation(tmp_path):
    noise = 0.1 * torch.randn(2, 32_000, generator=torch_generator(0))
    fade = torch.linspace(0, 1, 32_000)
    first = Pair(noise[0] * fade, "a man speaks as an engine runs")
    second = Pair(noise[1] * fade.flip(0), "a dog barks")
    pages = []
    for run in ("one", "two"):
        page = tmp_path / run / "docs" / "augmentations.md"
        pictures = tmp_path / run / "docs" / "pictures"
        draw_augmentations(first, second, Strengths(), ActLogMel(), page, pictures)
        pages.append(page)
    text = pages[0].read_text(encoding="utf-8")
    assert text == pages[1].read_text(encoding="utf-8")
    assert f"> {first.caption} {second.caption}" in text
    drawn = {file.stem: file for file in (pages[0].parent / "pictures").iterdir()}
    assert drawn.keys() == NAMES
    for name, file in drawn.items():
        assert f"(pictures/{name}.png)" in text
        assert file.read_bytes().startswith(b"\x89PNG")
        again = pages[1].parent / "pictures" / f"{name}.png"
        assert again.read_bytes() == file.read_bytes()
    contents = {file.read_bytes() for file in drawn.values()}
    assert len(contents) == len(NAMES) - 1  # EDA leaves the audio
