"""Pure rules of billing: taxes, proration, renewals, settlement and dunning."""
