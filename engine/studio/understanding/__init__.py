"""How a caption is read: its text, its words, and what each of them changes of a genre."""
