"""How a score sounds: instruments, parts, the mix and its mastering; torch on one thread, 48 kHz."""
