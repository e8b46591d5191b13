"""Tests of the whole house.

They start hundreds of processes. Where Python is told to keep no bytecode, each of them would compile anew what it
imports, and each worker of the tests all tests: that costs more than many of the tests.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
