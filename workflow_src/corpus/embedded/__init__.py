"""The embedded corpus: synthesised scenes with captions, from a seed.

In the order in which the data flows: `settings` (how much), `synth` and
`sounds` (how each kind of sound is made), `pairs` and `scenes` (what is heard
in a clip), `words`, `inflection` and `grammar` (its captions), `plan`
(all clips by name), `rendering` (scene to waveform), `writing` (files).
"""
