"""The network, its vocabulary, and how both reach the disk and come back."""
