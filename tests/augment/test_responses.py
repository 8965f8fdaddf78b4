import numpy as np
import pytest
import soundfile
import torch

from workflow_src.augment import Reverb
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.responses import measured_responses
from workflow_src.errors import InputError

RATE = 32_000


def room(rt60: float, rate: int, onset: int = 400) -> np.ndarray:
    """A response as it is measured: silence, the direct path, a decaying tail."""
    time = np.arange(rate // 2) / rate
    noise = np.random.default_rng(0).standard_normal(len(time))
    response = 0.05 * noise * 10 ** (-3 * time / rt60)
    response[0] = 1
    return 0.3 * np.concatenate([np.zeros(onset), response])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "halls").mkdir()
    soundfile.write(tmp_path / "booth.wav", room(0.1, RATE), RATE, "FLOAT")
    stereo = np.stack([room(0.3, 48_000), np.zeros(24_400)], 1)
    soundfile.write(tmp_path / "halls" / "hall.flac", stereo, 48_000)
    (tmp_path / "readme.txt").write_text("no sound")
    return tmp_path


def test_responses_begin_with_their_direct_path_and_end_60_db_below(folder):
    responses = measured_responses(str(folder), RATE)
    assert responses.shape[0] == 2
    assert (responses.abs().argmax(1) == 0).all()
    assert torch.allclose(responses.norm(dim=1), torch.ones(2))
    booth = responses[0][responses[0] != 0]
    expected = room(0.1, RATE)[400:][: len(booth)]
    assert np.allclose(booth, expected / np.linalg.norm(expected), atol=1e-6)
    # An RT60 of 0.1 s, its direct path above the tail: done before 0.1 s.
    assert 0.04 * RATE < len(booth) < 0.1 * RATE
    # At 48,000 Hz as at 32,000: the energy of the tail against the direct path.
    tail = responses[1, 20:].square().sum() / responses[1].square().sum()
    same = room(0.3, 48_000)[400:]
    assert tail == pytest.approx(np.sum(same[30:] ** 2) / np.sum(same**2), rel=0.15)


def test_clips_are_heard_in_one_of_the_rooms(folder):
    reverb = Reverb(1.0, responses=str(folder))
    click = torch.zeros(40, 12_000)
    click[:, 100] = 1
    out = reverb(click, torch_generator(0))
    assert torch.equal(out, reverb(click, torch_generator(0)))
    assert (out.abs().argmax(1) == 100).all()
    assert torch.allclose(out.norm(dim=1), torch.ones(40), rtol=1e-4)
    booth, hall = (
        torch.nn.functional.pad(response, (100, 12_000))[:12_000]
        for response in measured_responses(str(folder), RATE)
    )
    rooms = [
        next(i for i, r in enumerate((booth, hall)) if torch.allclose(o, r, atol=1e-2))
        for o in out
    ]
    assert 10 < sum(rooms) < 30
    assert reverb.scaled(0.5).responses == reverb.responses
    assert reverb.scaled(0.5).probability == 0.5


def test_what_is_no_folder_of_responses(tmp_path, folder):
    for bad, sentence in (
        (tmp_path / "none", "responses is no folder: .*none"),
        (tmp_path / "empty", "no sound file in .*empty"),
        (tmp_path / "text", r"text/broken.wav: "),
        (tmp_path / "silence", "silence/a.wav is silent"),
    ):
        if bad.name != "none":
            bad.mkdir()
        if bad.name == "text":
            (bad / "broken.wav").write_text("not a sound")
        if bad.name == "silence":
            soundfile.write(bad / "a.wav", np.zeros(100), RATE)
        with pytest.raises(InputError, match=sentence):
            Reverb(1.0, responses=str(bad))(torch.ones(1, 100))
