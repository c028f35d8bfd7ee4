-- What a build reads of the history is what was stamped since the last one.  Runs once, as
-- earnings_owner.  Entries are appended in nearly the order of their stamps: a brin index is
-- small and enough.

create index transitions_stamped_at_idx on earnings.transitions using brin (stamped_at);
