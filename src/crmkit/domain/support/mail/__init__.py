"""Mail of support: what comes in is read, judged and led to its ticket; what goes out is safe."""
