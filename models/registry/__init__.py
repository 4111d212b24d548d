"""Where trained models wait, are approved, and go live: a folder of immutable versions, a ledger of who did what, and a pointer."""
