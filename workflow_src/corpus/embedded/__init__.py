"""The embedded corpus: synthesised scenes with captions, from a seed.

In the order in which the data flows: `settings` (how much), `synth` and
`sounds` (how each kind of sound is made), `pairs` and `scenes` (what is heard
in a clip), `words`, `inflection` and `grammar` (what is said about it), `plan`
(all clips by name), `rendering` (scene to waveform), `writing` (files).
"""

from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.writing import write_audio, write_captions

__all__ = ["KINDS", "EmbeddedSettings", "write_audio", "write_captions"]
