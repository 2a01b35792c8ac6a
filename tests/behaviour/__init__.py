"""What the library promises, asked of the genuine CREST code and of the fake tenant in the same words."""
