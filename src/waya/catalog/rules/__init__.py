"""Pure rules of the catalog: the tax packs."""
