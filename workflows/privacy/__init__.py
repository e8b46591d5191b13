"""What the house knows about people: theirs to have, and to have forgotten; and how long anything is kept."""
