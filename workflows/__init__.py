"""The use cases: submit, work, deliver, retry, credits, limits, and the clock that drives them."""
