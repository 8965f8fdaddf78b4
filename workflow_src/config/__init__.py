"""config.yaml: its keys as types, how it is read, and the settings made from it.

`schema` has the keys and `sections` those of each section, `reading` reads and checks
the files, `steps` makes the settings of every step. Below these, nothing reads the
config.
"""

from workflow_src.config.reading import load
from workflow_src.config.schema import Config

__all__ = ["Config", "load"]
