"""The polling engine: claim what is due, look, write what changed, say when to look again."""
