"""The one exception that means: the user's input is wrong, not the program."""

import re

# `user:password@` of an address.
SECRET = re.compile(r"(?<=://)[^/@\s'\"]+@")


class InputError(ValueError):
    """Bad input, in one sentence that names the file, the key or the clip.

    The command line prints the sentence and exits with status 2, without a
    traceback.
    """


def in_one_line(error: Exception) -> str:
    """What another library says of an error, without its line breaks."""
    return " ".join(str(error).split())


def without_secrets(text: str) -> str:
    """A text without the names and passwords in its addresses, such as a proxy's."""
    return SECRET.sub("***@", text)
