"""Make `import torchaudio` work beside a CPU-only torch.

The torchaudio wheel of the package index is built for CUDA. Beside a CPU-only
torch its compiled part cannot be loaded, and torchaudio and all that imports it
(much of transformers) stop with an OSError. torchaudio runs without its
compiled part, as pure Python on torch, when that part is absent: so here it is
set aside where torch has no CUDA, and put back where torch has.

Likewise the script `snakemake` of this environment becomes ours
(workflow_src/snakemake_command.py). It is no script of the distribution: whoever
installs the package for its augmentations alone keeps their own `snakemake`.

`make env` runs this after each installation: python -m workflow_src.environment.
With `--torch-needs-cuda` it only says, by its exit status, whether the installed torch
is one that needs the packages of requirements-cuda.txt: `make env` asks before it
fetches gigabytes.
"""

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SET_ASIDE = ".set-aside"


def fit_torchaudio(libraries: Path, torch_has_cuda: bool) -> list[str]:
    """Set torchaudio's compiled libraries aside, or put them back.

    Args:
        libraries: the folder `lib` of the torchaudio package.
        torch_has_cuda: whether the torch beside it was built with CUDA.

    Returns:
        The names of the files that were renamed; empty if nothing was to do.
    """
    renamed = []
    if torch_has_cuda:
        for path in sorted(libraries.glob(f"*.so{SET_ASIDE}")):
            path.rename(path.with_name(path.name.removesuffix(SET_ASIDE)))
            renamed.append(path.name)
    else:
        for path in sorted(libraries.glob("*.so")):
            path.rename(path.with_name(path.name + SET_ASIDE))
            renamed.append(path.name)
    return renamed


def needs_cuda(requirements: Iterable[str]) -> bool:
    """Whether a package needs NVIDIA's packages on this system.

    Args:
        requirements: its requirements, as its metadata states them.
    """
    from packaging.requirements import Requirement

    return any(
        requirement.name.startswith(("cuda-", "nvidia-"))
        and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
        for requirement in map(Requirement, requirements)
    )


SNAKEMAKE = """#!{python}
# Written by `python -m workflow_src.environment`.
from workflow_src.snakemake_command import main

main()
"""


def install_snakemake_command(scripts: Path, python: str) -> Path:
    """Put our `snakemake` in the place of Snakemake's own script.

    Args:
        scripts: folder of the environment's scripts.
        python: that runs it.

    Returns:
        The script.
    """
    script = scripts / "snakemake"
    script.write_text(SNAKEMAKE.format(python=python), encoding="utf-8")
    script.chmod(0o755)
    return script


def main() -> None:
    """Fit torchaudio to the torch of this environment and prove it by importing."""
    if "--torch-needs-cuda" in sys.argv[1:]:
        needed = needs_cuda(importlib.metadata.requires("torch") or [])
        sys.exit(0 if needed else 1)
    import torch

    package = importlib.util.find_spec("torchaudio")
    if package is None or package.origin is None:
        sys.exit("torchaudio is not installed: run `make env`")
    renamed = fit_torchaudio(
        Path(package.origin).parent / "lib", torch.version.cuda is not None
    )
    for name in renamed:
        print(f"torchaudio: renamed {name} (torch {torch.__version__})")
    # In a process of its own: a failed import cannot be tried again in this one.
    subprocess.run([sys.executable, "-c", "import torchaudio"], check=True)
    install_snakemake_command(Path(sys.executable).parent, sys.executable)


if __name__ == "__main__":
    main()
