"""Who this box is: its key, its certificate, how it got them and how it renews them."""
