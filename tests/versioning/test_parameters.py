from workflow_src.versioning.parameters import tracked

VALUES = {
    "scale": "demo",
    "corpus": "auto",
    "seeds": [20],
    "captioning": {
        "pretrained": "audioset_deit",
        "model": {"width": 768, "classes": 527},
        "decoding": {"beams": 3},
    },
    "augmentations": {"noise": {"probability": 0.5}},
    "scales": {
        "demo": {"captioning": {"pretrained": None, "model": {"width": 128}}},
        "paper": {},
    },
}


def test_a_key_that_the_scale_replaces_is_the_scales_own():
    assert tracked(VALUES, "demo", "train") == [
        "seeds",
        "captioning.model.classes",
        "captioning.decoding",
        "augmentations",
        "scales.demo.captioning",
    ]


def test_a_scale_that_replaces_nothing_leaves_whole_sections():
    keys = tracked(VALUES, "paper", "train")
    assert keys == ["seeds", "captioning", "augmentations"]


def test_the_first_stage_depends_on_the_scale():
    assert tracked(VALUES, "demo", "features") == ["scale", "corpus"]
