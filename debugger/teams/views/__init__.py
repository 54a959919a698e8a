"""The pages of teams: mine, members, settings, invitations."""
