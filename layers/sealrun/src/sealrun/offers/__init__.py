"""What is for sale: the offer, its terms, its inputs, its source and its evidence policy."""
