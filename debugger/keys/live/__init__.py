"""Live mode and what it may cost: armed for a while, held under ceilings, settled by answers.

arming     a signed token for one tab, person, key and session
charges    what an answer says about credits
ledger     the rows that parallel runs compete for
spend      hold, settle, release; what the ceilings leave
lost       runs whose cost no answer has stated
ceilings   the page of ceilings, and changing them
balance    asking the API for the balance of a key
purse      the account strip, and what is shown before live is armed
forms tags urls views
"""
