-- What is final is known where the transactions run.  Each heartbeat says it too, so that a logical
-- replica knows it without them: the beat arrives after all that was final before it.  Runs once, as
-- earnings_owner.

alter table earnings.heartbeats add column final_until timestamptz;
create index heartbeats_final_until_idx on earnings.heartbeats (final_until);
comment on table earnings.heartbeats is
'One row per beat: the clock, read before the transaction id was taken, and up to which moment the
history was final then (R19).';
