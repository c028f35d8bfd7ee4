-- What kind of row an entry of the history is about stands in the ledger, and is gone with the row:
-- its deletion keeps it, so that a final statement stays as it was (R19).  Runs once, as
-- earnings_owner.

alter table earnings.transitions add column transaction_type text;
comment on column earnings.transitions.transaction_type is
'What kind of row it was; only deletions say it, as long as a row is there the ledger does.';
