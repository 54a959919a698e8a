"""The addresses of this room, by what is looked at."""
