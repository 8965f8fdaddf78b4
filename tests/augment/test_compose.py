import torch

from workflow_src.augment import EDA, Compose, Noise, Reverb, SpecAugment
from workflow_src.augment.generators import torch_generator


class FrontEnd(torch.nn.Module):
    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        return waveforms.unflatten(1, (-1, 8))


def test_one_after_the_other_from_one_stream():
    parts = [Reverb(1.0), Noise(1.0), FrontEnd(), SpecAugment()]
    waveforms = 0.1 * torch.randn(3, 800, generator=torch_generator(0))
    before = waveforms.clone()
    out = Compose(parts)(waveforms, torch_generator(1))
    stream = torch_generator(1)
    expected = parts[2](parts[1](parts[0](waveforms, stream), stream))
    assert torch.equal(out, parts[3](expected, stream))
    assert torch.equal(waveforms, before)


def test_torchs_own_generator_and_text():
    augment = Compose([EDA(), EDA()])
    torch.manual_seed(3)
    first = augment(["a dog barks while rain falls"])
    torch.manual_seed(3)
    assert augment(["a dog barks while rain falls"]) == first


def test_callables_without_a_signature_get_the_value_alone():
    assert Compose([abs, str])(-3) == "3"
    assert Compose([])(7) == 7


def test_a_composition_is_a_transform_itself():
    nested = Compose([Compose([Noise(1.0)]), torch.neg])
    waveforms = torch.ones(1, 100)
    expected = -Noise(1.0)(waveforms, torch_generator(2))
    assert torch.equal(nested(waveforms, torch_generator(2)), expected)
