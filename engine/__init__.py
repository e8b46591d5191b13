"""Everything musical: what can be asked for (`spec`), who makes it (`studio`), its files (`audio`), where (`pool`)."""
