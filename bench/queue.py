"""Our queue with every promise on against other queues, and a long queue against an empty one."""

from __future__ import annotations

import sys
from pathlib import Path

# Run by its path, a benchmark has this folder first on Python's path, and whatever asks for Python's own `queue` gets
# this file. So whoever comes here takes the folder away again, and then asks anew.
HERE = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]

if __name__ == "queue":
    del sys.modules["queue"]
    __import__("queue")
elif __name__ == "__main__":
    from bench.queue_table import main

    main()
