"""Commission: what people are owed for the deals they won, and how each figure came to be."""
