"""How accurate the calibrated estimates are, beside other ways, on public projects."""
