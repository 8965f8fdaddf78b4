"""Captions as Penn Treebank tokens, as coco-caption prepares them.

The tokeniser is Stanford CoreNLP's (3.4.1, in `pycocoevalcap`). Here it reads
its standard input, so that nothing is written into site-packages, and takes
all captions of an evaluation at once, so that one evaluation starts it once.
"""

import subprocess

from workflow_src.metrics import java

# Tokens that coco-caption drops after tokenising.
DROPPED_TOKENS = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-"]
    + [".", "?", "!", ",", ":", "-", "--", "...", ";"]
)


# What the captioning baseline drops from its words.
_DROPPED_SIGNS = str.maketrans("", "", ',.!?;:"')


def plain_words(caption: str) -> list[str]:
    """Lower-case words split at white space, without `,.!?;:"`: no Java needed.

    These are the words of a captioner's vocabulary.
    """
    return caption.lower().translate(_DROPPED_SIGNS).split()


def one_line(caption: str) -> str:
    """The caption with a space for each line end inside it.

    The tokeniser answers line by line, and takes more characters than the line
    feed for a line end (carriage return, form feed, U+2028, ...).
    """
    return " ".join(caption.splitlines())


def ptb_tokenize(captions: list[str], timeout: float = 600.0) -> list[str]:
    """Lower-case tokens of each caption, joined by spaces, without punctuation.

    A caption of nothing but punctuation or white space gives an empty string.
    Raises `java.JavaError` if the tokeniser fails or runs over `timeout` seconds.
    """
    if not captions:
        return []
    jar = java.resource("tokenizer", "stanford-corenlp-3.4.1.jar")
    program = "edu.stanford.nlp.process.PTBTokenizer"
    options = ["-preserveLines", "-lowerCase", "-encoding", "UTF-8"]
    text = "".join(one_line(caption) + "\n" for caption in captions)
    try:
        done = subprocess.run(
            java.command("256m", "-cp", str(jar), program, *options),
            input=text.encode(),
            capture_output=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise java.JavaError(
            f"the tokeniser did not finish {len(captions)} captions in {timeout:g} s"
        ) from None
    lines = done.stdout.decode().split("\n")[:-1]
    if done.returncode != 0 or len(lines) != len(captions):
        raise java.JavaError(
            f"the tokeniser gave {len(lines)} lines for {len(captions)} captions and "
            f"status {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
        )
    return [
        " ".join(
            token for token in line.rstrip().split(" ") if token not in DROPPED_TOKENS
        )
        for line in lines
    ]
