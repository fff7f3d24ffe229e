"""The books on screen: a tab for each report, each with its file, from a figure down to its
document."""
