"""Commands of what customers need not pay of taxes."""
