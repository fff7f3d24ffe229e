"""Ways of many rows: arriving by COPY, remembered for seconds, their sums kept beside them."""
