"""Work that takes longer than a page may: each task runs in a process of its own and tells how far it is."""
