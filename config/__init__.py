"""How the house is set up: the settings of this process, and the data files an operator edits."""
