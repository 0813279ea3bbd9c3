"""What the centre gave this warehouse to know, kept on the disk: see `library`."""
