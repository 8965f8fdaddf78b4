"""torchaudio beside a torch with or without CUDA."""

import subprocess
import sys

import pytest

from workflow_src.environment import (
    fit_torchaudio,
    install_snakemake_command,
    needs_cuda,
)


def test_libraries_are_set_aside_and_put_back(tmp_path):
    for name in ("_torchaudio.abi3.so", "libtorchaudio.abi3.so", "__init__.py"):
        (tmp_path / name).touch()
    assert len(fit_torchaudio(tmp_path, torch_has_cuda=False)) == 2
    assert not list(tmp_path.glob("*.so"))
    assert fit_torchaudio(tmp_path, torch_has_cuda=False) == []
    assert len(fit_torchaudio(tmp_path, torch_has_cuda=True)) == 2
    assert len(list(tmp_path.glob("*.so"))) == 2
    assert fit_torchaudio(tmp_path, torch_has_cuda=True) == []


def test_transformers_and_torchaudio_work_in_this_environment():
    # In a process of its own, as a user's script would.
    script = (
        "import torch, torchaudio, transformers\n"
        "from transformers import BartModel, ClapModel, pipeline\n"
        "mel = torchaudio.transforms.MelSpectrogram(32000, n_mels=32)\n"
        "print(tuple(mel(torch.zeros(2, 32000)).shape))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(2, 32, 161)"


def test_the_snakemake_script_runs_snakemake(tmp_path):
    script = install_snakemake_command(tmp_path, sys.executable)
    done = subprocess.run(
        [script, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split(".")[0].isdigit()


@pytest.mark.parametrize(
    ("requirements", "needed"),
    [
        (["sympy>=1.13"], False),
        (["sympy", "nvidia-cudnn-cu13==9.20; sys_platform != 'nowhere'"], True),
        (["nvidia-cudnn-cu13==9.20; sys_platform == 'nowhere'"], False),
        (["cuda-toolkit[cublas]==13.0.3"], True),
        (["nvidia-cudnn-cu13; extra == 'gpu'"], False),
    ],
)
def test_a_torch_for_cuda_is_told_by_its_requirements(requirements, needed):
    assert needs_cuda(requirements) is needed
