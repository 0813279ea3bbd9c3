"""A keeper's day as data: what is done at one work place, what its page answers, and what the centre's book must then say."""
