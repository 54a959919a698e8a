"""People's accounts: what we add to django-allauth, which has the flows.

adapters   what allauth asks this site: who may sign up, where to go next, what to remember
forms      its forms, where ours differ
factors    authenticator apps and recovery codes
sessions   when and from where each browser was last seen
browsers   what a User-Agent header says, in the words of a person
audit      what happens to accounts, written into the audit log
activity   those events, for the person whose account it is
views urls tags
"""
