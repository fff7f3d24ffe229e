"""Documents as customers get them: invoice, pro forma, credit note, receipt and statement.

A *paper* is a document's values in the reader's language, gathered from rows that do not
change; `typesetting` makes a page of any paper with one template. Values reach the template as
JSON and are only ever text there: a name cannot become a command.
"""
