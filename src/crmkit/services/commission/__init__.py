"""Commission: what people do with plans, refunds, runs and statements."""
