"""One module for each place of the side bar: its views, and the words that they show."""
