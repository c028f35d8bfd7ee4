-- Triggers on the app's service_sessions.

create or replace trigger earnings_900_move_holds_insert
after insert on public.service_sessions
referencing new table as written_sessions
for each statement
execute function earnings.tg_service_sessions__move_holds();

create or replace trigger earnings_900_move_holds_update
after update on public.service_sessions
referencing old table as previous_sessions new table as written_sessions
for each statement
execute function earnings.tg_service_sessions__move_holds();

create or replace trigger earnings_900_move_holds_delete
after delete on public.service_sessions
referencing old table as written_sessions
for each statement
execute function earnings.tg_service_sessions__move_holds();
