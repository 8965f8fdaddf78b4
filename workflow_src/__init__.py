"""PairMix and Multi-TTA for audio-language learning, stage by stage."""
