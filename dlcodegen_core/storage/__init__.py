"""How bytes reach the disk: atomic files and the database."""
