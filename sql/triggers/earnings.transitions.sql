-- Triggers on the engine's own earnings.transitions: it is append-only (R19).

create or replace trigger earnings_100_refuse_change
before update or delete on earnings.transitions
for each row
execute function earnings.tg_transitions__refuse_change();

create or replace trigger earnings_100_refuse_truncate
before truncate on earnings.transitions
for each statement
execute function earnings.tg_transitions__refuse_change();
