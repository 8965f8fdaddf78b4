import pytest
import torch
from torch import nn

from workflow_src.augment import Compose, Noise, SpecAugment
from workflow_src.augment.generators import torch_generator
from workflow_src.errors import InputError
from workflow_src.tta import TTA, MidTTA, MultiTTA, Strategy, aggregate


class Linear(nn.Linear):
    """Notes on how many rows it ran."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.rows: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.rows.append(len(x))
        return super().forward(x)


class Blocks(nn.Module):
    """Front, encoder, pool and head."""

    def __init__(self, skip: bool = False, wrap=lambda x: x) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.front = Linear(12, 10)
        self.encoder = nn.Sequential(Linear(10, 9), nn.Tanh())
        self.pool = Linear(9, 8)
        self.head = Linear(8, 4)
        self.skip = skip
        self.wrap = wrap

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.front(x).tanh()
        y = self.encoder(x)
        y = self.pool(y).tanh()
        if self.skip:
            y = y + x[:, :8]
        return self.wrap(self.head(y).softmax(1))


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x + 0.3 * torch.randn(x.shape, generator=generator)


def inputs(rows: int = 1) -> torch.Tensor:
    return torch.randn(rows, 12, generator=torch_generator(5))


def explicit(layers, x, strategy, include_original=True, seed=1):
    """Eq. 2 by `aggregate`, and the stabilising of Section 4.3."""
    generator = torch_generator(seed)
    views = [augment(x, generator) for _ in range(strategy.tau)]
    output = aggregate(layers, views, strategy)
    if not include_original:
        return output
    for layer in layers:
        x = layer(x)
    return (x + output) / 2


def layers_of(model: Blocks) -> list:
    return [
        lambda x: model.encoder(model.front(x).tanh()),
        lambda y: model.pool(y).tanh(),
        lambda y: model.head(y).softmax(1),
    ]


@pytest.mark.parametrize("include_original", [True, False])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("batch_size", [None, 1, 4, 7, 1000])
def test_equation_2_for_a_chain_of_any_batching(batch_size, rows, include_original):
    layers, x = layers_of(Blocks()), inputs(rows)
    before = x.clone()
    model = MultiTTA(
        layers,
        augment,
        (2, 3, 2),
        include_original,
        batch_size=batch_size,
        generator=torch_generator(1),
    )
    expected = explicit(layers, x, model.strategy, include_original)
    torch.testing.assert_close(model(x), expected)
    assert torch.equal(x, before)
    assert not expected.requires_grad or not model(x).requires_grad


@pytest.mark.parametrize("batch_size", [None, 1, 5, 1000])
def test_a_module_split_at_a_submodule_equals_its_chain(batch_size):
    model, x = Blocks(), inputs(2)
    options = {"batch_size": batch_size}
    first, second, third = layers_of(model)
    for split_at, layers, sizes in (
        ("encoder", [first, lambda y: third(second(y))], (2, 3)),
        ("pool", [lambda y: model.pool(first(y)), lambda y: third(y.tanh())], (3, 2)),
        (["encoder", "head"], None, (2, 3, 1)),
        ("encoder.1", [first, lambda y: third(second(y))], (2, 2)),
    ):
        tta = MultiTTA(
            model,
            augment,
            sizes,
            split_at=split_at,
            generator=torch_generator(1),
            **options,
        )
        if layers is None:
            layers = [first, lambda y: model.head(second(y)), lambda y: y.softmax(1)]
        torch.testing.assert_close(tta(x), explicit(layers, x, tta.strategy))


def test_no_part_runs_in_vain_and_memory_is_bounded():
    model = Blocks()
    tta = MultiTTA(model, augment, (2, 3), split_at="encoder", batch_size=4)
    tta(inputs())
    # The original and six views up to the encoder; then the original and 3 means.
    assert model.encoder[0].rows == [4, 3]
    assert model.pool.rows == model.head.rows == [4]
    assert model.encoder.forward.__func__ is nn.Sequential.forward
    assert not model.encoder._forward_hooks


def test_what_goes_around_the_submodule_is_the_original():
    model, x = Blocks(skip=True), inputs()
    tta = MidTTA(
        model, augment, 4, False, split_at="encoder", generator=torch_generator(1)
    )
    generator = torch_generator(1)
    encode = layers_of(model)[0]
    mean = sum(encode(augment(x, generator)) for _ in range(4)) / 4
    y = model.pool(mean).tanh() + model.front(x).tanh()[:, :8]
    torch.testing.assert_close(tta(x), model.head(y).softmax(1))


@pytest.mark.parametrize("kind", ["tuple", "dict", "ModelOutput"])
def test_outputs_with_one_tensor_in_them(kind):
    from transformers.modeling_outputs import BaseModelOutput

    def pack(x):
        return {
            "tuple": (x, None),
            "dict": {"hidden": x, "other": "kept"},
            "ModelOutput": BaseModelOutput(last_hidden_state=x),
        }[kind]

    class Encoder(nn.Module):
        def forward(self, x):
            return pack(x.tanh())

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder()

        def forward(self, x):
            packed = self.encoder(x)
            if kind == "dict":
                assert packed["other"] == "kept"
                return {"out": packed["hidden"] ** 2}
            return (packed[0] ** 2,)

    tta = MultiTTA(
        Model(), augment, (2, 3), split_at="encoder", generator=torch_generator(1)
    )
    expected = explicit([torch.tanh, torch.square], inputs(), tta.strategy)
    torch.testing.assert_close(tta(inputs()), expected)


def test_special_cases():
    layers, x = layers_of(Blocks()), inputs()
    for tta, strategy in (
        (TTA(layers, augment, 5, generator=torch_generator(1)), ((1, 1, 5))),
        (MidTTA(layers, augment, 5, generator=torch_generator(1)), ((5, 1, 1))),
        (MidTTA(layers, augment, 5, at=2, generator=torch_generator(1)), ((1, 5, 1))),
    ):
        assert tta.strategy == Strategy.uniform(strategy)
        torch.testing.assert_close(tta(x), explicit(layers, x, tta.strategy))
    whole = TTA(Blocks(), augment, 5, generator=torch_generator(1))
    torch.testing.assert_close(
        whole(x), TTA(layers, augment, 5, generator=torch_generator(1))(x)
    )
    assert MultiTTA(layers, augment, (5, 20, 1)).strategy.tau == 100


def test_any_strategy_and_any_value():
    strategy = Strategy([[[2, 0], [1]], [[0, 1]]])
    numbers = iter([1.0, 2.0, 3.0])
    tta = MultiTTA(
        [lambda x: x * x, lambda x: 10.0 * x],
        lambda value, generator: next(numbers),
        strategy,
    )
    assert tta(4.0) == (160 + 0.5 * (10 * (9 + 1) / 2 + 10 * 4)) / 2


def test_the_generator_alone_decides():
    layers = nn.Sequential(nn.Linear(800, 8), nn.Linear(8, 3))
    augmentation = Compose([Noise(), lambda x: x.unflatten(1, (25, 32)), SpecAugment()])
    flat = Compose([augmentation, lambda x: x.flatten(1)])
    x = torch.randn(1, 800, generator=torch_generator(0))

    def output(seed):
        return MultiTTA(layers, flat, (2, 2), generator=torch_generator(seed))(x)

    assert torch.equal(output(1), output(1))
    assert not torch.equal(output(1), output(2))
    tta = MultiTTA(layers, flat, (2, 2))
    torch.manual_seed(3)
    first = tta(x)
    assert not torch.equal(tta(x), first)
    torch.manual_seed(3)
    assert torch.equal(tta(x), first)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(12, 12)
        self.unused = nn.Linear(1, 1)

    def forward(self, x):
        return self.encoder(self.encoder(x))


class Two(Twice):
    def forward(self, x):
        return self.encoder(x), x


def test_what_is_asked_of_a_module():
    with pytest.raises(InputError, match="runs 2 times in one pass of Twice"):
        MultiTTA(Twice(), augment, (2, 2), split_at="encoder")(inputs())
    with pytest.raises(InputError, match="unused does not run in a pass of Twice"):
        MultiTTA(Twice(), augment, (2, 2), split_at="unused")(inputs())
    with pytest.raises(InputError, match="Two gives tuple with 2 tensors"):
        MultiTTA(Two(), augment, (2, 2), split_at="encoder")(inputs())
    with pytest.raises(InputError, match="head does not run"):
        MultiTTA(Blocks(), augment, (2, 2, 2), split_at=["head", "encoder"])(inputs())
    with pytest.raises(InputError, match="no submodule 'middle'; it begins with front"):
        MultiTTA(Blocks(), augment, split_at="middle")
    model = Blocks()
    with pytest.raises(RuntimeError):
        MultiTTA(model, augment, split_at="encoder")(torch.zeros(1, 11))
    assert not model.encoder._forward_hooks
    assert "forward" not in vars(model.encoder)


def test_errors():
    with pytest.raises(InputError, match="the strategy has 2 layers, the model 1"):
        MultiTTA(Blocks(), augment)
    with pytest.raises(InputError, match=r"layers must be one nn\.Module"):
        MultiTTA([abs, abs], augment, split_at="encoder")
    with pytest.raises(InputError, match="batch_size is at least 1, not 0"):
        MultiTTA([abs, abs], augment, batch_size=0)
    with pytest.raises(InputError, match=r"tensor \(B, ...\): int"):
        MultiTTA([abs, abs], augment, batch_size=2)(3)
    with pytest.raises(InputError, match="a single number"):
        MultiTTA([abs, abs], augment, batch_size=2)(torch.tensor(3.0))
    with pytest.raises(InputError, match=r"8 rows gave \(\)"):
        MultiTTA([torch.sum, abs], augment, (2, 2), batch_size=8)(torch.ones(2, 3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same():
    def views(x, generator):
        return x + 0.3 * torch.randn(x.shape, generator=generator).to(x.device)

    found = [
        MultiTTA(
            Blocks().to(device),
            views,
            (2, 3),
            split_at="encoder",
            batch_size=4,
            generator=torch_generator(1),
        )(inputs().to(device))
        for device in ("cpu", "cuda")
    ]
    torch.testing.assert_close(found[0], found[1].cpu(), atol=1e-4, rtol=1e-4)
