"""The copy follows Engage: lists of changes are read, what changed is noted, and noted contacts are fetched.

Two ways bring news, and neither is trusted alone: Engage's webhooks are quick and may be lost, its lists of changes
(`contacts/changes`) come late and miss nothing. Both only name contacts; what is kept comes from one GET per contact,
with calls that nobody else wants.
"""
