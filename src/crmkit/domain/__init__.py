"""Plain frozen objects and pure functions: the words and rules of the trade, without I/O."""
