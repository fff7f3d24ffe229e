"""The portal's pages, one module for each thing a customer comes to do."""
