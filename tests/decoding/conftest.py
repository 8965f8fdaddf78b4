import sys
from pathlib import Path

# pytest imports each test file on its own; `stand_in_decoder` is shared by three.
sys.path.insert(0, str(Path(__file__).parent))
