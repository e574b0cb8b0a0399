"""Recordings to embeddings on this machine, as researchers know it from the edgel3 package."""
