"""What is owed: pro formas, invoices with their lines and taxes, and standings.

Words: a *pro forma* asks for a prepaid period before it begins, is no tax document and posts
nothing; an *invoice* is the tax document, issued when a pro forma is paid or a postpaid
period has passed; *standing* is how far behind an account is (good, grace, cut_off); an
*offer* is money to be settled against what is open.
Invariants: an issued invoice never changes but for what is settled on it, and is never
overpaid; a subscription's period is billed once; numbers have no gaps.
"""
