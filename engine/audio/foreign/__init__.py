"""Files from strangers. Nothing here runs but in a process of its own, with limits (`engine.audio.foreign.child`)."""
